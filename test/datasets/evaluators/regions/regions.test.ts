import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  averageSurfaceDistance,
  connectedComponents,
  countLesions,
  type Grid,
  hausdorffDistance,
  lesionScores,
  measureRegion,
  squaredDistances,
  surfaceDice,
  surfaceDistances,
} from '../../../../datasets/evaluators/regions/index.js';
import { createRandom } from '../../../../engine/random.js';
import { golden } from '../../../data.js';

/** bench/peers/recordRegions.py */
interface Entry {
  readonly shape: readonly number[];
  readonly spacing: readonly number[];
  readonly tolerance: number;
  /** Packed bits, base64. */
  readonly truth: string;
  readonly answer: string;
  readonly distances?: readonly (readonly [at: number, distance: number])[];
  readonly distanceSum?: number;
  readonly dice?: number;
  readonly iou?: number;
  readonly surfaces?: { readonly [name: string]: number };
  readonly components: readonly [faces: number, full: number];
  readonly sizes: readonly number[];
  readonly lesions: readonly [lesions: number, found: number, answers: number, right: number];
}

const { entries } = golden<{ entries: readonly Entry[] }>('evaluators/regions.json.gz');
const three = (values: readonly number[]): [number, number, number] => [
  values.at(-3) ?? 1,
  values.at(-2)!,
  values.at(-1)!,
];
const unpack = (text: string, count: number): Uint8Array => {
  const bytes = Buffer.from(text, 'base64');
  return Uint8Array.from({ length: count }, (_, i) => (bytes[i >> 3]! >> (7 - (i & 7))) & 1);
};
const pairs = entries.map((entry) => {
  const grid: Grid = { shape: three(entry.shape), spacing: three(entry.spacing) };
  const voxels = entry.shape.reduce((a, b) => a * b);
  return { ...entry, grid, truth: unpack(entry.truth, voxels), answer: unpack(entry.answer, voxels) };
});

const POLICY = {
  tolerance: 1,
  bothEmpty: 'leaveOut',
  oneEmpty: 'leaveOut',
  connectivity: 'full',
  lesionOverlap: 0,
} as const;
/** What the recorded figures are equal to, in the unit of the spacing. */
const EQUAL = 1e-6;

describe('200 pairs of masks as scipy, SimpleITK and MONAI measure them', () => {
  test('there are flat ones and stacks, empty ones and full ones', () => {
    expect(pairs).toHaveLength(200);
    expect(pairs.filter(({ grid }) => grid.shape[0] > 1).length).toBe(100);
    expect(pairs.filter(({ surfaces }) => !surfaces).length).toBeGreaterThan(8);
  });

  test('distances to a mask', () => {
    for (const { truth, grid, distances, distanceSum } of pairs) {
      const squares = squaredDistances(truth, grid);
      if (!distances) expect(squares.every((square) => square === Number.POSITIVE_INFINITY)).toBe(true);
      for (const [at, distance] of distances ?? [])
        expect(Math.abs(Math.sqrt(squares[at]!) - distance)).toBeLessThan(EQUAL);
      if (distanceSum === undefined) continue;
      const sum = squares.reduce((total, square) => total + Math.sqrt(square), 0);
      expect(Math.abs(sum - distanceSum)).toBeLessThan(EQUAL);
    }
  });

  test('Dice, IoU, both Hausdorff distances, average surface distance and surface Dice', () => {
    for (const { truth, answer, grid, tolerance, dice, iou, surfaces } of pairs) {
      const { figures, empty } = measureRegion({ truth, answer, grid, voxelVolume: 1 }, 1, { ...POLICY, tolerance });
      expect(empty === 'none').toBe(surfaces !== undefined);
      if (!surfaces) continue;
      const expected = [dice, iou, surfaces.hausdorff, surfaces.hausdorff95, surfaces.average, surfaces.surfaceDice];
      const found = [figures.dice, figures.iou, figures.hausdorff, figures.hausdorff95];
      for (const [i, value] of [...found, figures.averageSurfaceDistance, figures.surfaceDice].entries()) {
        expect(Math.abs(value! - expected[i]!)).toBeLessThan(EQUAL);
      }
    }
  });

  test('connected components, their sizes in order, and lesions found', () => {
    for (const { truth, answer, grid, components, sizes, lesions } of pairs) {
      expect(connectedComponents(truth, grid.shape, 'faces').count).toBe(components[0]);
      const full = connectedComponents(truth, grid.shape, 'full');
      expect(full.count).toBe(components[1]);
      expect([...full.sizes.subarray(1)]).toEqual(sizes);
      const counted = countLesions(truth, answer, grid.shape, { connectivity: 'full', overlap: 0 });
      expect([counted.lesions, counted.found, counted.answers, counted.right]).toEqual(lesions);
    }
  });
});

const flat = (width: number, height = 1): Grid => ({ shape: [1, height, width], spacing: [1, 1, 1] });

describe('worked by hand', () => {
  test('distances on a row, between two rows, and between slices that are far apart', () => {
    expect([...squaredDistances(Uint8Array.of(0, 0, 1, 0, 0), flat(5))]).toEqual([4, 1, 0, 1, 4]);
    const grid: Grid = { shape: [2, 2, 2], spacing: [5, 3, 2] };
    expect([...squaredDistances(Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0), grid)]).toEqual([0, 4, 9, 13, 25, 29, 34, 38]);
  });

  test('a square beside itself, one pixel to the right', () => {
    // 3 x 3 squares in 5 x 5: 8 surface pixels each; of either, the column that the other lacks is 1 away, and its middle
    const at = (left: number) =>
      Uint8Array.from({ length: 25 }, (_, i) => {
        const [x, y] = [i % 5, Math.floor(i / 5)];
        return x >= left && x < left + 3 && y >= 1 && y < 4 ? 1 : 0;
      });
    const distances = surfaceDistances(at(0), at(1), { shape: [1, 5, 5], spacing: [1, 0.5, 2] })!;
    // the hole of the other's ring is half a row from its surface; the lacking column a column
    expect([...distances.toAnswer]).toEqual([0, 0, 0, 0, 0.5, 2, 2, 2]);
    expect([...distances.toTruth]).toEqual([0, 0, 0, 0, 0.5, 2, 2, 2]);
    expect(hausdorffDistance(distances)).toBe(2);
    expect(averageSurfaceDistance(distances)).toBe(6.5 / 8);
    expect([0, 0.5, 1.99, 2].map((tolerance) => surfaceDice(distances, tolerance))).toEqual([0.5, 5 / 8, 5 / 8, 1]);
  });

  test('a corner joins two pixels only where corners count', () => {
    const mask = Uint8Array.of(1, 0, 0, 1);
    expect(connectedComponents(mask, [1, 2, 2], 'faces').count).toBe(2);
    expect(connectedComponents(mask, [1, 2, 2], 'full').count).toBe(1);
    expect(connectedComponents(mask, [2, 1, 2], 'full').count).toBe(1);
    expect(connectedComponents(mask, [2, 1, 2], 'faces').count).toBe(2);
  });

  test('a lesion is found where enough of it is covered', () => {
    const truth = Uint8Array.of(1, 1, 1, 1, 0, 1, 0, 0, 0);
    const answer = Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 1, 0);
    const counts = (overlap: number) => countLesions(truth, answer, [1, 1, 9], { connectivity: 'full', overlap });
    expect(counts(0)).toEqual({ lesions: 2, found: 1, answers: 2, right: 1 });
    expect(counts(0.25).found).toBe(1);
    expect(counts(0.3).found).toBe(0);
    expect(lesionScores(counts(0))).toEqual({ sensitivity: 0.5, precision: 0.5, f1: 0.5 });
    expect(lesionScores(counts(0.3))).toEqual({ sensitivity: 0, precision: 0.5, f1: 0 });
    expect(lesionScores({ lesions: 0, found: 0, answers: 0, right: 0 })).toEqual({
      sensitivity: null,
      precision: null,
      f1: null,
    });
  });
});

describe('whatever the masks', () => {
  const grids = fc.record({
    shape: fc.tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 })),
    spacing: fc.tuple(...([0, 1, 2] as const).map(() => fc.double({ min: 0.1, max: 9, noNaN: true }))) as fc.Arbitrary<
      [number, number, number]
    >,
    seed: fc.integer({ min: 0, max: 1e6 }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });

  test('the distance is the smallest of all distances, tried one by one', () => {
    fc.assert(
      fc.property(grids, ({ shape, spacing, seed, share }) => {
        const [depth, height, width] = shape;
        const random = createRandom([seed]);
        const mask = Uint8Array.from({ length: depth * height * width }, () => (random.next() < share ? 1 : 0));
        const place = (at: number) => [Math.floor(at / (width * height)), Math.floor(at / width) % height, at % width];
        const sites = [...mask.keys()].filter((at) => mask[at] === 1).map(place);
        squaredDistances(mask, { shape, spacing }).forEach((square, at) => {
          const own = place(at);
          const smallest = Math.min(
            ...sites.map((site) => own.reduce((sum, c, axis) => sum + ((c - site[axis]!) * spacing[axis]!) ** 2, 0)),
          );
          if (smallest === Number.POSITIVE_INFINITY) expect(square).toBe(smallest);
          else expect(Math.abs(square - smallest)).toBeLessThanOrEqual(1e-9 * (1 + smallest));
        });
      }),
      { numRuns: 60 },
    );
  });
});

describe('refused', () => {
  test.each([
    [() => squaredDistances(new Uint8Array(3), flat(4)), 'a mask of 3 voxels on a grid of 1 x 1 x 4: give it 4'],
    [
      () => squaredDistances(new Uint8Array(4), { shape: [1, 2, 2], spacing: [1, 0, 1] }),
      'a spacing of 1, 0, 1: give a length above 0',
    ],
    [
      () => squaredDistances(new Uint8Array(4), { shape: [4096, 4096, 4096], spacing: [1, 1, 1] }),
      'a grid of 4096 x 4096 x 4096 voxels',
    ],
  ])('%#', (work, sentence) => {
    expect(work).toThrow(sentence);
  });

  test('nothing is no distance', () => {
    expect(surfaceDistances(new Uint8Array(4), Uint8Array.of(0, 1, 0, 0), flat(4))).toBeNull();
    expect(surfaceDistances(new Uint8Array(0), new Uint8Array(0), flat(0))).toBeNull();
  });
});
