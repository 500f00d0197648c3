import * as tf from '@tensorflow/tfjs';
import { numberOf, numbersOf } from '../../kernelAttributes.js';
import { attr, FLOAT, input, type Twin } from './twin.js';

const HALF_PIXEL = [FLOAT, attr.bool('align_corners', false), attr.bool('half_pixel_centers', true)];

export const resizeBilinear: Twin = (ops, inputs, attributes) =>
  tf.tidy(() => {
    const size = tf.tensor1d([numberOf(attributes, 'height'), numberOf(attributes, 'width')], 'int32');
    return ops.executeSingleOutput('ResizeBilinear', HALF_PIXEL, [input(inputs, 'x'), size]);
  });

export const resizeBilinearGrad: Twin = (ops, inputs, attributes) =>
  tf.tidy(() => {
    const dy = input(inputs, 'dy');
    // Only the size of the second input counts.
    const [batch = 0, , , channels = 0] = dy.shape;
    const like = tf.zeros([batch, numberOf(attributes, 'height'), numberOf(attributes, 'width'), channels]);
    return ops.executeSingleOutput('ResizeBilinearGrad', HALF_PIXEL, [dy, like]);
  });

export const cropAndResizeGrad: Twin = (ops, inputs, attributes) =>
  tf.tidy(() => {
    const tensors = ['dy', 'boxes', 'items'].map((name) => input(inputs, name));
    const size = tf.tensor1d(numbersOf(attributes, 'inputShape'), 'int32');
    return ops.executeSingleOutput(
      'CropAndResizeGradImage',
      [FLOAT, attr.string('method', 'bilinear')],
      [...tensors, size],
    );
  });
