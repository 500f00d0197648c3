import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { splitInto } from '../split.js';
import { avgPool } from './avgPool.js';
import { cropAndResize } from './cropAndResize.js';
import type { Size } from './padding.js';
import { detached } from './tape.js';

export interface RoiAlignOptions {
  /** Rows and columns of the result. */
  readonly size: Size;
  /** Cells of the map per pixel of the boxes: 1 / stride. */
  readonly scale: number;
  /** Samples along each axis of an output cell. */
  readonly samples: number;
  /** Half-pixel centres (torchvision's `aligned=True`); false repeats the first release's half-pixel shift. */
  readonly aligned?: boolean;
}

/**
 * Averages bilinear samples of each box on a regular grid. A sample up to one cell outside the map reads its edge, one
 * farther out reads 0. Boxes are constants to gradients.
 *
 * @param x     [N, H, W, C] float32
 * @param boxes [R, 4] float32: x1 y1 x2 y2, pixels
 * @param items [R] int32: which of the N maps
 * @returns     [R, height, width, C] float32
 * @throws ShapeError when boxes and items do not belong together, or the samples are not a whole number above 0
 * @source He et al. 2017, arXiv:1703.06870, section 3
 */
export function roiAlign(
  x: tf.Tensor4D,
  boxes: tf.Tensor2D,
  items: tf.Tensor1D,
  options: RoiAlignOptions,
): tf.Tensor4D {
  const { size, samples } = options;
  if (!Number.isInteger(samples) || samples < 1) {
    throw new ShapeError(`roiAlign got ${samples} samples: choose a whole number from 1, independent of the box`);
  }
  const grid: Size = [size[0] * samples, size[1] * samples];
  const [, height, width] = x.shape;
  const wide = repeatEdge(repeatEdge(x, 1), 2);
  const normalised = detached(() => sampleBoxes(boxes, [height + 2, width + 2], grid, options));
  const read = cropAndResize(wide, normalised, items, grid);
  return samples === 1 ? read : avgPool(read, [samples, samples], [samples, samples], 'valid');
}

/** Boxes in the unit of cropAndResize whose grid points are the sample points, on a map with one more cell on each side. */
function sampleBoxes(boxes: tf.Tensor2D, mapSize: Size, grid: Size, options: RoiAlignOptions): tf.Tensor2D {
  const { scale, aligned = true } = options;
  const shift = aligned ? -0.5 : 0;
  const [x1, y1, x2, y2] = splitInto(boxes, 4, 1);
  const edges = ([from, to]: readonly [tf.Tensor, tf.Tensor], axis: 0 | 1): [tf.Tensor, tf.Tensor] => {
    const start = tf.add(tf.mul(from, scale), shift);
    const length = tf.sub(tf.add(tf.mul(to, scale), shift), start);
    const step = tf.div(aligned ? length : tf.maximum(length, 1), grid[axis]);
    const first = tf.add(start, tf.mul(step, 0.5));
    const last = tf.add(first, tf.mul(step, grid[axis] - 1));
    const unit = (position: tf.Tensor): tf.Tensor => tf.div(tf.add(position, 1), mapSize[axis] - 1);
    return [unit(first), unit(last)];
  };
  const [top, bottom] = edges([y1, y2], 0);
  const [left, right] = edges([x1, x2], 1);
  return tf.concat([top, left, bottom, right], 1) as tf.Tensor2D;
}

/** One more pixel on both sides, equal to the edge's. */
function repeatEdge(x: tf.Tensor4D, axis: 1 | 2): tf.Tensor4D {
  const length = x.shape[axis];
  const pixel = (at: number): tf.Tensor4D => {
    const begin = [0, 0, 0, 0].with(axis, at) as [number, number, number, number];
    return tf.slice(x, begin, x.shape.with(axis, 1));
  };
  return tf.concat([pixel(0), x, pixel(length - 1)], axis);
}
