import * as tf from '@tensorflow/tfjs-core';
import { ACTIVATIONS, batchNorm, convolution, type MapLayer, sequence } from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import { BOTTLENECK, EPSILON, GROWTH, MOMENTUM } from './spec.js';

/** Batch norm and ReLU. */
export function normed(parameters: Parameters, name: string, channels: number): MapLayer {
  return sequence([batchNorm(parameters, name, { channels, epsilon: EPSILON, momentum: MOMENTUM }), ACTIVATIONS.relu]);
}

/** Batch norm, ReLU, and a convolution behind them. */
export function preNormed(
  parameters: Parameters,
  names: readonly [norm: string, convolution: string],
  { kernel, inChannels, outChannels }: { kernel: number; inChannels: number; outChannels: number },
): MapLayer {
  const window = { kernel, stride: 1, padding: 'symmetric', bias: false } as const;
  return sequence([
    normed(parameters, names[0], inChannels),
    convolution(parameters, names[1], { ...window, inChannels, outChannels }),
  ]);
}

/**
 * The map, and behind its channels those that a bottleneck makes of all of them.
 *
 * @source Huang et al. 2017, arXiv:1608.06993, section 3
 */
export function denseLayer(parameters: Parameters, path: string, inChannels: number): MapLayer {
  const part = (index: number, kernel: number, from: number, to: number): MapLayer =>
    preNormed(parameters, [`${path}.norm${index}`, `${path}.conv${index}`], {
      kernel,
      inChannels: from,
      outChannels: to,
    });
  const width = BOTTLENECK * GROWTH;
  const body = sequence([part(1, 1, inChannels, width), part(2, 3, width, GROWTH)]);
  return (input, pass) => tf.tidy(() => tf.concat([input, body(input, pass)], 3));
}
