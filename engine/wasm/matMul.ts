import * as tf from '@tensorflow/tfjs';
import { registerTwin, tensorKernel } from '../kernels/kernel.js';

interface Attributes {
  readonly transposeA?: boolean;
  readonly transposeB?: boolean;
}

/**
 * Registers a matrix product around the stock one: that refuses int32, and multiplies transposed operands (every gradient
 * of a product has one) with plain loops, 10 to 30 times slower than transposing first.
 */
export function registerMatMul(): void {
  const stock = tf.getKernel('BatchMatMul', 'wasm').kernelFunc;
  const converted = tensorKernel<{ a: tf.Tensor; b: tf.Tensor }, Attributes>(({ a, b }, attributes) => {
    if (a.dtype !== 'float32' || b.dtype !== 'float32') {
      const { transposeA = false, transposeB = false } = attributes;
      // exact below 2 ** 24
      return tf.cast(tf.matMul(tf.cast(a, 'float32'), tf.cast(b, 'float32'), transposeA, transposeB), 'int32');
    }
    return tf.matMul(swapped(a, attributes.transposeA), swapped(b, attributes.transposeB));
  });
  registerTwin('BatchMatMul', 'wasm', (call) => {
    const { a, b } = call.inputs;
    const { transposeA = false, transposeB = false } = call.attrs as unknown as Attributes;
    const plain = a?.dtype === 'float32' && b?.dtype === 'float32' && !transposeA && !transposeB;
    return plain ? stock(call) : converted(call);
  });
}

function swapped(x: tf.Tensor, transposed = false): tf.Tensor {
  if (!transposed) return x;
  const axes = Array.from({ length: x.rank }, (_, i) => i);
  return tf.transpose(x, [...axes.slice(0, -2), x.rank - 1, x.rank - 2]);
}
