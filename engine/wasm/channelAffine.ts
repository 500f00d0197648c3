import * as tf from '@tensorflow/tfjs';
import { registerTwin, tensorKernel } from '../kernels/kernel.js';

/** Registers x * factor + offset per channel as a 1x1 depthwise convolution with bias: one pass, no slow broadcasting. */
export function registerChannelAffine(): void {
  registerTwin(
    'EspalierChannelAffine',
    'wasm',
    tensorKernel<{ x: tf.Tensor; factor: tf.Tensor; offset: tf.Tensor }, unknown>(({ x, factor, offset }) => {
      if (x.size === 0) return x;
      return tf.fused.depthwiseConv2d({
        x: x as tf.Tensor4D,
        filter: tf.reshape(factor, [1, 1, factor.size, 1]),
        strides: 1,
        pad: 'valid',
        bias: offset,
      });
    }),
  );
}
