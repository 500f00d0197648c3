import * as tf from '@tensorflow/tfjs';
import { registerTwin, tensorKernel } from '../kernels/kernel.js';
import { fillTensor } from './heap.js';
import { rowProducts } from './rowProducts.js';
import { spread } from './spread.js';
import { convolutionWindows, insideRange, type WindowAttributes, type Windows } from './windows.js';

/** Registers the two gradients of depthwiseConv2d, which the stock backend does not have. */
export function registerDepthwise(): void {
  registerTwin(
    'DepthwiseConv2dNativeBackpropFilter',
    'wasm',
    tensorKernel<{ x: tf.Tensor; dy: tf.Tensor }, WindowAttributes & { readonly filterShape: readonly number[] }>(
      ({ x, dy }, attributes) => filterGradient(x, dy, attributes.filterShape, attributes),
    ),
  );
  registerTwin(
    'DepthwiseConv2dNativeBackpropInput',
    'wasm',
    tensorKernel<{ dy: tf.Tensor; filter: tf.Tensor }, WindowAttributes & { readonly inputShape: readonly number[] }>(
      ({ dy, filter }, attributes) => inputGradient(dy, filter, attributes.inputShape, attributes),
    ),
  );
}

interface Dilation {
  readonly dilation: [number, number];
}

/** Registers the dilated depthwise convolution and its gradients on the backend's own dilated kernel. */
export function registerDilatedDepthwise(): void {
  registerTwin(
    'EspalierDilatedDepthwise',
    'wasm',
    tensorKernel<{ x: tf.Tensor; filter: tf.Tensor }, Dilation>(({ x, filter }, { dilation }) =>
      tf.depthwiseConv2d(x as tf.Tensor4D, filter as tf.Tensor4D, 1, 'valid', 'NHWC', dilation),
    ),
  );
  registerTwin(
    'EspalierDilatedDepthwiseInputGrad',
    'wasm',
    tensorKernel<{ dy: tf.Tensor; filter: tf.Tensor }, Dilation>(({ dy, filter }, { dilation }) => {
      const [batch = 0, outHeight = 0, outWidth = 0, channels = 0] = dy.shape;
      const [height = 1, width = 1] = filter.shape;
      const inHeight = outHeight + (height - 1) * dilation[0];
      const inWidth = outWidth + (width - 1) * dilation[1];
      const attributes: WindowAttributes = { strides: 1, pad: 'valid', dilations: dilation };
      return inputGradient(dy, filter, [batch, inHeight, inWidth, channels], attributes);
    }),
  );
  registerTwin(
    'EspalierDilatedDepthwiseFilterGrad',
    'wasm',
    tensorKernel<{ x: tf.Tensor; dy: tf.Tensor }, Dilation & { readonly filterShape: readonly number[] }>(
      ({ x, dy }, { dilation, filterShape }) =>
        filterGradient(x, dy, filterShape, { strides: 1, pad: 'valid', dilations: dilation }),
    ),
  );
}

function filterGradient(
  x: tf.Tensor,
  dy: tf.Tensor,
  filterShape: readonly number[],
  attributes: WindowAttributes,
): tf.Tensor {
  const windows = convolutionWindows(x.shape, filterShape, attributes, true);
  const multiplier = filterShape[3] as number;
  return fillTensor(filterShape, [widen(x, multiplier), dy], (target, source, gradient) => {
    sumTaps(target, source as Float32Array, gradient as Float32Array, windows, windows.channels * multiplier);
  });
}

/** Repeats each channel `multiplier` times, [N, H, W, C] to [N, H, W, C * multiplier]: the channel order of dy. */
function widen(x: tf.Tensor, multiplier: number): tf.Tensor {
  if (multiplier === 1) return x;
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape;
  const repeated = tf.tile(tf.expandDims(x, 4), [1, 1, 1, 1, multiplier]);
  return tf.reshape(repeated, [batch, height, width, channels * multiplier]);
}

/** target[tap, c] += sum over output positions of what the tap reads times dy. */
function sumTaps(
  target: Float32Array,
  source: Float32Array,
  dy: Float32Array,
  windows: Windows,
  channels: number,
): void {
  const { batch, outHeight, outWidth, inHeight, inWidth, strideWidth } = windows;
  const addRow = rowProducts();
  for (let tap = 0; tap < windows.height * windows.width; tap++) {
    const y = Math.floor(tap / windows.width) * windows.dilationHeight - windows.top;
    const x = (tap % windows.width) * windows.dilationWidth - windows.left;
    const [firstRow, endRow] = insideRange(y, windows.strideHeight, inHeight, outHeight);
    const [first, end] = insideRange(x, strideWidth, inWidth, outWidth);
    if (first === end) continue;
    for (let image = 0; image < batch; image++) {
      for (let row = firstRow; row < endRow; row++) {
        const sourceRow = (image * inHeight + y + row * windows.strideHeight) * inWidth + x;
        const dyRow = (image * outHeight + row) * outWidth;
        const start = (sourceRow + first * strideWidth) * channels;
        const read = { values: source, start, step: strideWidth * channels };
        const gradient = { values: dy, start: (dyRow + first) * channels, step: channels };
        addRow(target, tap * channels, channels, end - first, read, gradient);
      }
    }
  }
}

function inputGradient(
  dy: tf.Tensor,
  filter: tf.Tensor,
  inputShape: readonly number[],
  attributes: WindowAttributes,
): tf.Tensor {
  const windows = convolutionWindows(inputShape, filter.shape, attributes, true);
  const [height = 1, width = 1, channels = 0, multiplier = 1] = filter.shape;
  const grid = spread(dy, windows, channels * multiplier) as tf.Tensor4D;
  const flipped = tf.reshape(tf.reverse(filter, [0, 1]), [height, width, channels * multiplier, 1]) as tf.Tensor4D;
  const dilations: [number, number] = [windows.dilationHeight, windows.dilationWidth];
  const dx = tf.depthwiseConv2d(grid, flipped, 1, 'valid', 'NHWC', dilations);
  return multiplier === 1 ? dx : tf.sum(tf.reshape(dx, [...inputShape, multiplier]), 4);
}
