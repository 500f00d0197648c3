import * as tf from '@tensorflow/tfjs';
import {
  groupConv2d,
  groupNorm,
  hardSigmoid,
  hardSwish,
  layerNorm,
  resizeAligned,
  resizeBilinear,
  resizeNearestExact,
  upsampleAdd,
} from '../../../engine/kernels/index.js';

type Run = (x: tf.Tensor4D) => tf.Tensor;

/** Values without a pattern, in -1..1. */
export const noise = (shape: readonly number[], step = 1): Float32Array =>
  Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(12.9898 * (i + 1) * step));
const weights = (...shape: readonly [number, number, number, number]): tf.Tensor4D =>
  tf.tensor4d(noise(shape, 0.37), [...shape]);
const conv = (x: tf.Tensor4D): tf.Tensor4D => tf.conv2d(x, weights(1, 1, 4, 4), 1, 'same'); // a map with channels first
const float = (x: tf.Tensor): tf.Tensor => tf.cast(x, 'float32');
const kernel = (name: string, inputs: object, attributes: object): tf.Tensor =>
  tf.engine().runKernel(name, inputs as tf.NamedTensorMap, attributes as tf.NamedAttrMap) as tf.Tensor;

/** Programs of one map [1, 5, 7, 4], each with the kernels that its graph must hold. */
export const PROGRAMS: readonly (readonly [kernels: string, run: Run])[] = [
  ['Conv2D', (x) => tf.conv2d(x, weights(3, 3, 4, 6), 2, 'same')],
  ['Conv2D', (x) => tf.conv2d(x, weights(2, 3, 4, 6), [1, 2], 'valid')],
  ['Conv2D', (x) => tf.conv2d(x, weights(3, 3, 4, 2), 1, 'same', 'NHWC', 2)],
  ['DepthwiseConv2dNative', (x) => tf.depthwiseConv2d(x, weights(3, 3, 4, 1), 2, 'same')],
  ['DepthwiseConv2dNative', (x) => tf.depthwiseConv2d(x, weights(3, 3, 4, 2), 1, 'valid')],
  [
    'EspalierDilatedDepthwise',
    (x) => kernel('EspalierDilatedDepthwise', { x, filter: weights(2, 3, 4, 1) }, { dilation: [2, 3] }),
  ],
  ['EspalierGroupConv2D', (x) => groupConv2d(x, weights(3, 3, 2, 6), 2, { stride: [2, 1], padding: 'same' })],
  ['Conv2DBackpropInput', (x) => tf.conv2dTranspose(x, weights(3, 2, 6, 4), [1, 10, 14, 6], 2, 'same')],
  ['AvgPool', (x) => tf.avgPool(x, 3, 2, 'same')],
  ['AvgPool', (x) => tf.avgPool(x, [5, 7], 1, 'valid')],
  ['MaxPool', (x) => tf.maxPool(x, [2, 3], 1, 'same')],
  ['ResizeBilinear', (x) => resizeBilinear(x, 9, 4)],
  ['ResizeBilinear', (x) => resizeAligned(x, 9, 4)],
  ['ResizeNearestNeighbor', (x) => tf.image.resizeNearestNeighbor(x, [10, 14])],
  ['ResizeNearestNeighbor', (x) => tf.image.resizeNearestNeighbor(x, [10, 28], false, true)],
  ['GatherV2', (x) => resizeNearestExact(conv(x), 8, 3)],
  ['EspalierUpsampleAdd', (x) => upsampleAdd(x, weights(1, 10, 21, 4))],
  ['EspalierUpsampleAdd', (x) => upsampleAdd(x, weights(1, 8, 9, 4))],
  ['EspalierLayerNorm', (x) => layerNorm(x, tf.tensor1d([1, 2, 3, 4]), tf.tensor1d([0, 1, 0, 1]), 1e-3)],
  [
    'EspalierGroupNorm',
    (x) => groupNorm(x, tf.tensor1d([1, 2, 3, 4]), tf.tensor1d([0, 1, 0, 1]), { groups: 2, epsilon: 1e-3 }),
  ],
  ['EspalierHardSigmoid', (x) => hardSigmoid(tf.mul(x, 5))],
  ['EspalierHardSwish', (x) => hardSwish(tf.mul(x, 5))],
  ['Add Sub Multiply RealDiv', (x) => tf.div(tf.sub(tf.add(x, [1, 2, 3, 4]), tf.mul(conv(x), x)), 3)],
  ['Multiply', (x) => tf.mul(conv(x), tf.tensor2d(noise([7, 4]), [7, 4]))], // of fewer axes than the map
  ['Add Mean', (x) => tf.add(conv(x), tf.mean(x, [1, 2]).reshape([1, 1, 1, 4]))],
  ['Maximum Minimum', (x) => tf.minimum(tf.maximum(x, conv(x)), 0.5)],
  ['Pow Abs', (x) => tf.pow(tf.abs(x), 1.5)],
  ['SquaredDifference Square', (x) => tf.squaredDifference(tf.square(x), conv(x))],
  ['Sqrt Rsqrt Reciprocal', (x) => tf.rsqrt(tf.sqrt(tf.reciprocal(tf.add(x, 3))))],
  ['Exp Log Neg', (x) => tf.log(tf.add(tf.exp(tf.neg(x)), 1))],
  ['Erf Tanh Sigmoid', (x) => tf.sigmoid(tf.tanh(tf.erf(x)))],
  ['Elu LeakyRelu Softplus', (x) => tf.elu(tf.leakyRelu(tf.sub(tf.softplus(x), 1), 0.1))],
  ['Relu Relu6 ClipByValue', (x) => tf.clipByValue(tf.relu6(tf.mul(tf.relu(x), 9)), 0.5, 5)],
  ['Prelu', (x) => tf.prelu(conv(x), weights(1, 1, 1, 4))],
  ['Ceil Floor', (x) => tf.add(tf.ceil(tf.mul(x, 3)), tf.floor(tf.mul(x, 5)))],
  ['Softmax', (x) => tf.softmax(conv(x))],
  ['Mean', (x) => tf.mean(conv(x), [1, 2], true)],
  ['Sum', (x) => tf.sum(conv(x), 3, true)],
  ['Sum', (x) => tf.sum(conv(x), [1, 3])],
  ['Max', (x) => tf.max(conv(x), 3)],
  ['Min', (x) => tf.min(conv(x), [1, 2])],
  ['Concat PadV2 Slice', (x) => tf.slice(tf.pad(tf.concat([x, conv(x)], 3), [[0, 0], [1, 2], [0, 3], [0, 0]], 0.5), [0, 1, 2, 3], [1, 4, 5, 2])], // biome-ignore format: one line a program
  ['SplitV', (x) => tf.concat(tf.split(conv(x), [1, 3], 3).reverse(), -1)],
  ['Reshape BatchMatMul', (x) => tf.matMul(tf.reshape(conv(x), [35, 4]), tf.transpose(weights(1, 1, 6, 4).reshape([6, 4]) as tf.Tensor2D))], // biome-ignore format: one line a program
  ['BatchMatMul', (x) => tf.matMul(x, x, true, false)],
  ['Transpose BatchMatMul', (x) => tf.matMul(tf.transpose(conv(x), [0, 3, 1, 2]), weights(1, 4, 3, 7), false, true)],
  ['ExpandDims Tile', (x) => tf.tile(tf.expandDims(tf.sum(x, [1, 2]), 1), [2, 3, 2])], // biome-ignore format: one line a program
  ['Pack Unpack', (x) => tf.stack(tf.unstack(conv(x), 3).reverse(), 1)],
  ['Greater GreaterEqual LogicalAnd Cast', (x) => float(tf.logicalAnd(tf.greater(x, 0), tf.greaterEqual(conv(x), 0)))],
  ['Less LessEqual LogicalOr LogicalNot', (x) => float(tf.logicalNot(tf.logicalOr(tf.less(x, 0), tf.lessEqual(conv(x), 0))))], // biome-ignore format: one line a program
  ['Equal NotEqual', (x) => float(tf.logicalAnd(tf.equal(tf.relu(x), 0), tf.notEqual(x, 9)))],
  ['Select', (x) => tf.where(tf.greater(conv(x), 0), x, tf.fill(x.shape, -1))],
  ['ArgMax', (x) => float(tf.argMax(conv(x), 3))],
];

/** Of the map that every program takes. */
export const SHAPE = [1, 5, 7, 4] as const;
