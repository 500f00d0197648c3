import { describe, expect, test } from 'vitest';
import { COCO, type Dataset, type ResultRecord, tideCosts, tideErrors } from '../../src/index.js';
import { golden } from '../goldens.js';

const square = (x: number, y = 0, size = 10): number[] => [x, y, size, size];

function setOf(truths: readonly (readonly [image: number, category: number, bbox: number[]])[], crowd?: number[]) {
  const annotations = truths.map(([image_id, category_id, bbox], i) => {
    return { id: i + 1, image_id, category_id, bbox, area: 100, iscrowd: 0 };
  });
  if (crowd) annotations.push({ id: 99, image_id: 1, category_id: 1, bbox: crowd, area: 100, iscrowd: 1 });
  return new COCO({ images: [{ id: 1 }, { id: 2 }], categories: [{ id: 1 }, { id: 2 }], annotations });
}
const found = (score: number, image_id: number, category_id: number, bbox: number[]): ResultRecord => {
  return { image_id, category_id, bbox, score };
};

describe('tideCosts', () => {
  test('on two classes worked out by hand', () => {
    const gt = setOf(
      [
        [1, 1, square(0)],
        [1, 2, square(50)],
        [2, 1, square(0, 0, 40)],
        [2, 2, square(0, 80)],
      ],
      square(60, 60, 30),
    );
    const dt = gt.loadRes([
      found(0.9, 1, 1, square(0)), // correct
      found(0.8, 1, 1, [0, 0, 10, 9]), // duplicate
      found(0.7, 1, 1, square(50)), // the other class
      found(0.6, 2, 1, [0, 0, 40, 12]), // poor place
      found(0.5, 1, 1, square(65, 65)), // inside the crowd of its class
      found(0.4, 2, 2, [90, 0, 5, 5]), // background
    ]);
    const costs = tideCosts(gt, dt);
    // Class 1 has one of two truths at the first detection: precision 1 at the recalls 0 to 0.5, 51 of 101. Class 2 has none.
    expect(costs.ap).toBeCloseTo(51 / 202, 12);
    // The third detection becomes the best of class 2, which then has what class 1 has.
    expect(costs.classification).toBeCloseTo(51 / 202, 12);
    // The fourth becomes a hit, the second of four: precision 0.5 at 50 more recalls.
    expect(costs.localization).toBeCloseTo(25 / 202, 12);
    expect([costs.both, costs.duplicate, costs.background, costs.missed, costs.falsePositive]).toEqual([0, 0, 0, 0, 0]);
    // Of class 1 only the truth that was found is left, of class 2 none.
    expect(costs.falseNegative).toBeCloseTo(1 / 2 - 51 / 202, 12);
  });

  test('of duplicates, background and false detections ahead of hits', () => {
    const gt = setOf([
      [1, 1, square(0)],
      [2, 1, square(0)],
    ]);
    const dt = gt.loadRes([
      found(0.9, 1, 1, square(70)), // background
      found(0.8, 1, 1, square(0)),
      found(0.7, 1, 1, square(1)), // duplicate
      found(0.6, 2, 1, square(0)),
    ]);
    const costs = tideCosts(gt, dt);
    // Miss, hit, miss, hit: precision 0.5 everywhere.
    expect(costs.ap).toBeCloseTo(0.5, 12);
    expect(costs.background).toBeCloseTo((51 + 50 * (2 / 3)) / 101 - 0.5, 12);
    expect(costs.duplicate).toBeCloseTo(2 / 3 - 0.5, 12);
    expect(costs.falsePositive).toBeCloseTo(0.5, 12);
    expect(costs.missed).toBe(0);
  });

  test('of missed truths, and of a truth that two detections nearly have', () => {
    const gt = setOf([
      [1, 1, square(0)],
      [1, 1, square(0, 60)],
      [2, 2, square(0)],
      [2, 1, square(50)],
    ]);
    const dt = gt.loadRes([
      found(0.9, 1, 1, square(0)),
      found(0.8, 2, 1, square(0)), // class 1 on a truth of class 2
      found(0.7, 2, 1, square(1)), // again: only the better one is put right
    ]);
    expect(tideErrors(gt, dt)).toMatchObject({ correct: 1, classification: 2, missed: 2, duplicate: 0 });
    const costs = tideCosts(gt, dt);
    // Class 1: one of three, recalls 0 to 0.33, 34 of 101. Class 2: none.
    expect(costs.ap).toBeCloseTo(34 / 202, 12);
    // The best becomes a hit of class 2, the other goes: class 2 is perfect.
    expect(costs.classification).toBeCloseTo(101 / 202, 12);
    // Class 1 keeps one truth, which is found.
    expect(costs.missed).toBeCloseTo((101 - 34) / 202, 12);
  });

  test('poor place and wrong class is both; a crowd of another class excuses nothing', () => {
    const gt = setOf([[1, 2, square(0)]], square(0, 0, 40));
    const dt = gt.loadRes([found(0.9, 1, 1, [0, 0, 10, 30]), found(0.8, 1, 2, square(20, 20))]);
    // The first lies in the crowd of class 1: ignored, yet counted; the second, of class 2, does not overlap its truth.
    expect(tideErrors(gt, dt)).toMatchObject({ both: 1, background: 1, missed: 1 });
    expect(tideCosts(gt, dt)).toMatchObject({ ap: 0, both: 0 });
    const plain = setOf([[1, 2, square(0)]]);
    expect(tideErrors(plain, plain.loadRes([found(0.9, 1, 1, [0, 0, 10, 30])]))).toMatchObject({ both: 1, missed: 1 });
  });
});

interface RecordedSet {
  readonly gt: Dataset;
  readonly dt: ResultRecord[];
  readonly want: {
    readonly ap: number;
    readonly costs: Readonly<Record<string, number>>;
    readonly counts: Readonly<Record<string, number>>;
  };
}
const SHORT = {
  classification: 'Cls',
  localization: 'Loc',
  both: 'Both',
  duplicate: 'Dupe',
  background: 'Bkg',
  missed: 'Miss',
  falsePositive: 'FalsePos',
  falseNegative: 'FalseNeg',
} as const;

test('counts and costs are those that tidecv recorded, with crowds, and with equal IoUs and scores', () => {
  const { sets } = golden<{ sets: RecordedSet[] }>('tide.json.gz');
  const crowded = sets.filter(({ gt }) => gt.annotations!.some(({ iscrowd }) => iscrowd === 1));
  expect([sets.length, crowded.length]).toEqual([40, 38]);
  for (const { gt, dt, want } of sets) {
    const truths = new COCO(gt);
    const { ap, ...costs } = tideCosts(truths, truths.loadRes(dt));
    expect(ap).toBeCloseTo(want.ap / 100, 10);
    for (const [kind, cost] of Object.entries(costs))
      expect(cost, kind).toBeCloseTo(want.costs[SHORT[kind as keyof typeof SHORT]]! / 100, 10);
    const { correct: _, ...counts } = tideErrors(truths, truths.loadRes(dt));
    const named = Object.entries(counts).map(([kind, n]) => [SHORT[kind as keyof typeof SHORT], n]);
    expect(Object.fromEntries(named)).toEqual(want.counts);
  }
});
