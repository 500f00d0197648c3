import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { clamp, plainClamp } from '../../../engine/wasm/clamp.js';
import { view } from '../../../engine/wasm/heap.js';
import { randomValues } from '../../conformance/kernel.js';

describe.skipIf(tf.getBackend() !== 'wasm')('clamp', () => {
  it('is the vector loop in Node', () => {
    expect(clamp()).not.toBe(plainClamp);
  });

  for (const count of [1, 3, 4, 5, 16, 19, 21, 64, 100]) {
    for (const [name, run] of [
      ['vector', () => clamp()],
      ['plain', () => plainClamp],
    ] as const) {
      it(`bounds ${count} values by the ${name} loop, and none beside`, () => {
        const values = randomValues([count], 1).with(count >> 1, Number.NaN);
        const expected = values.map((value) => Math.min(Math.max(value, -0.5), 0.75));
        const source = tf.tensor1d(values);
        const target = tf.fill([count + 2], 5);
        run()((view(target) as Float32Array).subarray(1, count + 1), view(source) as Float32Array, -0.5, 0.75);
        expect(Array.from(target.dataSync())).toEqual([5, ...expected, 5]);
      });
    }
  }
});
