import { describe, expect, it } from 'vitest';
import { comparing } from '../../deploy/compare.js';
import type { HostNetwork } from '../../deploy/hostNetwork.js';

const gives = (...values: readonly number[]): HostNetwork => ({
  run: async () => ({ scores: { values: Float32Array.from(values), shape: [values.length] } }),
  dispose: async () => undefined,
});

describe('comparing', () => {
  it('answers as the candidate and keeps the furthest and the mean difference, of the largest value', async () => {
    const { network, difference } = comparing(gives(4, -8, 0), gives(5, -8, 2));
    expect([...((await network.run({})).scores?.values ?? [])]).toEqual([5, -8, 2]);
    expect(difference()).toMatchObject({ furthest: 2 / 8, mean: (1 / 8 + 2 / 8) / 3 });
  });

  it('takes values below 1 as they are', async () => {
    const { network, difference } = comparing(gives(0.5), gives(0.25));
    await network.run({});
    expect(difference().furthest).toBe(0.25);
  });

  it('is infinite where a value is missing or none', async () => {
    for (const candidate of [gives(1), gives(1, Number.NaN)]) {
      const { network, difference } = comparing(gives(1, 2), candidate);
      await network.run({});
      expect(difference().furthest).toBe(Number.POSITIVE_INFINITY);
    }
  });
});
