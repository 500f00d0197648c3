import * as tf from '@tensorflow/tfjs';
import { defineKernel } from './kernel.js';
import type { Size } from './padding.js';

type Pooling = { window: readonly number[]; stride: readonly number[]; padding: 'same' | 'valid' };

const backward = defineKernel<{ dy: tf.Tensor }, Pooling & { inputShape: readonly number[] }, tf.Tensor>({
  name: 'EspalierAvgPoolGrad',
  portable: ({ dy }, { inputShape, window, stride, padding }) => {
    const [, height = 0, width = 0, channels = 0] = inputShape;
    const [, outHeight = 0, outWidth = 0] = dy.shape;
    const [windowHeight = 1, windowWidth = 1] = window;
    const [strideHeight = 1, strideWidth = 1] = stride;
    const rows = validCounts(height, outHeight, windowHeight, strideHeight, padding);
    const columns = validCounts(width, outWidth, windowWidth, strideWidth, padding);
    const counts = rows.flatMap((row) => columns.map((column) => row * column));
    const share = tf.div(dy, tf.tensor4d(counts, [1, outHeight, outWidth, 1]));
    // Every value of a window gets the same share: the input gradient of a depthwise convolution with ones.
    return tf
      .engine()
      .runKernel(
        'DepthwiseConv2dNativeBackpropInput',
        { dy: share, filter: tf.ones([windowHeight, windowWidth, channels, 1]) },
        { inputShape: [...inputShape], strides: [...stride], pad: padding, dilations: [1, 1] },
      ) as tf.Tensor;
  },
});

const forward = defineKernel<{ x: tf.Tensor }, Pooling, tf.Tensor>({
  name: 'EspalierAvgPool',
  portable: ({ x }, { window, stride, padding }) =>
    tf.avgPool(x as tf.Tensor4D, [...window] as [number, number], [...stride] as [number, number], padding),
  differentiation: {
    savedInputs: ['x'],
    gradient: ([dy], { x }, _, attributes) => ({
      x: backward({ dy }, { ...attributes, inputShape: x.shape }),
    }),
  },
});

/**
 * Mean of each window; pixels outside the image do not count.
 *
 * @param x      [N, H, W, C] float32
 * @param window height and width, pixels
 * @param stride steps along height and width, pixels
 * @returns      [N, outH, outW, C] float32
 */
export function avgPool(x: tf.Tensor4D, window: Size, stride: Size, padding: 'same' | 'valid'): tf.Tensor4D {
  return forward({ x }, { window, stride, padding }) as tf.Tensor4D;
}

/** How many pixels of the image each window covers along one axis. */
function validCounts(
  size: number,
  outSize: number,
  window: number,
  stride: number,
  padding: 'same' | 'valid',
): number[] {
  const before = padding === 'valid' ? 0 : Math.floor(Math.max(0, (outSize - 1) * stride + window - size) / 2);
  return Array.from({ length: outSize }, (_, i) => {
    const start = i * stride - before;
    return Math.min(start + window, size) - Math.max(start, 0);
  });
}
