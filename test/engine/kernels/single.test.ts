import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ready } from '../../../engine/engine.js';
import { evaluateSingle, expectedSingle, SINGLE_CASES } from './singleCases.js';

function runCases(): void {
  it.each(SINGLE_CASES)('$name', async (single) => {
    const found = await evaluateSingle(single);
    expect(rounded(found)).toEqual(rounded(expectedSingle(single)));
  });
}

/** Five digits, and no -0. */
const rounded = (value: object): unknown =>
  JSON.parse(
    JSON.stringify(value, (_, inner) => (typeof inner === 'number' ? Math.round(inner * 1e5) / 1e5 + 0 : inner)),
  );

describe('an axis of one', () => runCases());

describe.runIf(tf.getBackend() === 'wasm')('an axis of one on the cpu engine', () => {
  beforeAll(() => ready({ engine: 'cpu' }));
  afterAll(() => ready({ engine: 'wasm' }));
  runCases();
});
