import * as tf from '@tensorflow/tfjs';
import { EngineError } from '../errors.js';
import { registerTwin, tensorKernel } from '../kernels/kernel.js';
import { fillTensor } from './heap.js';
import { spread } from './spread.js';
import { convolutionWindows, insideRange, type WindowAttributes, type Windows } from './windows.js';

type Attributes = WindowAttributes & { readonly dataFormat?: 'NHWC' | 'NCHW' };

/** Registers the two gradients of conv2d: the filter's is missing in the stock backend, the input's is slow there. */
export function registerConvolution(): void {
  registerTwin(
    'Conv2DBackpropFilter',
    'wasm',
    tensorKernel<{ x: tf.Tensor; dy: tf.Tensor }, Attributes & { readonly filterShape: readonly number[] }>(
      ({ x, dy }, attributes) => filterGradient(x, dy, attributes.filterShape, attributes),
    ),
  );
  registerTwin(
    'Conv2DBackpropInput',
    'wasm',
    tensorKernel<{ dy: tf.Tensor; filter: tf.Tensor }, Attributes & { readonly inputShape: readonly number[] }>(
      ({ dy, filter }, attributes) => inputGradient(dy, filter, attributes.inputShape, attributes),
    ),
  );
}

/** Registers the filter gradient of the dilated convolution as one matrix product instead of one for each tap. */
export function registerDilatedConvolution(): void {
  registerTwin(
    'EspalierDilatedConv2DFilterGrad',
    'wasm',
    tensorKernel<
      { x: tf.Tensor; dy: tf.Tensor },
      { readonly dilation: [number, number]; readonly filterShape: readonly number[] }
    >(({ x, dy }, { dilation, filterShape }) =>
      filterGradient(x, dy, filterShape, { strides: 1, pad: 'valid', dilations: dilation }),
    ),
  );
}

/** [taps * inC, N * outH * outW] x [N * outH * outW, outC] as one matrix product. */
function filterGradient(
  x: tf.Tensor,
  dy: tf.Tensor,
  filterShape: readonly number[],
  attributes: Attributes,
): tf.Tensor {
  refuseNchw(attributes);
  const windows = convolutionWindows(x.shape, filterShape, attributes, false);
  const positions = windows.batch * windows.outHeight * windows.outWidth;
  const rows = windows.height * windows.width * windows.channels;
  const patches = fillTensor([rows, positions], [x], (target, source) => {
    gatherPatches(target, source as Float32Array, windows);
  });
  const flat = tf.reshape(dy, [positions, filterShape[3] as number]);
  return tf.reshape(tf.matMul(patches, flat), [...filterShape]);
}

/** Row (tap, channel) of `target` holds what that tap reads at every output position. */
function gatherPatches(target: Float32Array, source: Float32Array, windows: Windows): void {
  const { batch, channels, outHeight, outWidth, inHeight, inWidth } = windows;
  const positions = batch * outHeight * outWidth;
  for (let tap = 0; tap < windows.height * windows.width; tap++) {
    const y = Math.floor(tap / windows.width) * windows.dilationHeight - windows.top;
    const x = (tap % windows.width) * windows.dilationWidth - windows.left;
    const [firstRow, endRow] = insideRange(y, windows.strideHeight, inHeight, outHeight);
    const [first, end] = insideRange(x, windows.strideWidth, inWidth, outWidth);
    const step = windows.strideWidth * channels;
    for (let image = 0; image < batch; image++) {
      for (let row = firstRow; row < endRow; row++) {
        const sourceRow = (image * inHeight + y + row * windows.strideHeight) * inWidth + x;
        const targetRow = (image * outHeight + row) * outWidth;
        for (let channel = 0; channel < channels; channel++) {
          const at = (tap * channels + channel) * positions + targetRow;
          let from = sourceRow * channels + channel + first * step;
          for (let column = first; column < end; column++) {
            target[at + column] = source[from] as number;
            from += step;
          }
        }
      }
    }
  }
}

function inputGradient(
  dy: tf.Tensor,
  filter: tf.Tensor,
  inputShape: readonly number[],
  attributes: Attributes,
): tf.Tensor {
  refuseNchw(attributes);
  const windows = convolutionWindows(inputShape, filter.shape, attributes, false);
  const [height = 1, width = 1, inChannels = 0, outChannels = 0] = filter.shape;
  const { dilationHeight, dilationWidth } = windows;
  const grid = spread(dy, windows, outChannels);
  if (height * width === 1) {
    const weights = tf.transpose(tf.reshape(filter, [inChannels, outChannels]));
    return tf.reshape(tf.matMul(tf.reshape(grid, [-1, outChannels]), weights), [...inputShape]);
  }
  const flipped = tf.transpose(tf.reverse(filter, [0, 1]), [0, 1, 3, 2]);
  return tf.conv2d(grid as tf.Tensor4D, flipped as tf.Tensor4D, 1, 'valid', 'NHWC', [dilationHeight, dilationWidth]);
}

function refuseNchw({ dataFormat = 'NHWC' }: Attributes): void {
  if (dataFormat !== 'NHWC') throw new EngineError(`the wasm engine convolves NHWC maps only, not ${dataFormat}`);
}
