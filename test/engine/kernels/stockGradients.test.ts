import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type KernelCase, runKernelCases } from '../../conformance/kernel.js';

type Inputs = { readonly [name: string]: tf.Tensor };

const unary = (name: string, shape: readonly number[], run: (x: tf.Tensor) => tf.Tensor): KernelCase => ({
  name,
  inputs: { x: { shape } },
  run: ({ x }) => run(x as tf.Tensor),
  differentiable: ['x'],
});
const binary = (
  name: string,
  [a, b]: readonly [readonly number[], readonly number[]],
  run: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor,
): KernelCase => ({
  name,
  inputs: { a: { shape: a }, b: { shape: b } },
  run: (inputs: Inputs) => run(inputs.a as tf.Tensor, inputs.b as tf.Tensor),
  differentiable: ['a', 'b'],
});

const convolutions = (['same', 'valid'] as const).flatMap((pad) => [
  binary(
    `conv2d with dilation, padding ${pad}`,
    [
      [1, 6, 7, 2],
      [3, 2, 2, 2],
    ],
    (x, filter) => tf.conv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, pad, 'NHWC', [2, 1]),
  ),
  binary(
    `depthwiseConv2d with dilation, padding ${pad}`,
    [
      [1, 6, 7, 2],
      [3, 2, 2, 1],
    ],
    (x, filter) => tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, pad, 'NHWC', [2, 3]),
  ),
]);
const crops = (x: tf.Tensor): tf.Tensor =>
  tf.image.cropAndResize(
    x as tf.Tensor4D,
    tf.tensor2d([0.1, -0.2, 0.9, 1.1, 0.2, 0.3, 0.7, 0.6], [2, 4]),
    tf.tensor1d([1, 0], 'int32'),
    [3, 2],
  );
const places = (): tf.Tensor => tf.tensor2d([2, 0, 0, 1, 2, 0], [3, 2], 'int32');

runKernelCases('gradients of stock ops', [
  ...[0, 1, -1].map((axis) => unary(`cumsum along ${axis}`, [2, 3, 4], (x) => tf.cumsum(x, axis, true, axis === 1))),
  ...Object.entries({
    maximum: tf.maximum,
    minimum: tf.minimum,
    squaredDifference: tf.squaredDifference,
  }).flatMap(([name, op]) => [
    binary(
      `${name} of [3, 4] and [3, 1]`,
      [
        [3, 4],
        [3, 1],
      ],
      op,
    ),
    binary(`${name} of [4] and [2, 3, 4]`, [[4], [2, 3, 4]], op),
    binary(
      `${name} of equal shapes`,
      [
        [3, 4],
        [3, 4],
      ],
      op,
    ),
  ]),
  binary(
    'einsum',
    [
      [2, 3, 4],
      [4, 3],
    ],
    (a, b) => tf.einsum('bij,jk->bk', a, b),
  ),
  unary('gatherND', [3, 2, 2], (x) => tf.gatherND(x, places())),
  unary('scatterND', [3, 2], (x) => tf.scatterND(places(), x, [3, 2, 2])),
  unary('topk', [2, 2, 5], (x) => tf.topk(x, 3).values),
  unary('stridedSlice backwards', [4, 5], (x) => tf.stridedSlice(x, [3, 1], [0, 5], [-2, 2])),
  unary('stridedSlice that drops an axis', [4, 5], (x) => tf.stridedSlice(x, [1, 0], [2, 5], [1, 3], 0, 0, 0, 0, 1)),
  unary('cropAndResize', [2, 4, 5, 2], crops),
  ...(
    [
      [7, 4],
      [2, 3],
    ] as const
  ).flatMap(([height, width]) => [
    unary(`resizeBilinear with half-pixel centres to [${height}, ${width}]`, [1, 3, 5, 2], (x) =>
      tf.image.resizeBilinear(x as tf.Tensor4D, [height, width], false, true),
    ),
    unary(`resizeNearestNeighbor with half-pixel centres to [${height}, ${width}]`, [1, 3, 5, 2], (x) =>
      tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [height, width], false, true),
    ),
  ]),
  ...convolutions,
]);

describe('comparisons of stock tfjs', () => {
  it('are constants to gradients', () => {
    const loss = (x: tf.Tensor): tf.Tensor => {
      const inside = tf.logicalAnd(tf.greater(x, 0), tf.logicalNot(tf.lessEqual(tf.mul(x, 2), 1)));
      const edges = tf.logicalOr(tf.equal(x, 3), tf.logicalAnd(tf.less(x, -3), tf.notEqual(x, -4)));
      return tf.sum(tf.mul(tf.square(x), tf.cast(tf.logicalOr(inside, edges), 'float32')));
    };
    expect(
      Array.from(
        tf
          .grad(loss)(tf.tensor1d([-5, -4, 0.25, 1, 3]))
          .dataSync(),
      ),
    ).toEqual([-10, 0, 0, 2, 6]);
  });

  it('einsum of one tensor and nearest crops say that they have no gradient', () => {
    expect(() => tf.grad((x) => tf.einsum('ij->j', x))(tf.ones([2, 2]))).toThrow('no gradient');
    const nearest = (x: tf.Tensor): tf.Tensor =>
      tf.image.cropAndResize(x as tf.Tensor4D, [[0, 0, 1, 1]], tf.tensor1d([0], 'int32'), [2, 2], 'nearest');
    expect(() => tf.grad(nearest)(tf.ones([1, 3, 3, 1]))).toThrow('use bilinear');
  });
});
