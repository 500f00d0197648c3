import * as tf from '@tensorflow/tfjs-core';
import { splitInto } from '../../../engine/split.js';
import { type ConvNormOptions, convNorm, joined, type MapLayer, sequence } from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import type { BlockPlace } from '../../places.js';
import { EPSILON } from './spec.js';

/**
 * Half of the channels pass, the others go through a depthwise convolution between two 1x1 ones; at a stride both
 * halves see the whole map. Then the halves are shuffled.
 *
 * @param path of its parameters, e.g. 'stage2.0'
 * @source Ma et al. 2018, arXiv:1807.11164, figure 3c and 3d
 */
export function unit(parameters: Parameters, path: string, place: BlockPlace): MapLayer {
  const { stride, inChannels, outChannels } = place;
  const half = outChannels / 2;
  const part = (branch: number, at: number, options: Omit<ConvNormOptions, 'names' | 'epsilon'>): MapLayer =>
    convNorm(parameters, `${path}.branch${branch}`, { ...options, names: [`${at}`, `${at + 1}`], epsilon: EPSILON });
  const activation = 'relu';
  const wide = (channels: number) => ({
    kernel: 3,
    stride,
    depthwise: true,
    inChannels: channels,
    outChannels: channels,
  });
  const body = (from: number): MapLayer =>
    sequence([
      part(2, 0, { kernel: 1, inChannels: from, outChannels: half, activation }),
      part(2, 3, wide(half)),
      part(2, 5, { kernel: 1, inChannels: half, outChannels: half, activation }),
    ]);
  if (stride > 1) {
    const past = sequence([
      part(1, 0, wide(inChannels)),
      part(1, 2, { kernel: 1, inChannels, outChannels: half, activation }),
    ]);
    return sequence([joined([past, body(inChannels)]), shuffle]);
  }
  const process = body(half);
  return (input, pass) =>
    tf.tidy(() => {
      const [left, right] = splitInto(input, 2, 3);
      return shuffle(tf.concat([left, process(right, pass)], 3));
    });
}

/** [N, H, W, C]: channels of the first and of the second half by turns. */
function shuffle(map: tf.Tensor4D): tf.Tensor4D {
  const [n, height, width, channels] = map.shape;
  const halves = tf.reshape(map, [n * height * width, 2, channels / 2]);
  return tf.reshape(tf.transpose(halves, [0, 2, 1]), [n, height, width, channels]);
}
