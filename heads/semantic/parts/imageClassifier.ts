import * as tf from '@tensorflow/tfjs';
import { glorotUniform } from '../../../backbones/initialisers.js';
import { dense, dropout as dropoutLayer, globalMean } from '../../../backbones/layers/index.js';
import type { Pass } from '../../../backbones/module.js';
import type { Parameters } from '../../../backbones/parameters.js';

export interface ImageClassifierOptions {
  readonly inChannels: number;
  /** Width of the logits. */
  readonly classes: number;
  /** Pooling of the whole map: its mean or its largest value. */
  readonly pooling: 'avg' | 'max';
  /** Share of the pooled features dropped while training. */
  readonly dropout: number;
}

/** One answer per image from one map: [N, H, W, inChannels] -> [N, classes]. Parameters `path.3.weight`, `path.3.bias`. */
export function imageClassifier(
  parameters: Parameters,
  path: string,
  { inChannels, classes, pooling, dropout }: ImageClassifierOptions,
): (map: tf.Tensor4D, pass: Pass) => tf.Tensor2D {
  const drop = dropoutLayer<tf.Tensor2D>(path, dropout);
  const classify = dense(parameters, `${path}.3`, {
    inChannels,
    outChannels: classes,
    initialise: glorotUniform,
  });
  const pool = pooling === 'avg' ? globalMean : (map: tf.Tensor4D) => tf.max<tf.Tensor2D>(map, [1, 2]);
  return (map, pass) => classify(drop(pool(map), pass), pass);
}
