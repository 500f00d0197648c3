import type { Tensor4D } from '@tensorflow/tfjs';
import type { FeatureMaps } from '../../../../backbones/features.js';
import {
  createBackbone,
  type Module,
  type SegmentationEncoder,
  segmentationEncoder,
} from '../../../../backbones/index.js';
import type { Parameter, Pass } from '../../../../backbones/module.js';
import { createSemanticDecoderHead, type SemanticDecoderOptions } from '../../../../heads/semantic/decoderHead.js';
import type { DecoderRaw } from '../../../../heads/semantic/decoderLoss.js';
import { segmentationModelsNames } from '../../../../pretrained/naming/segmentationModels.js';
import { loadStateDict } from '../../../../pretrained/stateDict.js';
import type { HostTensor } from '../../../../weights/hostTensor.js';
import { type FormulaKind, formulaValues } from '../../../backbones/formula.js';

export interface ReferenceOptions {
  readonly encoder: SegmentationEncoder;
  readonly outputStride?: 8 | 16 | 32;
  readonly depth?: number;
  readonly head: SemanticDecoderOptions;
}

/** Encoder and head of one network of the reference, with the parameters of both. */
export interface ReferenceModel extends Module {
  readonly run: (images: Tensor4D, pass: Pass) => DecoderRaw;
}

const LEVELS = ['P1', 'P2', 'P3', 'P4', 'P5'] as const;

export function referenceModel({ encoder, outputStride = 32, depth = 5, head }: ReferenceOptions): ReferenceModel {
  const levels = LEVELS.slice(0, depth);
  const backbone = createBackbone({ arch: segmentationEncoder(encoder), levels, outputStride });
  const own = createSemanticDecoderHead(head, backbone.features);
  const parameters = new Map<string, Parameter>([
    ...[...backbone.parameters].map(([name, parameter]) => [`backbone.${name}`, parameter] as const),
    ...own.parameters,
  ]);
  return {
    parameters,
    run: (images, pass) => own.forward(backbone.forward(images, pass) as FeatureMaps, pass),
    dispose: () => {
      backbone.dispose();
      own.dispose();
    },
  };
}

/**
 * Fills a network from a state dict of the reference by formula, as a checkpoint of it would: nothing of the network may be
 * missing, and of the file only what the encoder never runs may be left over.
 *
 * @param lines name|d0,d1|kind
 * @returns     names of the file that the network has no parameter for
 */
export function loadFormulaCheckpoint(model: Module, lines: readonly string[], gain: number): readonly string[] {
  const rename = segmentationModelsNames(model.parameters.keys());
  const left: string[] = [];
  const tensors = new Map<string, HostTensor>();
  for (const line of lines) {
    const [name = '', shape = '', kind = 'b'] = line.split('|');
    const target = rename(name);
    if (target === null || !model.parameters.has(target)) {
      left.push(name);
      continue;
    }
    const sizes = shape.split(',').map(Number);
    tensors.set(target, { dtype: 'F32', shape: sizes, data: formulaValues(name, sizes, kind as FormulaKind, gain) });
  }
  loadStateDict(model, tensors, { partial: false });
  return left;
}
