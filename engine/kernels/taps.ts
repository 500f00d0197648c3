import * as tf from '@tensorflow/tfjs-core';

/**
 * What each tap of a valid, stride-1 window reads, in reading order.
 *
 * @param x      [N, H, W, C]
 * @param window height and width in taps
 * @param dilation pixels between taps along height and width
 * @returns      height * width tensors [N, H - (height - 1) * dilation, W - (width - 1) * dilation, C]
 */
export function tapSlices(x: tf.Tensor, window: readonly [number, number], dilation: readonly number[]): tf.Tensor[] {
  const [batch = 0, inHeight = 0, inWidth = 0, channels = 0] = x.shape;
  const [vertical = 1, horizontal = 1] = dilation;
  const [height, width] = window;
  const size = [batch, inHeight - (height - 1) * vertical, inWidth - (width - 1) * horizontal, channels];
  return Array.from({ length: height * width }, (_, tap) =>
    tf.slice(x, [0, Math.floor(tap / width) * vertical, (tap % width) * horizontal, 0], size),
  );
}
