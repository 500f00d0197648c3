import { describe, expect, it } from 'vitest';
import { writeSafetensors } from '../../weights/safetensors.js';
import { fuzz } from './mutations.js';
import { SEED_NAMES, seedBytes } from './seedFiles.js';

/** Readers know no engine: the full count belongs to one of the projects. */
const { ESPALIER_TEST_ALL, ESPALIER_TEST_ENGINE } = process.env;
const isThorough = Boolean(ESPALIER_TEST_ALL) && ESPALIER_TEST_ENGINE === 'wasm';
/** Mutations of each file; all of them with `npm run test:all`. */
const COUNT = isThorough ? 10_000 : 100;
const LIMIT_MS = 5000;
const LIMIT_MEGABYTES = 1000;

describe(`${COUNT} damaged copies`, () => {
  it.each(SEED_NAMES)(
    'of %s end in an error of ours or are read, without a hang or a large allocation',
    (name) => {
      const { defects, slowestMs, peakMegabytes, opened, refused } = fuzz(seedBytes(name), COUNT);
      expect(defects).toEqual([]);
      expect(slowestMs).toBeLessThan(LIMIT_MS);
      expect(peakMegabytes).toBeLessThan(LIMIT_MEGABYTES);
      expect(opened + refused).toBe(COUNT);
      expect(refused).toBeGreaterThan(0);
      if (isThorough)
        console.log(
          `${name}: ${opened} read, ${refused} refused, slowest ${slowestMs.toFixed(0)} ms, peak ${peakMegabytes.toFixed(0)} MB`,
        );
    },
    600_000,
  );

  it('of a safetensors file of our own', () => {
    const bytes = writeSafetensors(new Map([['w', { dtype: 'F32', shape: [3], data: Float32Array.of(1, 2, 3) }]]));
    expect(fuzz(bytes, COUNT).defects).toEqual([]);
  }, 600_000);
});
