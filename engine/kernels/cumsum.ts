import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { defineKernel, type Kernel } from './kernel.js';

type Direction = { axis: number; exclusive: boolean; reverse: boolean };

const kernel: Kernel<{ x: tf.Tensor }, Direction, tf.Tensor> = defineKernel({
  name: 'EspalierCumsum',
  portable: ({ x }: { x: tf.Tensor }, { axis, exclusive, reverse }: Direction) =>
    tf.cumsum(x, axis, exclusive, reverse),
  differentiation: {
    savedInputs: [],
    gradient: ([dy], _, __, direction) => ({
      x: kernel({ x: dy }, { ...direction, reverse: !direction.reverse }),
    }),
  },
});

/**
 * Running sum along an axis.
 *
 * @param x float32 of any shape
 * @param options exclusive: each value leaves itself out; reverse: from the end
 * @throws ShapeError when x has no such axis
 */
export function cumsum<T extends tf.Tensor>(
  x: T,
  axis: number,
  options: { readonly exclusive?: boolean; readonly reverse?: boolean } = {},
): T {
  if (!Number.isInteger(axis) || axis < 0 || axis >= x.rank) {
    throw new ShapeError(`cumsum along axis ${axis} of a tensor [${x.shape}]: name an axis from 0 to ${x.rank - 1}`);
  }
  return kernel({ x }, { axis, exclusive: options.exclusive ?? false, reverse: options.reverse ?? false });
}
