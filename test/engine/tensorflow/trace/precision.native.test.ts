import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { MixedPrecision } from '../../../../engine/compile.js';
import { compileQuietly, values } from './compiled.js';

/** A value that neither 16-bit type holds: 1 + 2^-9 is beyond bfloat16's 8 bits, 1 + 2^-12 beyond float16's 11. */
const FINE = { bf16: 1 + 2 ** -9, f16: 1 + 2 ** -12 } as const;

/** Loss before and after 20 Adam steps of a small convolutional classifier. */
function train(mixedPrecision?: MixedPrecision): readonly [first: number, last: number] {
  const kernel = tf.variable(tf.randomNormal<tf.Rank.R4>([3, 3, 8, 8], 0, 0.1, 'float32', 1));
  const depth = tf.variable(tf.randomNormal<tf.Rank.R4>([3, 3, 8, 1], 0, 0.3, 'float32', 2));
  const top = tf.variable(tf.randomNormal<tf.Rank.R2>([8, 2], 0, 1, 'float32', 3));
  const adam = tf.train.adam(0.01);
  const x = tf.randomNormal<tf.Rank.R4>([4, 16, 16, 8], 0, 1, 'float32', 4);
  const y = tf.cast(tf.oneHot([0, 1, 0, 1], 2), 'float32');
  const loss = (): tf.Scalar => {
    const maps = tf.depthwiseConv2d(tf.conv2d(x, kernel, 1, 'same'), depth, 1, 'same');
    return tf.losses.softmaxCrossEntropy(y, tf.matMul(tf.mean<tf.Tensor2D>(maps, [1, 2]), top));
  };
  const options = mixedPrecision ? { mixedPrecision } : {};
  const { step } = compileQuietly(() => adam.minimize(loss, true) as tf.Tensor, options);
  const losses = Array.from({ length: 20 }, () => values(step())[0] as number);
  step.dispose();
  adam.dispose();
  tf.dispose([kernel, depth, top, x, y]);
  return [losses[0] as number, losses[19] as number];
}

describe('mixed precision', () => {
  it.each(['bf16', 'f16'] as const)('multiplies in %s, and adds in float32', (mixedPrecision) => {
    const fn = (x: tf.Tensor) => [tf.matMul(x as tf.Tensor2D, x as tf.Tensor2D), tf.add(x, 0)];
    const { step } = compileQuietly(fn, { mixedPrecision });
    const x = tf.tensor2d([FINE[mixedPrecision]], [1, 1]);
    const [product, sum] = step(x) as [tf.Tensor, tf.Tensor];
    expect(values(product)).toEqual([1]);
    expect(values(sum)).toEqual([FINE[mixedPrecision]]);
    expect(values(compileQuietly(fn).step(x)[0] as tf.Tensor)[0]).toBeCloseTo(FINE[mixedPrecision] ** 2, 6);
  });

  it.each(['bf16', 'f16'] as const)('trains in %s as in float32', (mixedPrecision) => {
    const [first, last] = train();
    const [mixedFirst, mixedLast] = train(mixedPrecision);
    expect(mixedFirst).not.toBe(first);
    expect(mixedFirst).toBeCloseTo(first, 2); // 8 bits of mantissa in the products
    expect(last).toBeLessThan(first / 10);
    expect(Math.abs(mixedLast / last - 1)).toBeLessThan(0.05);
  });

  /** d(loss)/dw = slope * x, with x = 1 computed as a product of float16 values. */
  const slopes = (name: string) => {
    const w = tf.variable(tf.tensor2d([1], [1, 1]));
    const x = tf.tensor2d([1], [1, 1]);
    const { step } = compileQuietly(
      (slope: tf.Tensor) => {
        const loss = () => tf.sum<tf.Scalar>(tf.mul(tf.matMul(x, w as tf.Tensor2D), slope));
        const { grads } = tf.variableGrads(loss, [w]);
        const gradient = grads[w.name] as tf.Tensor2D;
        w.assign(tf.sub(w, gradient));
        return gradient;
      },
      { mixedPrecision: 'f16', name },
    );
    const scale = () => values(tf.engine().registeredVariables[`${name}/loss_scale`] as tf.Tensor)[0];
    return { w, step: (slope: number) => values(step(tf.scalar(slope)))[0] as number, scale, free: step.dispose };
  };

  it('keeps gradients that float16 would flush to zero', () => {
    const { w, step, scale, free } = slopes('small_slopes');
    expect(step(1e-9)).toBeCloseTo(1e-9, 11); // float16 ends at 6e-8
    expect(scale()).toBe(2 ** 15);
    free();
    w.dispose();
  });

  it('assigns nothing when a gradient overflows, and halves the scale until none does', () => {
    const { w, step, scale, free } = slopes('steep_slopes');
    const seen: number[] = [];
    for (let i = 0; i < 4; i++) {
      step(8); // 8 * 2^15 is beyond float16's 65504; 8 * 2^12 is not
      seen.push(scale() as number);
    }
    expect(seen).toEqual([2 ** 14, 2 ** 13, 2 ** 12, 2 ** 12]);
    expect(values(w)).toEqual([-7]); // one step of the four was taken
    free();
    w.dispose();
  });
});
