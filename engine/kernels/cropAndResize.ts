import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { splitInto } from '../split.js';
import { defineKernel } from './kernel.js';
import type { Size } from './padding.js';

type CropInputs = { x: tf.Tensor4D; boxes: tf.Tensor2D; items: tf.Tensor1D };

/** Gradient of the map that bilinear crops were read from. */
export const cropAndResizeGrad = defineKernel<
  { dy: tf.Tensor; boxes: tf.Tensor; items: tf.Tensor },
  { inputShape: readonly number[] },
  tf.Tensor
>({
  name: 'EspalierCropAndResizeGrad',
  portable: ({ dy, boxes, items }, { inputShape }) => {
    const [batch = 0, height = 0, width = 0, channels = 0] = inputShape;
    const [, outHeight = 0, outWidth = 0] = dy.shape;
    const [top, left, bottom, right] = splitInto(boxes, 4, 1);
    const rows = corners(top, bottom, height, outHeight); // [R, outH]
    const columns = corners(left, right, width, outWidth); // [R, outW]
    const starts = tf.mul(tf.cast(items, 'int32'), tf.scalar(height, 'int32'));
    const flat = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [-1]);
    const parts = rows.flatMap((row) =>
      columns.map((column) => {
        const line = tf.expandDims(tf.add(tf.reshape(starts, [-1, 1]), row.index), 2); // [R, outH, 1]
        const pixel = tf.add(tf.mul(line, tf.scalar(width, 'int32')), tf.expandDims(column.index, 1));
        const weight = tf.mul(tf.expandDims(row.weight, 2), tf.expandDims(column.weight, 1));
        const updates = tf.mul(dy, tf.expandDims(weight, 3));
        const pixels = tf.cast(flat(pixel), 'int32') as tf.Tensor1D;
        return tf.unsortedSegmentSum(tf.reshape(updates, [-1, channels]), pixels, batch * height * width);
      }),
    );
    return tf.reshape(tf.addN(parts), [...inputShape]);
  },
});

const forward = defineKernel<CropInputs, { size: Size }, tf.Tensor>({
  name: 'EspalierCropAndResize',
  portable: ({ x, boxes, items }, { size }) => tf.image.cropAndResize(x, boxes, items, [...size], 'bilinear', 0),
  differentiation: {
    savedInputs: ['x', 'boxes', 'items'],
    gradient: ([dy], { x, boxes, items }) => ({
      x: () => cropAndResizeGrad({ dy, boxes, items }, { inputShape: x.shape }),
      boxes: () => tf.zeros(boxes.shape),
      items: () => tf.zeros(items.shape),
    }),
  },
});

/**
 * Reads each box of a map on a grid of its own, bilinearly; outside the map it reads 0. The first and the last sample lie
 * on the box's edges; a single one lies in its middle. Boxes are constants to gradients.
 *
 * @param x     [N, H, W, C] float32
 * @param boxes [R, 4] float32: top left bottom right; 0 and 1 are the centres of the first and the last pixel
 * @param items [R] int32: which of the N maps
 * @param size  rows and columns of samples
 * @returns     [R, height, width, C] float32
 * @throws ShapeError when boxes and items do not belong together
 */
export function cropAndResize(x: tf.Tensor4D, boxes: tf.Tensor2D, items: tf.Tensor1D, size: Size): tf.Tensor4D {
  if (boxes.shape[1] !== 4 || boxes.shape[0] !== items.shape[0]) {
    throw new ShapeError(`cropAndResize got boxes [${boxes.shape}] and items [${items.shape}]: give [R, 4] and [R]`);
  }
  return forward({ x, boxes, items }, { size });
}

/** The two pixels each sample reads along one axis and how much of each; nothing outside the map. */
function corners(
  start: tf.Tensor,
  end: tf.Tensor,
  size: number,
  samples: number,
): { readonly index: tf.Tensor; readonly weight: tf.Tensor }[] {
  const last = size - 1;
  const step = samples > 1 ? tf.div(tf.mul(tf.sub(end, start), last), samples - 1) : tf.zerosLike(start);
  const first = samples > 1 ? tf.mul(start, last) : tf.mul(tf.add(start, end), 0.5 * last);
  const position = tf.add(first, tf.mul(step, tf.reshape(tf.range(0, samples), [1, samples])));
  const inside = tf.cast(tf.logicalAnd(tf.greaterEqual(position, 0), tf.lessEqual(position, last)), 'float32');
  const low = tf.floor(position);
  const fraction = tf.sub(position, low);
  const pixel = (x: tf.Tensor): tf.Tensor => tf.cast(tf.clipByValue(x, 0, last), 'int32');
  return [
    { index: pixel(low), weight: tf.mul(inside, tf.sub(1, fraction)) },
    { index: pixel(tf.ceil(position)), weight: tf.mul(inside, fraction) },
  ];
}
