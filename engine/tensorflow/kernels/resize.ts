import * as tf from '@tensorflow/tfjs';
import { nearestIndices } from '../../kernels/resizeNearest.js';
import { attr, FLOAT, input, type Twin } from './twin.js';

const halfPixel = (value: boolean) => [
  FLOAT,
  attr.bool('align_corners', false),
  attr.bool('half_pixel_centers', value),
];

export const resizeBilinear: Twin = (ops, inputs, { height, width }) =>
  tf.tidy(() => {
    const size = tf.tensor1d([height as number, width as number], 'int32');
    return ops.executeSingleOutput('ResizeBilinear', halfPixel(true), [input(inputs, 'x'), size]);
  });

export const resizeBilinearGrad: Twin = (ops, inputs, { height, width }) =>
  tf.tidy(() => {
    const dy = input(inputs, 'dy');
    // Only the size of the second input counts.
    const like = tf.zeros([dy.shape[0] as number, height as number, width as number, dy.shape[3] as number]);
    return ops.executeSingleOutput('ResizeBilinearGrad', halfPixel(true), [dy, like]);
  });

/** Whole factors are TensorFlow's op; its float32 scale may round other ratios to a neighbour, so those are gathered. */
export const resizeNearest: Twin = (ops, inputs, { height, width }) =>
  tf.tidy(() => {
    const x = input(inputs, 'x');
    const [, fromHeight = 0, fromWidth = 0] = x.shape;
    const [toHeight, toWidth] = [height as number, width as number];
    if (toHeight % fromHeight === 0 && toWidth % fromWidth === 0) {
      const size = tf.tensor1d([toHeight, toWidth], 'int32');
      return ops.executeSingleOutput('ResizeNearestNeighbor', halfPixel(false), [x, size]);
    }
    const tall = tf.gather(x, tf.tensor1d(nearestIndices(fromHeight, toHeight), 'int32'), 1);
    return tf.gather(tall, tf.tensor1d(nearestIndices(fromWidth, toWidth), 'int32'), 2);
  });
