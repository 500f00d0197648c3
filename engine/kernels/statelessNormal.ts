import * as tf from '@tensorflow/tfjs-core';
import { statelessUniform } from './statelessUniform.js';

/** The 2 ** 23 values of a uniform lie in so many bins, of so many values each. */
const BINS = 4096;
const PER_BIN = 2048;

/**
 * Standard normal values as a pure function of the seed, the same bits on every engine: the uniform ones through the
 * normal quantile function, read from a table (linear inside a bin, exact in the two outermost).
 *
 * @param shape of the result
 * @param seed  [2] int32, see statelessUniform
 * @returns     float32, within 5.3 of 0
 * @throws ShapeError when the seed is not two int32 values
 */
export function statelessNormal(shape: readonly number[], seed: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const { base, slope } = quantileTable();
    const step = tf.mul(statelessUniform(shape, seed), BINS * PER_BIN);
    const bin = tf.floor(tf.div(step, PER_BIN));
    const inside = tf.sub(step, tf.mul(bin, PER_BIN));
    const lowest = tf.cast(tf.equal(bin, 0), 'float32');
    const highest = tf.cast(tf.equal(bin, BINS - 1), 'float32');
    // The tails follow the bins in the table: the low one, then the high one.
    const low = tf.mul(lowest, tf.add(inside, BINS));
    const high = tf.mul(highest, tf.add(inside, PER_BIN + 1));
    const row = tf.cast(tf.add(bin, tf.add(low, high)), 'int32');
    const fraction = tf.mul(tf.add(inside, 0.5), 1 / PER_BIN);
    return tf.add(tf.gather(tf.tensor1d(base), row), tf.mul(tf.gather(tf.tensor1d(slope), row), fraction));
  });
}

interface Table {
  readonly base: Float32Array;
  readonly slope: Float32Array;
}

let table: Table | undefined;

function quantileTable(): Table {
  if (table) return table;
  const base = new Float32Array(BINS + 2 * PER_BIN);
  const slope = new Float32Array(BINS + 2 * PER_BIN);
  for (let bin = 1; bin < BINS / 2; bin++) {
    const [from, to] = [quantile(bin / BINS), quantile((bin + 1) / BINS)];
    base[bin] = from;
    base[BINS - 1 - bin] = -to;
    slope[bin] = to - from;
    slope[BINS - 1 - bin] = to - from;
  }
  for (let i = 0; i < PER_BIN; i++) {
    const value = quantile((i + 0.5) / (BINS * PER_BIN));
    base[BINS + i] = value;
    base[BINS + 2 * PER_BIN - 1 - i] = -value;
  }
  table = { base, slope };
  return table;
}

/** Where the standard normal distribution reaches p, for 0 < p <= 0.5: Newton's method from the right, which is safe. */
function quantile(p: number): number {
  let z = 0;
  for (let i = 0; i < 60; i++) {
    const density = Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);
    const change = (distribution(z, density) - p) / density;
    z -= Math.min(change, 0.5);
    if (Math.abs(change) < 1e-9) break;
  }
  return z;
}

/** The normal distribution function by its series of positive terms: 0.5 + density * (z + z^3 / 3 + z^5 / 15 + ...). */
function distribution(z: number, density: number): number {
  let term = z;
  let sum = z;
  for (let k = 3; Math.abs(term) > 1e-18; k += 2) {
    term *= (z * z) / k;
    sum += term;
  }
  return 0.5 + density * sum;
}
