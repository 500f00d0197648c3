import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { pickSlices } from './scatter.js';
import { detached } from './tape.js';

/**
 * Picks values or slices at the indices' last axis; a value picked twice gets both gradients.
 *
 * @param x       [s0, s1, ..., rest] float32
 * @param indices [..., depth] int32, each inside the first `depth` axes of x
 * @returns       [..., rest] float32
 * @throws ShapeError when depth exceeds the rank of x
 */
export function gatherND(x: tf.Tensor, indices: tf.Tensor): tf.Tensor {
  const depth = indices.shape[indices.rank - 1] ?? 0;
  if (indices.rank === 0 || depth < 1 || depth > x.rank) {
    throw new ShapeError(
      `gatherND got indices [${indices.shape}] for a tensor [${x.shape}]: their last axis must have 1 to ${x.rank} entries`,
    );
  }
  return pickSlices({ x, indices }, {});
}

/**
 * Picks rows of each item of a batch: the differentiable form of gather with one batch dimension.
 *
 * @param x       [N, R, D] float32
 * @param indices [N, M] int32 in 0..R - 1
 * @returns       [N, M, D] float32
 * @throws ShapeError when the batch sizes differ
 */
export function gatherRows(x: tf.Tensor3D, indices: tf.Tensor2D): tf.Tensor3D {
  const [batch, rows, width] = x.shape;
  if (indices.shape[0] !== batch) {
    throw new ShapeError(
      `gatherRows got rows of ${batch} items and indices for ${indices.shape[0]}: give one list per item`,
    );
  }
  const flat = detached(() => {
    const starts = Int32Array.from({ length: batch }, (_, item) => item * rows);
    return tf.reshape(tf.add(indices, tf.tensor2d(starts, [batch, 1], 'int32')), [-1]);
  });
  const picked = tf.gather(tf.reshape(x, [batch * rows, width]), tf.cast(flat, 'int32'));
  return tf.reshape(picked, [batch, indices.shape[1], width]);
}

/**
 * The k largest values of each row, largest first; differentiable through the values.
 *
 * @param x [N, L] float32
 * @param k 1..L
 * @returns values [N, k] float32 and indices [N, k] int32, a constant to gradients
 */
export function topK(x: tf.Tensor2D, k: number): { readonly values: tf.Tensor2D; readonly indices: tf.Tensor2D } {
  const [batch, length] = x.shape;
  if (!Number.isInteger(k) || k < 1 || k > length) {
    throw new ShapeError(`topK got k = ${k} for rows of ${length}: choose 1 to ${length}`);
  }
  const indices = detached(() => tf.topk(x, k).indices);
  const values = tf.reshape(gatherRows(tf.reshape(x, [batch, length, 1]), indices), [batch, k]);
  return { values: values as tf.Tensor2D, indices };
}

/**
 * Sorts rows, largest first, of equals the one that came first; differentiable through the values. With `gatherRows`, the
 * indices bring other tensors into the same order.
 *
 * @param x [N, L] float32
 * @returns values [N, L] float32 and indices [N, L] int32, a constant to gradients
 */
export function sortRows(x: tf.Tensor2D): { readonly values: tf.Tensor2D; readonly indices: tf.Tensor2D } {
  return topK(x, x.shape[1]);
}
