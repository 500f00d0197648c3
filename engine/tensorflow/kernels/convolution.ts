import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../checked.js';
import { numbersOf } from '../../kernelAttributes.js';
import { registerTwin } from '../../kernels/kernel.js';
import type { Clusters } from '../trace/cluster.js';
import { attr, FLOAT, input, type Twin } from './twin.js';

/**
 * The filter gradient of a widening 1x1 convolution as one matrix product: faster than TensorFlow's op on
 * the CPU where there are more output than input channels, no faster elsewhere.
 */
export function preferMatrixProducts(): void {
  const stock = tf.getKernel('Conv2DBackpropFilter', 'tensorflow').kernelFunc;
  registerTwin('Conv2DBackpropFilter', 'tensorflow', (call) => {
    const { strides, dataFormat, filterShape } = call.attrs as unknown as tf.Conv2DBackpropFilterAttrs;
    const [height, width, inChannels, outChannels] = filterShape;
    const steps = typeof strides === 'number' ? strides : Math.max(...strides);
    const widens = height === 1 && width === 1 && steps === 1 && outChannels > inChannels;
    if (!widens || dataFormat === 'NCHW') return stock(call);
    return tf.tidy(() => {
      const rows = tf.reshape(call.inputs.x as tf.Tensor, [-1, inChannels]); // [N * H * W, in]
      const dys = tf.reshape(call.inputs.dy as tf.Tensor, [-1, outChannels]); // [N * H * W, out]
      return tf.reshape(tf.matMul(rows, dys, true, false), filterShape);
    });
  });
}

/** Taps of a filter from which on TensorFlow's own depthwise filter gradient is faster than oneDNN's: two to four times at 5x5. */
const STOCK_TAPS = 10;

/** The filter gradient of a depthwise convolution by the faster of the two ops there are for it on the CPU. */
export function preferFastDepthwise(clusters: Clusters): void {
  const oneOp = tf.getKernel('DepthwiseConv2dNativeBackpropFilter', 'tensorflow').kernelFunc;
  registerTwin('DepthwiseConv2dNativeBackpropFilter', 'tensorflow', (call) => {
    const { filterShape, strides, pad } = call.attrs as unknown as tf.DepthwiseConv2dNativeBackpropFilterAttrs;
    if (filterShape[0] * filterShape[1] < STOCK_TAPS) return oneOp(call);
    const { x, dy } = call.inputs as { x: tf.Tensor; dy: tf.Tensor };
    const label = `depthwise filter gradient ${JSON.stringify([filterShape, strides, pad])}`;
    const compute = (...[x, dy]: tf.Tensor[]) => [oneOp({ ...call, inputs: { x, dy } }) as tf.Tensor];
    return valueAt(clusters.runStock(label, [x, dy], compute), 0);
  });
}

/** TensorFlow's convolution takes the groups from the filter's shape; its gradients do not. */
export const groupConv2d: Twin = (ops, inputs, attributes) => {
  const attrs = [
    FLOAT,
    attr.ints('strides', [1, ...numbersOf(attributes, 'stride'), 1]),
    attr.string('padding', String(attributes.padding).toUpperCase()),
    attr.string('data_format', 'NHWC'),
  ];
  return ops.executeSingleOutput('Conv2D', attrs, [input(inputs, 'x'), input(inputs, 'filter')]);
};
