import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../engine/checked.js';
import { splitInto } from '../../engine/split.js';
import { countKernel, partsOf, REACH, UNIT } from './mask.js';

/**
 * Masks of places, each by the network that it predicted: three 1x1 convolutions on the prototypes and on the coordinates relative
 * to the place, in units of eight cells of its level. The first layers of all places are one product.
 *
 * @param prototypes [N, h, w, P]
 * @param kernels    [N, T, countKernel(P)]
 * @param places     [N, T, 3] x, y, pixels per cell
 * @param stride     input pixels between prototypes
 * @returns          [N, T, h * w] logits
 * @source Tian et al. 2020, arXiv:2003.05664, section 3; Lyu et al. 2022, arXiv:2212.07784, section 3.4
 */
export function dynamicMasks(
  prototypes: tf.Tensor4D,
  kernels: tf.Tensor3D,
  places: tf.Tensor3D,
  stride: number,
): tf.Tensor3D {
  const [batch, height, width, P] = prototypes.shape;
  const count = kernels.shape[1];
  const parts = partsOf(P);
  const part = (name: keyof typeof parts, rows: number, columns: number): tf.Tensor4D =>
    tf.reshape(tf.slice(kernels, [0, 0, parts[name][0]], [batch, count, parts[name][1]]), [
      batch,
      count,
      rows,
      columns,
    ]);
  const first = part('first', P + 2, P);
  const onPrototypes = tf.slice(first, [0, 0, 0, 0], [batch, count, P, P]);
  const onCoordinates = tf.slice(first, [0, 0, P, 0], [batch, count, 2, P]);
  const [x, y, cell] = splitInto(places, 3, 2); // [N, T, 1]
  // (place - grid) / (8 cells) is linear in the grid: its part of the place belongs to the bias
  const unit = tf.expandDims(tf.div(UNIT / REACH, cell), 3);
  const weights = tf.concat([onPrototypes, tf.neg(tf.mul(onCoordinates, unit))], 2);
  const offset = tf.expandDims(tf.div(tf.concat([x, y], 2), tf.mul(cell, REACH)), 3);
  const bias = tf.add(part('firstBias', 1, P), tf.sum(tf.mul(onCoordinates, offset), 2, true));
  const all = tf.reshape(tf.transpose(weights, [0, 2, 1, 3]), [batch, P + 2, count * P]);
  const pixels = height * width;
  const grid = tf.tile(tf.expandDims(gridOf(height, width, stride), 0), [batch, 1, 1]);
  const input = tf.concat([tf.reshape(prototypes, [batch, pixels, P]), grid], 2);
  const product = tf.reshape(tf.matMul(input, all), [batch, pixels, count, P]);
  const hidden = tf.relu(tf.add(tf.transpose(product, [0, 2, 1, 3]), bias));
  const second = tf.relu(tf.add(tf.matMul(hidden, part('second', P, P)), part('secondBias', 1, P)));
  const third = tf.add(tf.matMul(second, part('third', P, 1)), part('thirdBias', 1, 1));
  return tf.reshape(third, [batch, count, pixels]);
}

/**
 * The mask networks of all places, each with its place in its first bias, so that who reads them needs no places: networks of the
 * place `ORIGIN`.
 *
 * @param kernels [N, A, countKernel(P)]
 * @param points  [A, 3] x, y, pixels per cell
 * @param P       prototypes
 */
export function placelessKernels(kernels: tf.Tensor3D, points: Float32Array, P: number): tf.Tensor3D {
  const [batch, count] = kernels.shape;
  const column = (value: (x: number, y: number, cell: number) => number): tf.Tensor3D =>
    tf.tensor3d(
      Float32Array.from({ length: count }, (_, i) =>
        value(valueAt(points, i * 3), valueAt(points, i * 3 + 1), valueAt(points, i * 3 + 2)),
      ),
      [1, count, 1],
    );
  const parts = partsOf(P);
  const cut = (from: number, length: number): tf.Tensor3D => tf.slice(kernels, [0, 0, from], [batch, count, length]);
  const [onX, onY] = [cut(P * P, P), cut(P * P + P, P)];
  const [firstBias] = parts.firstBias;
  const unit = column((_, __, cell) => UNIT / (REACH * cell));
  const moved = tf.add(
    tf.mul(
      onX,
      column((x, _, cell) => x / (REACH * cell)),
    ),
    tf.mul(
      onY,
      column((_, y, cell) => y / (REACH * cell)),
    ),
  );
  return tf.concat(
    [
      cut(0, P * P),
      tf.mul(onX, unit),
      tf.mul(onY, unit),
      cut(parts.second[0], firstBias - parts.second[0]),
      tf.add(cut(firstBias, P), moved),
      cut(firstBias + P, countKernel(P) - firstBias - P),
    ],
    2,
  );
}

/** [h * w, 2] x and y of the prototypes' middles. */
function gridOf(height: number, width: number, stride: number): tf.Tensor2D {
  const values = new Float32Array(height * width * 2);
  for (let at = 0; at < height * width; at++) {
    values[at * 2] = (((at % width) + 0.5) * stride) / UNIT;
    values[at * 2 + 1] = ((Math.floor(at / width) + 0.5) * stride) / UNIT;
  }
  return tf.tensor2d(values, [height * width, 2]);
}
