import * as tf from '@tensorflow/tfjs-core';
import { resizeBilinear } from '../../../engine/kernels/index.js';
import {
  convNorm,
  convolution,
  layerNorm,
  type MapLayer,
  residual,
  sequence,
  transformerBlock,
} from '../../layers/index.js';
import type { Parameters } from '../../parameters.js';
import type { BlockPlace } from '../../places.js';
import { EXPANSION, EPSILON as epsilon, HEADS, MLP_EXPANSION, PATCH } from './spec.js';

const activation = 'swish';

/** @source Sandler et al. 2018, arXiv:1801.04381, section 3.3 */
export function invertedResidual(parameters: Parameters, path: string, place: BlockPlace): MapLayer {
  const { stride, dilation, inChannels, outChannels, dropPath } = place;
  const hidden = inChannels * EXPANSION;
  const window = { kernel: 3, stride, dilation, depthwise: true };
  const body = sequence([
    convNorm(parameters, `${path}.conv1_1x1`, { kernel: 1, inChannels, outChannels: hidden, epsilon, activation }),
    convNorm(parameters, `${path}.conv2_kxk`, {
      ...window,
      inChannels: hidden,
      outChannels: hidden,
      epsilon,
      activation,
    }),
    convNorm(parameters, `${path}.conv3_1x1`, { kernel: 1, inChannels: hidden, outChannels, epsilon }),
  ]);
  return stride === 1 && inChannels === outChannels ? residual(body, { path, dropPath }) : body;
}

/**
 * A convolution, then attention over the whole map, then the input again: local and global at once. The map is cut into
 * patches of 2x2 cells; cells at the same place of all patches attend to each other.
 *
 * @param attention width of the tokens, and number of transformer blocks
 * @source Mehta & Rastegari 2022, arXiv:2110.02178, section 3.1; maps of odd size are resized meanwhile, as there
 */
export function mobileVitBlock(
  parameters: Parameters,
  path: string,
  { dilation, inChannels: channels, dropPath }: BlockPlace,
  [width, blocks]: readonly [width: number, blocks: number],
): MapLayer {
  const shared = { epsilon, activation, outChannels: channels } as const;
  const local = sequence([
    convNorm(parameters, `${path}.conv_kxk`, { ...shared, kernel: 3, dilation, inChannels: channels }),
    convolution(parameters, `${path}.conv_1x1`, {
      kernel: 1,
      stride: 1,
      padding: 'same',
      bias: false,
      inChannels: channels,
      outChannels: width,
    }),
  ]);
  const transformer = sequence([
    ...Array.from({ length: blocks }, (_, i) =>
      transformerBlock(parameters, `${path}.transformer.${i}`, {
        channels: width,
        heads: HEADS,
        hidden: width * MLP_EXPANSION,
        activation,
        epsilon,
        dropPath,
      }),
    ),
    layerNorm(parameters, `${path}.norm`, { channels: width, epsilon }),
  ]);
  const back = convNorm(parameters, `${path}.conv_proj`, { ...shared, kernel: 1, inChannels: width });
  const fuse = convNorm(parameters, `${path}.conv_fusion`, { ...shared, kernel: 3, inChannels: 2 * channels });
  return (input, pass) =>
    tf.tidy(() => {
      const map = local(input, pass);
      const seen = byPatches(map, (tokens) => transformer(tokens, pass));
      return fuse(tf.concat([input, back(seen, pass)], 3), pass);
    });
}

/** Runs `layer` on the tokens [N * 4, 1, T, C] of a map [N, H, W, C] and puts them back. */
function byPatches(map: tf.Tensor4D, layer: (tokens: tf.Tensor4D) => tf.Tensor4D): tf.Tensor4D {
  const [N, height, width, C] = map.shape;
  const [rows, columns] = [Math.ceil(height / PATCH), Math.ceil(width / PATCH)];
  const isWhole = rows * PATCH === height && columns * PATCH === width;
  const even = isWhole ? map : resizeBilinear(map, rows * PATCH, columns * PATCH);
  // Places within the patch before the patches: two 5-D steps, one for each axis.
  const tall = tf.transpose(tf.reshape(even, [N, rows, PATCH, columns * PATCH * C]), [0, 2, 1, 3]);
  const wide = tf.transpose(tf.reshape(tall, [N * PATCH, rows, columns, PATCH, C]), [0, 3, 1, 2, 4]);
  const tokens = layer(tf.reshape(wide, [N * PATCH * PATCH, 1, rows * columns, C]));
  const cells = tf.transpose(tf.reshape(tokens, [N * PATCH, PATCH, rows, columns, C]), [0, 2, 3, 1, 4]);
  const folded = tf.transpose(tf.reshape(cells, [N, PATCH, rows, columns * PATCH * C]), [0, 2, 1, 3]);
  const whole = tf.reshape<tf.Rank.R4>(folded, [N, rows * PATCH, columns * PATCH, C]);
  return isWhole ? whole : resizeBilinear(whole, height, width);
}
