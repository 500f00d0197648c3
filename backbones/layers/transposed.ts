import * as tf from '@tensorflow/tfjs-core';
import { reciprocalUniform } from '../initialisers.js';
import type { Layer } from '../module.js';
import type { Parameters } from '../parameters.js';

export interface TransposedOptions {
  /** Height and width of the window, cells: even. */
  readonly kernel: number;
  /** Output cells per input cell, a factor of which the window has as many more cells as are cut off at the border. */
  readonly stride: number;
  readonly inChannels: number;
  readonly outChannels: number;
}

/**
 * Transposed convolution, the gradient of a strided one: [N, H, W, inChannels] -> [N, stride * H, stride * W, outChannels];
 * half of what the window exceeds the stride by is cut off on every side. Parameters `name.weight`, stored
 * [in, out, kh, kw] as in PyTorch, and `name.bias`.
 *
 * @source Zeiler et al. 2010, "Deconvolutional networks"
 */
export function transposedConvolution(
  parameters: Parameters,
  name: string,
  { kernel, stride, inChannels, outChannels }: TransposedOptions,
): Layer<tf.Tensor4D> {
  const weight = parameters.create(`${name}.weight`, {
    shape: [kernel, kernel, outChannels, inChannels],
    layout: 'convolution',
    role: 'weight',
    initialise: reciprocalUniform,
  }) as tf.Variable<tf.Rank.R4>;
  const bias = parameters.create(`${name}.bias`, {
    shape: [outChannels],
    layout: 'plain',
    role: 'bias',
    initialise: ({ count, random }) => {
      const limit = 1 / Math.sqrt(kernel * kernel * outChannels); // PyTorch's fan of the kernel
      return Float32Array.from({ length: count }, () => random.uniform(-limit, limit));
    },
  });
  return (input) => {
    const [N, height, width] = input.shape;
    const size: [number, number, number, number] = [N, stride * height, stride * width, outChannels];
    return tf.add(tf.conv2dTranspose(input, weight, size, stride, 'same'), bias);
  };
}
