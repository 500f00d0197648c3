import * as tf from '@tensorflow/tfjs';
import { compile } from '../../../engine/compile.js';
import {
  avgPool,
  batchNormTrain,
  channelSum,
  conv2d,
  cropAndResize,
  cumsum,
  depthwiseConv2d,
  einsum,
  gatherRows,
  groupNorm,
  layerNorm,
  maxPool,
  nonMaxSuppression,
  oneHot,
  resizeBicubic,
  resizeBilinear,
  resizeNearest,
  roiAlign,
  softNonMaxSuppression,
  sortRows,
  squeeze,
  topK,
  upsampleAdd,
} from '../../../engine/kernels/index.js';

/** One class, one box, one pixel, one image, one channel: what an op makes of an axis of 1. */
export interface SingleCase {
  readonly name: string;
  /** Of the input, which is 2 everywhere. */
  readonly shape: readonly number[];
  run(x: tf.Tensor): tf.Tensor;
  readonly expected: readonly number[];
  /** Sum of the gradient of the sum; absent where there is none. */
  readonly gradient?: number;
}

const VALUE = 2;
const pixel = (x: tf.Tensor) => tf.reshape(x, [1, 1, 1, 1]) as tf.Tensor4D;
const row = (x: tf.Tensor) => tf.reshape(x, [1, 1]) as tf.Tensor2D;
const one = (value: number) => tf.tensor1d([value]);
const item = () => tf.tensor1d([0], 'int32');
const box = (x: tf.Tensor) => ({
  boxes: tf.reshape(
    tf.stack([0, 0, 4, 4].map((edge) => tf.add(tf.mul(tf.mean(x), 0), edge))),
    [1, 1, 4],
  ) as tf.Tensor3D,
  scores: row(x),
  labels: tf.zeros([1, 1], 'int32') as tf.Tensor2D,
});

// biome-ignore format: a table
export const SINGLE_CASES: readonly SingleCase[] = [
  { name: 'softmax over one class', shape: [2, 1], run: (x) => tf.softmax(x), expected: [1, 1], gradient: 0 },
  { name: 'log-softmax over one class', shape: [2, 1], run: (x) => tf.logSoftmax(x), expected: [0, 0], gradient: 0 },
  { name: 'argMax over one class', shape: [2, 1], run: (x) => tf.argMax(x, 1), expected: [0, 0] },
  { name: 'one-hot of one class', shape: [3], run: (x) => oneHot(tf.cast(tf.sub(x, tf.tensor1d([2, 3, 4])), 'int32'), 1), expected: [1, 0, 0] },
  { name: 'the largest of one', shape: [1, 1], run: (x) => topK(row(x), 1).values, expected: [2], gradient: 1 },
  { name: 'one sorted', shape: [2, 1], run: (x) => sortRows(x as tf.Tensor2D).indices, expected: [0, 0] },
  { name: 'split into one', shape: [2, 1], run: (x) => tf.split(x, 1, 1)[0] as tf.Tensor, expected: [2, 2], gradient: 2 },
  { name: 'a stack of one', shape: [2], run: (x) => tf.stack([x]), expected: [2, 2], gradient: 2 },
  { name: 'an unstacked axis of one', shape: [1, 2], run: (x) => tf.unstack(x)[0] as tf.Tensor, expected: [2, 2], gradient: 2 },
  { name: 'one concatenated', shape: [2], run: (x) => tf.concat([x]), expected: [2, 2], gradient: 2 },
  { name: 'one added up', shape: [2], run: (x) => tf.addN([x]), expected: [2, 2], gradient: 2 },
  { name: 'squeezed to a scalar', shape: [1, 1], run: (x) => tf.squeeze(x), expected: [2], gradient: 1 },
  { name: 'a running sum over one', shape: [2, 1], run: (x) => cumsum(x, 1), expected: [2, 2], gradient: 2 },
  { name: 'a row gathered from one', shape: [1, 1, 2], run: (x) => gatherRows(x as tf.Tensor3D, tf.zeros([1, 3], 'int32')), expected: [2, 2, 2, 2, 2, 2], gradient: 6 },
  { name: 'a product of one by one', shape: [1, 1], run: (x) => einsum('ij,jk->ik', x, row(x)), expected: [4], gradient: 4 },
  { name: 'bilinear from one pixel', shape: [1], run: (x) => resizeBilinear(pixel(x), 2, 3), expected: [2, 2, 2, 2, 2, 2], gradient: 6 },
  { name: 'bilinear to one pixel', shape: [1, 2, 3, 1], run: (x) => resizeBilinear(x as tf.Tensor4D, 1, 1), expected: [2], gradient: 1 },
  { name: 'bicubic from one pixel', shape: [1], run: (x) => resizeBicubic(pixel(x), 2, 2), expected: [2, 2, 2, 2], gradient: 4 },
  { name: 'nearest from one pixel', shape: [1], run: (x) => resizeNearest(pixel(x), 2, 2), expected: [2, 2, 2, 2], gradient: 4 },
  { name: 'a larger map plus one pixel', shape: [1], run: (x) => upsampleAdd(pixel(x), tf.ones([1, 2, 2, 1])), expected: [3, 3, 3, 3], gradient: 4 },
  { name: 'a convolution of one pixel', shape: [1], run: (x) => conv2d(pixel(x), tf.ones([3, 3, 1, 1]), { stride: [2, 2], padding: 'same' }), expected: [2], gradient: 1 },
  { name: 'a depthwise convolution of one pixel', shape: [1], run: (x) => depthwiseConv2d(pixel(x), tf.ones([3, 3, 1, 1]), { stride: [1, 1], padding: 'same' }), expected: [2], gradient: 1 },
  { name: 'the maximum of one pixel', shape: [1], run: (x) => maxPool(pixel(x), [3, 3], [2, 2], 'same'), expected: [2], gradient: 1 },
  { name: 'the average of one pixel', shape: [1], run: (x) => avgPool(pixel(x), [3, 3], [2, 2], 'same'), expected: [2], gradient: 1 },
  { name: 'the mean of one pixel', shape: [1], run: (x) => squeeze(pixel(x)).mean, expected: [2], gradient: 1 },
  { name: 'the sum of one channel', shape: [1], run: (x) => channelSum(pixel(x)), expected: [2], gradient: 1 },
  { name: 'batch norm of one value', shape: [1], run: (x) => batchNormTrain(pixel(x), one(3), one(5), 1e-3).y, expected: [5], gradient: 0 },
  { name: 'the unbiased variance of one value', shape: [1], run: (x) => batchNormTrain(pixel(x), one(3), one(5), 1e-3).variance, expected: [0] },
  { name: 'group norm of one value', shape: [1], run: (x) => groupNorm(pixel(x), one(3), one(5), { groups: 1, epsilon: 1e-3 }), expected: [5], gradient: 0 },
  { name: 'layer norm of one channel', shape: [2, 1], run: (x) => layerNorm(x, one(3), one(5), 1e-3), expected: [5, 5], gradient: 0 },
  { name: 'a crop of one pixel', shape: [1], run: (x) => cropAndResize(pixel(x), tf.tensor2d([[0, 0, 1, 1]]), item(), [1, 1]), expected: [2], gradient: 1 },
  { name: 'a region of one pixel', shape: [1], run: (x) => roiAlign(pixel(x), tf.tensor2d([[0, 0, 1, 1]]), item(), { size: [1, 1], samples: 1, scale: 1 }), expected: [2], gradient: 1 },
  { name: 'one box that competes with none', shape: [1], run: (x) => nonMaxSuppression(box(x), { limit: 2, iouThreshold: 0.5, minimumScore: 0 }).scores, expected: [2, 0] },
  { name: 'one box that softly competes with none', shape: [1], run: (x) => softNonMaxSuppression(box(x), { limit: 2, sigma: 0.5, minimumScore: 0 }).scores, expected: [2, 0] },
];

/** The values, compiled and op by op, and the sum of the gradient. */
export async function evaluateSingle({ shape, run, gradient }: SingleCase) {
  const x = tf.fill([...shape], VALUE);
  const compiled = compile((input: tf.Tensor) => ({ y: tf.tidy(() => run(input)) }));
  const { y } = await compiled.async(x);
  const direct = tf.tidy(() => run(x));
  const total = tf.tidy(() =>
    gradient === undefined ? tf.scalar(0) : tf.sum(tf.grad((input) => tf.sum(run(input)))(x)),
  );
  const [inGraph = [], alone = [], sum = []] = await Promise.all(
    [y, direct, total].map(async (tensor) => [...(await tensor.data())]),
  );
  compiled.dispose();
  tf.dispose([x, y, direct, total]);
  return { compiled: inGraph, direct: alone, ...(gradient === undefined ? {} : { gradient: sum[0] as number }) };
}

/** What `evaluateSingle` gives of a case that is right. */
export const expectedSingle = ({ expected, gradient }: SingleCase) => ({
  compiled: expected,
  direct: expected,
  ...(gradient === undefined ? {} : { gradient }),
});
