import type * as tf from '@tensorflow/tfjs';
import { fillTensor } from './heap.js';
import type { Windows } from './windows.js';

/**
 * Lays an output gradient out on the input's grid: zeros between its pixels where the stride is more than one, a border
 * around, so that a stride-1 valid correlation with the flipped filter is the input gradient.
 *
 * @param dy [N, outH, outW, C]
 * @returns  [N, inH + (height - 1) * dilation, inW + (width - 1) * dilation, C]
 */
export function spread(dy: tf.Tensor, windows: Windows, channels: number): tf.Tensor {
  const { batch, outHeight, outWidth, strideHeight, strideWidth } = windows;
  const reachHeight = (windows.height - 1) * windows.dilationHeight;
  const reachWidth = (windows.width - 1) * windows.dilationWidth;
  const height = windows.inHeight + reachHeight;
  const width = windows.inWidth + reachWidth;
  const top = reachHeight - windows.top;
  const left = reachWidth - windows.left;
  const untouched = top === 0 && left === 0 && strideHeight * strideWidth === 1;
  if (untouched && height === outHeight && width === outWidth) return dy;
  return fillTensor([batch, height, width, channels], [dy], (target, source) => {
    for (let row = 0; row < batch * outHeight; row++) {
      const y = top + (row % outHeight) * strideHeight;
      if (y < 0 || y >= height) continue;
      const targetRow = (Math.floor(row / outHeight) * height + y) * width;
      for (let column = 0; column < outWidth; column++) {
        const x = left + column * strideWidth;
        if (x < 0 || x >= width) continue;
        const from = (row * outWidth + column) * channels;
        copy(target, (targetRow + x) * channels, source as Float32Array, from, channels);
      }
    }
  });
}

function copy(target: Float32Array, at: number, source: Float32Array, from: number, count: number): void {
  if (count >= 64) {
    target.set(source.subarray(from, from + count), at);
    return;
  }
  for (let i = 0; i < count; i++) target[at + i] = source[from + i] as number;
}
