import { expect } from 'vitest';

/** Samples of one output map of the reference, run in float64. */
export interface RecordedLevel {
  /** [1, C, H, W]; the indices are row-major in it. */
  readonly shape: readonly [number, number, number, number];
  readonly mean: number;
  readonly std: number;
  readonly index: readonly number[];
  readonly value: readonly number[];
  /** Largest difference between the reference in float32 and in float64. */
  readonly f32_maxabs: number;
}

/**
 * float32 against float64: far below the effect of a deliberate mistake, plus the noise of a correct network.
 *
 * @param values [H, W, C]
 */
export function compareLevel(
  values: Float32Array,
  { shape, index, value, std, mean, f32_maxabs }: RecordedLevel,
): void {
  const [, channels, height, width] = shape;
  const cells = height * width;
  const tolerance = 2e-4 * std + 20 * f32_maxabs;
  expect(values.length).toBe(channels * cells);
  index.forEach((at, i) => {
    const mine = values[(at % cells) * channels + Math.floor(at / cells)]!;
    expect(Math.abs(mine - value[i]!)).toBeLessThanOrEqual(tolerance);
  });
  const average = values.reduce((sum, x) => sum + x, 0) / values.length;
  expect(Math.abs(average - mean)).toBeLessThanOrEqual(tolerance);
}
