import * as tf from '@tensorflow/tfjs';
import { registerTwin, tensorKernel } from '../kernels/kernel.js';

/** Registers casts to bool and strided slices of integers: the stock kernels keep one byte, and call integers floats. */
export function registerTypes(): void {
  const cast = tf.getKernel('Cast', 'wasm').kernelFunc;
  const truth = tensorKernel<{ x: tf.Tensor }, unknown>(({ x }) => tf.notEqual(x, tf.scalar(0, x.dtype)));
  registerTwin('Cast', 'wasm', (call) => {
    const from = call.inputs.x?.dtype;
    const toBool = call.attrs?.dtype === 'bool' && (from === 'float32' || from === 'int32');
    return toBool ? truth(call) : cast(call);
  });
  const slice = tf.getKernel('StridedSlice', 'wasm').kernelFunc;
  const converted = tensorKernel<{ x: tf.Tensor }, tf.NamedAttrMap>(({ x }, attributes) => {
    // exact below 2 ** 24
    const floats = tf.engine().runKernel('StridedSlice', { x: tf.cast(x, 'float32') }, attributes) as tf.Tensor;
    return tf.cast(floats, x.dtype);
  });
  registerTwin('StridedSlice', 'wasm', (call) => (call.inputs.x?.dtype === 'float32' ? slice(call) : converted(call)));
}
