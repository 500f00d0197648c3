import type * as tf from '@tensorflow/tfjs';
import { registerTwin, tensorKernel } from '../kernels/kernel.js';
import { fillTensor } from './heap.js';
import { poolingWindows, type WindowAttributes, type Windows } from './windows.js';

type Attributes = WindowAttributes & { readonly filterSize: number | [number, number] };

/**
 * Registers the gradients of the poolings: the stock max pool gradient misses windows without a positive value, the
 * stock average pool gradient divides by the whole window at the border.
 */
export function registerPooling(): void {
  registerTwin(
    'MaxPoolGrad',
    'wasm',
    tensorKernel<{ dy: tf.Tensor; input: tf.Tensor }, Attributes>(({ dy, input }, attributes) => {
      const windows = poolingWindows(input.shape, attributes.filterSize, attributes);
      return fillTensor(input.shape, [dy, input], (target, gradient, source) => {
        routeToLargest(target, gradient as Float32Array, source as Float32Array, windows);
      });
    }),
  );
  registerTwin(
    'AvgPoolGrad',
    'wasm',
    tensorKernel<{ dy: tf.Tensor; input: tf.Tensor }, Attributes>(({ dy, input }, attributes) => {
      const windows = poolingWindows(input.shape, attributes.filterSize, attributes);
      return fillTensor(input.shape, [dy], (target, gradient) => {
        shareEqually(target, gradient as Float32Array, windows);
      });
    }),
  );
}

/** Adds each dy to the first largest value of its window, in reading order. */
function routeToLargest(target: Float32Array, dy: Float32Array, source: Float32Array, windows: Windows): void {
  const { channels } = windows;
  const winners = new Int32Array(channels);
  eachWindow(windows, (output, pixels) => {
    winners.fill((pixels[0] as number) * channels);
    for (const pixel of pixels) {
      for (let c = 0; c < channels; c++) {
        const winner = (winners[c] as number) + c;
        if ((source[pixel * channels + c] as number) > (source[winner] as number)) winners[c] = pixel * channels;
      }
    }
    for (let c = 0; c < channels; c++) {
      const winner = (winners[c] as number) + c;
      target[winner] = (target[winner] as number) + (dy[output * channels + c] as number);
    }
  });
}

/** Adds each dy, divided by the pixels of the image in its window, to all of them. */
function shareEqually(target: Float32Array, dy: Float32Array, windows: Windows): void {
  const { channels } = windows;
  eachWindow(windows, (output, pixels) => {
    for (const pixel of pixels) {
      for (let c = 0; c < channels; c++) {
        const at = pixel * channels + c;
        target[at] = (target[at] as number) + (dy[output * channels + c] as number) / pixels.length;
      }
    }
  });
}

/** Calls `visit` with each output position and the input positions its window covers, the border left out. */
function eachWindow(windows: Windows, visit: (output: number, pixels: readonly number[]) => void): void {
  const { batch, inHeight, inWidth, outHeight, outWidth, strideHeight, strideWidth } = windows;
  for (let output = 0; output < batch * outHeight * outWidth; output++) {
    const row = Math.floor(output / outWidth);
    const image = Math.floor(row / outHeight);
    const top = (row % outHeight) * strideHeight - windows.top;
    const left = (output % outWidth) * strideWidth - windows.left;
    const pixels: number[] = [];
    for (let y = Math.max(0, top); y < Math.min(inHeight, top + windows.height); y++) {
      for (let x = Math.max(0, left); x < Math.min(inWidth, left + windows.width); x++) {
        pixels.push((image * inHeight + y) * inWidth + x);
      }
    }
    if (pixels.length > 0) visit(output, pixels);
  }
}
