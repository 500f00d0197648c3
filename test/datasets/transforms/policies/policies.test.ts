import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { opOf } from '../../../../datasets/transforms/ops/index.js';
import { POLICY_NAMES, policyOf } from '../../../../datasets/transforms/policies/index.js';
import { INCREASING, LEVELS } from '../../../../datasets/transforms/policies/levels.js';
import type { OpCall } from '../../../../datasets/transforms/policies/policy.js';
import { createRandom } from '../../../../engine/random.js';

type Table = readonly (readonly (readonly [string, number, number])[])[];
interface Golden {
  readonly policies: { readonly [name: string]: Table };
  readonly detection: { readonly [name: string]: Table };
  readonly levels: { readonly [name: string]: readonly (number | null)[] };
}
const golden = JSON.parse(
  readFileSync(new URL('../../../golden/augmentations/augmentations.json', import.meta.url), 'utf8'),
) as Golden;

/** Names of this library by those of timm and google/automl. */
const NAMES: { readonly [name: string]: string } = {
  AutoContrast: 'autocontrast',
  PosterizeOriginal: 'posterizeOriginal',
  SolarizeAdd: 'solarizeAdd',
  ShearX: 'shearX',
  ShearY: 'shearY',
  TranslateYRel: 'translateY',
  TranslateX_BBox: 'translateX',
  TranslateY_Only_BBoxes: 'objects.translateY',
  ShearX_BBox: 'shearX',
  ShearY_BBox: 'shearY',
  Rotate_BBox: 'rotate',
};
const renamed = (table: Table) =>
  table.map((calls) => calls.map(([name, ...rest]) => [NAMES[name] ?? name.toLowerCase(), ...rest]));

const drawing = (seed: number, channels = 3, size: readonly [number, number] = [320, 320]) => ({
  frame: { width: size[1], height: size[0] },
  size,
  channels,
  random: createRandom([seed]),
});
const drawnBy = (name: string, count: number, channels = 3, size: readonly [number, number] = [320, 320]) =>
  Array.from({ length: count }, (_, seed) => policyOf(name).draw(drawing(seed, channels, size)));

const closeTo = (values: readonly (number | null)[] = []) => values.map((value) => expect.closeTo(value ?? -1, 9));

describe('tables and levels are those of others', () => {
  test.each(Object.entries(golden.policies))('%s of timm', (name, table) => {
    expect(policyOf(name).table).toEqual(renamed(table));
  });

  test.each(Object.entries(golden.detection))('detection-%s of google/automl', (name, table) => {
    expect(policyOf(`detection-${name}`).table).toEqual(renamed(table));
  });

  test('levels 0, 3, 7.3 and 10 of timm', () => {
    const at = [0, 3, 7.3, 10];
    const pairs = [
      ['Rotate', LEVELS.rotate],
      ['Posterize', LEVELS.posterize],
      ['PosterizeOriginal', LEVELS.posterizeOriginal],
      ['PosterizeIncreasing', INCREASING.posterize],
      ['Solarize', LEVELS.solarize],
      ['SolarizeIncreasing', INCREASING.solarize],
      ['SolarizeAdd', LEVELS.solarizeAdd],
      ['Color', LEVELS.color],
      ['Sharpness', LEVELS.sharpness],
      ['ShearX', LEVELS.shearX],
      ['TranslateXRel', LEVELS.translateX],
    ] as const;
    for (const [name, level] of pairs) {
      expect(at.map((strength) => level.value(strength))).toEqual(closeTo(golden.levels[name]));
    }
    const { about, value } = INCREASING.color;
    expect(at.map((strength) => about + value(strength))).toEqual(closeTo(golden.levels.ColorIncreasing));
  });
});

test.each([...POLICY_NAMES, 'rand-m9-mstd0.5', 'rand-m15-n3-mstd101-inc1'])(
  '%s draws only ops that it names, of values that they take, the same for the same stream',
  (name) => {
    const policy = policyOf(name);
    const calls = drawnBy(name, 300).flat();
    expect(calls.length).toBeGreaterThan(100);
    for (const { op, value } of calls) {
      expect(policy.ops).toContain(op);
      const { limits, value: unit } = opOf(op);
      if (unit === 'none') continue;
      expect(value).toBeGreaterThanOrEqual(limits[0]);
      expect(value).toBeLessThanOrEqual(limits[1]);
    }
    expect(policy.draw(drawing(7))).toEqual(policy.draw(drawing(7)));
  },
);

test('rand-m9-mstd0.5: two ops of fifteen, each applied half of the time, at magnitudes about 9', () => {
  const drawn = drawnBy('rand-m9-mstd0.5', 4000);
  const calls = drawn.flat();
  expect(calls.length / drawn.length).toBeCloseTo(1, 1);
  expect(Math.max(...drawn.map(({ length }) => length))).toBe(2);
  expect(new Set(calls.map(({ op }) => op)).size).toBe(15);
  const turns = calls.flatMap(({ op, value }) => (op === 'rotate' ? [Math.abs(value) / 3] : []));
  const mean = turns.reduce((sum, value) => sum + value, 0) / turns.length;
  expect(mean).toBeGreaterThan(8.9);
  expect(mean).toBeLessThan(9.1);
  expect(Math.max(...turns)).toBeLessThanOrEqual(10);
});

describe('nnunet', () => {
  const drawn = drawnBy('nnunet', 20_000, 1);
  const share = (has: (calls: readonly OpCall[]) => boolean): number => drawn.filter(has).length / drawn.length;
  test.each([
    ['rotate', 0.2],
    ['zoom', 0.2],
    ['noise', 0.1],
    ['blur', 0.2 * 0.5],
    ['gain', 0.15],
    ['stretch', 0.15],
    ['lowResolution', 0.25 * 0.5],
    ['rangeGammaInverted', 0.1],
    ['rangeGamma', 0.3],
  ] as const)('%s with probability %d', (op, probability) => {
    // four standard deviations
    const tolerance = 4 * Math.sqrt((probability * (1 - probability)) / drawn.length);
    expect(Math.abs(share((calls) => calls.some((call) => call.op === op)) - probability)).toBeLessThan(tolerance);
  });

  test('ranges are those of the rule, half of the contrasts below 1', () => {
    const valuesOf = (op: string) => drawn.flat().flatMap((call) => (call.op === op ? [call.value] : []));
    const inside = (values: readonly number[], low: number, high: number) => {
      expect(Math.min(...values)).toBeGreaterThanOrEqual(low);
      expect(Math.max(...values)).toBeLessThanOrEqual(high);
      expect(Math.min(...values)).toBeLessThan(low + 0.05 * (high - low));
      expect(Math.max(...values)).toBeGreaterThan(high - 0.05 * (high - low));
    };
    inside(valuesOf('rotate'), -180, 180);
    inside(
      valuesOf('zoom').map((value) => 1 / value),
      0.7,
      1.4,
    );
    inside(valuesOf('noise'), 0, 0.1);
    inside(valuesOf('blur'), 0.5, 1);
    inside(valuesOf('gain'), 0.75, 1.25);
    inside(valuesOf('rangeGamma'), 0.7, 1.5);
    const gammas = valuesOf('rangeGamma');
    expect(gammas.filter((value) => value < 1).length / gammas.length).toBeCloseTo(0.5, 1);
    const slim = drawnBy('nnunet', 2000, 1, [128, 512]).flat();
    expect(Math.max(...slim.flatMap(({ op, value }) => (op === 'rotate' ? [value] : [])))).toBeLessThanOrEqual(15);
  });

  test('each channel has a draw of its own, of noise all the same', () => {
    const calls = drawnBy('nnunet', 500, 4);
    const gains = calls.map((each) => each.filter(({ op }) => op === 'gain')).filter(({ length }) => length > 0);
    expect(gains.every((each) => each.map(({ channel }) => channel).join() === '0,1,2,3')).toBe(true);
    expect(gains.every((each) => new Set(each.map(({ value }) => value)).size === 4)).toBe(true);
    const noises = calls.flat().filter(({ op }) => op === 'noise');
    expect(noises.every(({ channel }) => channel === undefined)).toBe(true);
  });
});
