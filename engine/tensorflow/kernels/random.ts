import * as tf from '@tensorflow/tfjs';
import { numbersOf } from '../../kernelAttributes.js';
import { DataType } from '../binding/api.js';
import { attr, input, type Twin } from './twin.js';

const TYPES = [attr.type('dtype', DataType.float), attr.type('T', DataType.int32), attr.type('Tseed', DataType.int32)];

export const statelessUniform: Twin = (ops, inputs, attributes) =>
  tf.tidy(() => {
    const size = tf.tensor1d(numbersOf(attributes, 'shape'), 'int32');
    return ops.executeSingleOutput('StatelessRandomUniform', TYPES, [size, input(inputs, 'seed')]);
  });
