import { basename } from 'node:path';
import type { Description } from '../deploy/description.js';
import { INPUT } from '../deploy/network.js';
import { findReleased, isWeightsName, weightsEntry } from '../pretrained/index.js';
import { fillOf } from '../training/predictor.js';
import type { Run } from './run.js';

export interface DescribeRunOptions {
  /** Images of a call. */
  readonly batch: number;
  readonly precision: Description['precision'];
  /** Axes that a caller may choose. Defaults to none. */
  readonly free?: NonNullable<Description['input']['free']>;
  /** Licence of the exported network, as its owner states it; null: not stated. */
  readonly licence: string | null;
  /** Name and version of this library. */
  readonly producer: string;
}

/** What a run's network is when it is exported, without anything of the machine it was trained on. */
export function describeRun(run: Run, answer: Description['answer'], options: DescribeRunOptions): Description {
  const { network, experiment, labels } = run;
  const { backbone, neck, head, weights } = experiment.model;
  const { mean, std, clip, depth, perImage = null, spacing } = network.model.preprocessing;
  const { batch, precision, licence, producer, free = [] } = options;
  return {
    format: 'espalier-network',
    version: 1,
    task: experiment.task,
    classes: labels.classes,
    input: {
      name: INPUT,
      batch,
      size: network.inputSize,
      ...(free.length > 0 ? { free } : {}),
      layout: 'NHWC',
      channels: depth === 'own' ? mean.length : 'RGB',
      ...(depth === 'own' ? { depth: { perImage } } : {}),
      fit: network.fit,
      ...(spacing && { spacing }),
      fill: fillOf(network.model.preprocessing, depth === 'own' ? 'float32' : 'uint8'),
    },
    normalization: { mean, std, ...(clip ? { clip } : {}) },
    answer,
    threshold: experiment.evaluate.drawThreshold,
    precision,
    provenance: {
      producer,
      backbone: backbone.arch,
      neck: neck.kind,
      head: head.kind,
      step: run.step,
      weights: weights === null ? null : nameOf(weights),
      weightsLicence: weights === null ? null : licenceOf(weights),
      licence,
    },
  };
}

/** A name, or that of a file without its folder. */
const nameOf = (weights: string): string =>
  isWeightsName(weights) || findReleased(weights) ? weights : basename(weights);

function licenceOf(weights: string): string | null {
  if (isWeightsName(weights)) return weightsEntry(weights).licence;
  return findReleased(weights)?.licence ?? null;
}
