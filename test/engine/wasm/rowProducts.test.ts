import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { view } from '../../../engine/wasm/heap.js';
import { plainRowProducts, rowProducts } from '../../../engine/wasm/rowProducts.js';
import { expectClose, randomValues } from '../../conformance/kernel.js';

describe.skipIf(tf.getBackend() !== 'wasm')('rowProducts', () => {
  it('is the vector loop in Node', () => {
    expect(rowProducts()).not.toBe(plainRowProducts);
  });

  for (const channels of [1, 3, 4, 5, 16, 17, 23, 64, 71]) {
    for (const [name, run] of [
      ['vector', () => rowProducts()],
      ['plain', () => plainRowProducts],
    ] as const) {
      it(`adds the ${name} products of ${channels} channels to what is there, and nothing beside`, () => {
        const [pixels, at, stepA] = [3, 2, 2 * channels + 1];
        const a = randomValues([5 + pixels * stepA], 1);
        const b = randomValues([4 + pixels * channels], 2);
        const before = randomValues([at + channels + 2], 3);
        const expected = before.map((value, i) => {
          const c = i - at;
          if (c < 0 || c >= channels) return value;
          let sum = value;
          for (let p = 0; p < pixels; p++)
            sum += (a[5 + p * stepA + c] as number) * (b[4 + p * channels + c] as number);
          return sum;
        });
        const tensors = [before, a, b].map((values) => tf.tensor1d(values));
        const [sums, first, second] = tensors.map((tensor) => view(tensor) as Float32Array);
        if (!sums || !first || !second) throw new Error('three tensors were made');
        const rowA = { values: first, start: 5, step: stepA };
        const rowB = { values: second, start: 4, step: channels };
        run()(sums, at, channels, pixels, rowA, rowB);
        expectClose(Array.from(sums), expected, 1e-5);
      });
    }
  }
});
