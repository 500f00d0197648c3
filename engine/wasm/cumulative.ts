import * as tf from '@tensorflow/tfjs';
import { registerTwin } from '../kernels/kernel.js';

/** Registers running sums and products that take axes counted from the end: the stock kernels of this backend fail. */
export function registerCumulative(backendName: 'wasm' | 'webgpu'): void {
  for (const kernelName of ['Cumsum', 'Cumprod']) {
    const stock = tf.getKernel(kernelName, backendName).kernelFunc;
    registerTwin(kernelName, backendName, (call) => {
      const axis = call.attrs?.axis as number;
      const rank = call.inputs.x?.shape.length ?? 0;
      return stock({ ...call, attrs: { ...call.attrs, axis: axis < 0 ? axis + rank : axis } });
    });
  }
}
