import * as tf from '@tensorflow/tfjs';
import { attr, FLOAT, input, type Twin } from './twin.js';

const HALF_PIXEL = [FLOAT, attr.bool('align_corners', false), attr.bool('half_pixel_centers', true)];

export const resizeBilinear: Twin = (ops, inputs, { height, width }) =>
  tf.tidy(() => {
    const size = tf.tensor1d([height as number, width as number], 'int32');
    return ops.executeSingleOutput('ResizeBilinear', HALF_PIXEL, [input(inputs, 'x'), size]);
  });

export const resizeBilinearGrad: Twin = (ops, inputs, { height, width }) =>
  tf.tidy(() => {
    const dy = input(inputs, 'dy');
    // Only the size of the second input counts.
    const like = tf.zeros([dy.shape[0], height as number, width as number, dy.shape[3] as number]);
    return ops.executeSingleOutput('ResizeBilinearGrad', HALF_PIXEL, [dy, like]);
  });

export const cropAndResizeGrad: Twin = (ops, inputs, { inputShape }) =>
  tf.tidy(() => {
    const tensors = ['dy', 'boxes', 'items'].map((name) => input(inputs, name));
    const size = tf.tensor1d(inputShape as number[], 'int32');
    return ops.executeSingleOutput(
      'CropAndResizeGradImage',
      [FLOAT, attr.string('method', 'bilinear')],
      [...tensors, size],
    );
  });
