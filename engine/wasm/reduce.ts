import * as tf from '@tensorflow/tfjs';
import { registerTwin } from '../kernels/kernel.js';

/** Registers sum and mean of nothing as TensorFlow has them, 0 and NaN: the stock kernels return what the memory held. */
export function registerReductions(): void {
  registerEmpty('Sum', 0);
  registerEmpty('Mean', Number.NaN);
}

function registerEmpty(kernelName: string, value: number): void {
  const stock = tf.getKernel(kernelName, 'wasm').kernelFunc;
  registerTwin(kernelName, 'wasm', (call) => {
    const { x } = call.inputs;
    if (x === undefined || tf.util.sizeFromShape(x.shape) > 0) return stock(call);
    const { axis, keepDims } = call.attrs as unknown as { axis: number | number[]; keepDims: boolean };
    const axes = tf.util.parseAxisParam(axis, x.shape);
    const kept = x.shape.map((length, i) => (axes.includes(i) ? 1 : length));
    const shape = keepDims ? kept : x.shape.filter((_, i) => !axes.includes(i));
    return tf.fill(shape, value, kernelName === 'Mean' || x.dtype === 'float32' ? 'float32' : 'int32');
  });
}
