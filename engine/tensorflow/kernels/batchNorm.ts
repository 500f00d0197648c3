import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '#tfjs-node';
import { valueAt } from '../../checked.js';
import { numberOf } from '../../kernelAttributes.js';
import { DataType } from '../binding/api.js';
import { attr, FLOAT, input, type Twin } from './twin.js';

const STATISTICS_TYPE = attr.type('U', DataType.float);

function fused(
  ops: NodeJSKernelBackend,
  tensors: readonly tf.Tensor[],
  epsilon: number,
  training: boolean,
): tf.Tensor[] {
  const attrs = [
    FLOAT,
    STATISTICS_TYPE,
    attr.float('epsilon', epsilon),
    attr.float('exponential_avg_factor', 1),
    attr.string('data_format', 'NHWC'),
    attr.bool('is_training', training),
  ];
  return ops.executeMultipleOutputs('FusedBatchNormV3', attrs, tensors, 6);
}

/** [y, mean, unbiased variance, 1 / deviation]: on the CPU the op's fifth output is the biased variance. */
export const batchNormTrain: Twin = (ops, inputs, attributes) =>
  tf.tidy(() => {
    const epsilon = numberOf(attributes, 'epsilon');
    const none = tf.tensor1d([], 'float32');
    const tensors = [input(inputs, 'x'), input(inputs, 'scale'), input(inputs, 'shift'), none, none];
    const results = fused(ops, tensors, epsilon, true);
    const inverseDeviation = tf.rsqrt(tf.add(valueAt(results, 4), epsilon));
    return [...results.slice(0, 3), inverseDeviation];
  });

export const batchNormTrainGrad: Twin = (ops, inputs) =>
  tf.tidy(() => {
    // With epsilon 0 the op's own 1 / sqrt(variance + epsilon) gives the deviation of the forward pass back.
    const variance = tf.square(tf.reciprocal(input(inputs, 'inverseDeviation')));
    const attrs = [
      FLOAT,
      STATISTICS_TYPE,
      attr.float('epsilon', 0),
      attr.string('data_format', 'NHWC'),
      attr.bool('is_training', true),
    ];
    const tensors = ['dy', 'x', 'scale', 'mean'].map((name) => input(inputs, name));
    const reserve = tf.tensor1d([], 'float32');
    const results = ops.executeMultipleOutputs('FusedBatchNormGradV3', attrs, [...tensors, variance, reserve], 5);
    return results.slice(0, 3);
  });

export const batchNormInference: Twin = (ops, inputs, attributes) =>
  tf.tidy(() => {
    const tensors = ['x', 'scale', 'shift', 'mean', 'variance'].map((name) => input(inputs, name));
    return valueAt(fused(ops, tensors, numberOf(attributes, 'epsilon'), false), 0);
  });
