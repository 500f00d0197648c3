import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../checked.js';
import { numbersOf } from '../../kernelAttributes.js';
import { DataType } from '../binding/api.js';
import { attr, FLOAT, input, type Twin } from './twin.js';

/** One addition after the other: TensorFlow's op adds in the order in which its inputs' memory becomes free. */
export const addN: Twin = (_, inputs) => {
  const [first, ...rest] = Object.values(inputs);
  if (!first) throw new TypeError('a sum of no tensors');
  return tf.tidy(() => rest.reduce((sum, each) => tf.add(sum, each), tf.clone(first)));
};

export const relu6Grad: Twin = (ops, inputs) =>
  ops.executeSingleOutput('Relu6Grad', [FLOAT], [input(inputs, 'dy'), input(inputs, 'y')]);

export const planeSum: Twin = (_, inputs) => tf.sum(input(inputs, 'x'), [1, 2], true);

/** Images may be uint8 tensors (see uploadImages): the cast names the type the tensor really has. */
export const normalizeImages: Twin = (ops, inputs, attributes) =>
  tf.tidy(() => {
    const images = input(inputs, 'images');
    const source = ops.tensorMap.get(images.dataId).dtype;
    const attrs = [attr.type('SrcT', source), attr.bool('Truncate', false), attr.type('DstT', DataType.float)];
    const floats = ops.executeSingleOutput('Cast', attrs, [images]);
    const scale = numbersOf(attributes, 'std').map((value) => 1 / value);
    const offset = numbersOf(attributes, 'mean').map((value, channel) => -value * valueAt(scale, channel));
    return tf.add(tf.mul(floats, tf.tensor1d(scale)), tf.tensor1d(offset));
  });
