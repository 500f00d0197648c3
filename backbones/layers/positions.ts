import * as tf from '@tensorflow/tfjs-core';
import { resample } from '../../engine/kernels/index.js';
import type { Parameters } from '../parameters.js';
import { transformerInitialiser } from './attention.js';

export interface PositionOptions {
  /** Side of the square the embeddings were made for, cells. */
  readonly side: number;
  readonly channels: number;
}

/**
 * Learned embeddings of one class token and of the cells of a square. For other grids those of the cells are resized:
 * bicubic, smoothed where they become fewer.
 *
 * @param name of the parameter [1, 1 + side * side, C]
 * @returns    for a grid of height x width: of the token [1, 1, 1, C], of the cells [1, height, width, C]
 * @source Dosovitskiy et al. 2021, arXiv:2010.11929, sections 3.1 and 3.2
 */
export function positionEmbedding(
  parameters: Parameters,
  name: string,
  { side, channels }: PositionOptions,
): (height: number, width: number) => readonly [token: tf.Tensor4D, cells: tf.Tensor4D] {
  const table = parameters.create(name, {
    shape: [1, 1 + side * side, channels],
    layout: 'plain',
    role: 'bias',
    initialise: transformerInitialiser,
  }) as tf.Variable<tf.Rank.R3>;
  return (height, width) => {
    const token = tf.reshape<tf.Rank.R4>(tf.slice3d(table, [0, 0, 0], [1, 1, channels]), [1, 1, 1, channels]);
    const cells = tf.reshape<tf.Rank.R4>(tf.slice3d(table, [0, 1, 0], [1, side * side, channels]), [
      1,
      side,
      side,
      channels,
    ]);
    const fits = height === side && width === side;
    return [token, fits ? cells : (resample(cells, [height, width], smoothCubicWeights) as tf.Tensor4D)];
  };
}

/**
 * Weights [to, from] of a bicubic resize along one axis whose taps lie apart as far as the outputs do: PyTorch's with
 * `antialias`.
 *
 * @source Keys 1981, "Cubic convolution interpolation for digital image processing", a = -1/2; taps outside left out
 */
export function smoothCubicWeights(from: number, to: number): Float32Array {
  const step = from / to;
  const spread = Math.max(1, step);
  const weights = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    const centre = (i + 0.5) * step;
    const first = Math.max(0, Math.floor(centre - 2 * spread + 0.5));
    const end = Math.min(from, Math.floor(centre + 2 * spread + 0.5));
    const row = Array.from({ length: end - first }, (_, k) => cubic(Math.abs(first + k + 0.5 - centre) / spread));
    const total = row.reduce((sum, weight) => sum + weight, 0);
    row.forEach((weight, k) => {
      weights[i * from + first + k] = weight / total;
    });
  }
  return weights;
}

function cubic(distance: number): number {
  if (distance >= 2) return 0;
  if (distance >= 1) return ((-0.5 * distance + 2.5) * distance - 4) * distance + 2;
  return (1.5 * distance - 2.5) * distance ** 2 + 1;
}
