import * as tf from '@tensorflow/tfjs';
import type * as z from 'zod';
import { type FeatureMaps, type FeatureSpec, type Level, levelsOf, mapSize } from '../../backbones/features.js';
import { constant, zeros } from '../../backbones/initialisers.js';
import { createParameters } from '../../backbones/parameters.js';
import { readSettings } from '../../backbones/settings.js';
import type { Detections } from '../../datasets/sample.js';
import { ShapeError } from '../../engine/errors.js';
import { commonChannels } from '../boxes/commonChannels.js';
import type { HeadSetting } from '../definition.js';
import type { Head } from '../head.js';
import { type AnchorConfig, anchorsPerCell, createAnchors } from './anchors.js';
import { retinaAnswer } from './answer.js';
import { type RetinaConfig, retinaConfig } from './config.js';
import { decodeRetina } from './decode.js';
import type { RetinaEncoderConfig, RetinaTargets } from './encoder.js';
import { type RetinaRaw, retinaLoss } from './loss.js';
import { createSubnet } from './subnet.js';

/** Every class starts at probability 0.01, so that the many background anchors do not drown the first steps. */
const PRIOR = 0.01;

/** The config's settings, and what the data decide; settings left out have the config's defaults. */
export type RetinaOptions = HeadSetting & Omit<z.input<typeof retinaConfig>, 'kind'>;

/**
 * RetinaNet's head as EfficientDet has it: a class and a box network over all levels of a pyramid; parameters named as
 * in effdet (`class_net.conv_rep.0.conv_dw.weight`, `box_net.predict.conv_pw.bias`).
 *
 * @param features `neck.features`: maps of equal width
 * @throws ShapeError when the levels differ in width
 * @source Lin et al. 2017, arXiv:1708.02002; Tan et al. 2020, arXiv:1911.09070
 */
export function createRetinaHead<In extends Level>(
  { classes, inputSize, ...settings }: RetinaOptions,
  features: FeatureSpec<In>,
): Head<In, RetinaRaw, RetinaTargets, Detections> {
  const options = readSettings(retinaConfig, { ...settings, kind: 'retina' }, 'retina head');
  const levels = levelsOf(features);
  const anchors = createAnchors(encoderConfigOf(options, features, inputSize));
  const owner = createParameters(options.seed ?? 1);
  const shared = {
    levels: levels.length,
    channels: commonChannels(features, 'detection'),
    repeats: options.repeats,
    activation: options.activation,
    anchorsPerCell: anchorsPerCell(options.anchors),
    frozen: options.frozen,
  };
  const classNet = createSubnet(owner, 'class_net', {
    ...shared,
    outputs: classes,
    initialiseBias: constant(Math.log(PRIOR / (1 - PRIOR))),
  });
  const boxNet = createSubnet(owner, 'box_net', { ...shared, outputs: 4, initialiseBias: zeros });
  return {
    inputs: features,
    parameters: owner.parameters,
    dispose: owner.dispose,
    forward: (maps, pass) =>
      tf.tidy(() => {
        checkMaps(maps, features, inputSize);
        const list = levels.map((level) => maps[level]);
        return { logits: classNet(list, pass), offsets: boxNet(list, pass) };
      }),
    exported: {
      outputs: (raw) => retinaAnswer(raw, anchors),
      reading: { kind: 'boxes', ...options.decode },
    },
    loss: (raw, targets) => retinaLoss(raw, targets, options.loss),
    decode: async (raw, placements) => {
      const [logits, offsets] = (await Promise.all([raw.logits.data(), raw.offsets.data()])) as Float32Array[];
      const images = placements.length;
      return placements.map((placement, i) =>
        decodeRetina(
          { logits: rowOf(logits!, i, images), offsets: rowOf(offsets!, i, images) },
          anchors,
          placement,
          options.decode,
        ),
      );
    },
  };
}

/** What the head's encoder is made from: plain data. */
export function encoderConfigOf<L extends Level>(
  { anchors }: Pick<RetinaConfig, 'anchors'>,
  features: FeatureSpec<L>,
  inputSize: HeadSetting['inputSize'],
): RetinaEncoderConfig {
  const grids = levelsOf(features).map((level) => mapSize(features[level], ...inputSize));
  return { ...anchors, inputSize, grids };
}

function rowOf(values: Float32Array, row: number, rows: number): Float32Array {
  const size = values.length / rows;
  return values.subarray(row * size, (row + 1) * size);
}

function checkMaps<L extends Level>(
  maps: FeatureMaps<L>,
  features: FeatureSpec<L>,
  inputSize: AnchorConfig['inputSize'],
): void {
  for (const level of levelsOf(features)) {
    const wanted = [...mapSize(features[level], ...inputSize), features[level].channels];
    const found = maps[level].shape.slice(1);
    if (wanted.every((size, i) => size === found[i])) continue;
    throw new ShapeError(
      `${level} is [${found}], the detection head expects [${wanted}] for an input of ${inputSize.join(' x ')} pixels: build it with the inputSize of the images`,
    );
  }
}
