import { describe, expect, it } from 'vitest';
import {
  analyseBoxes,
  boxInterval,
  compareAnswers,
  compareMaps,
  intervalOf,
  labelSuspicions,
} from '../../../datasets/evaluators/index.js';
import type { DetectionTruth } from '../../../datasets/sample.js';

const labels = { classes: ['a', 'b'].map((name, id) => ({ id, name })) };
const truthOf = (
  boxes: readonly number[],
  classes: readonly number[],
  ignored = classes.map(() => 0),
): DetectionTruth => ({
  kind: 'boxes',
  boxes: Float64Array.from(boxes),
  labels: Int32Array.from(classes),
  ignored: Uint8Array.from(ignored),
  areas: Float64Array.from(classes, () => 100),
});
const answerOf = (boxes: readonly number[], classes: readonly number[], scores: readonly number[]) => ({
  boxes: Float32Array.from(boxes),
  labels: Int32Array.from(classes),
  scores: Float32Array.from(scores),
});
const sizes = Array.from({ length: 4 }, () => ({ width: 200, height: 200 }));
/** Four images of one object each: found in the first three. */
const truths = sizes.map(() => truthOf([20, 20, 40, 30], [0]));
const good = truths.map((truth, i) => ({
  truth,
  result: i < 3 ? answerOf([20, 20, 40, 30], [0], [0.9]) : answerOf([], [], []),
}));
const poor = truths.map((truth) => ({ truth, result: answerOf([], [], []) }));
const options = { labels, maxDetections: 100, threshold: 0.3 };

describe('an analysis of boxes', () => {
  it('has AP with an interval around it, and what missing objects cost', () => {
    const interval = boxInterval(good, options);
    const { costs, groups } = analyseBoxes(good, sizes, options);
    expect(interval?.estimate).toBeCloseTo(0.75, 1);
    expect(interval?.low).toBeLessThan(interval?.estimate ?? 0);
    expect(interval?.high).toBeGreaterThan(interval?.estimate ?? 1);
    expect(costs.missed).toBeGreaterThan(0.2);
    const all = { objects: 4, found: 3, AP: expect.closeTo(interval?.estimate ?? -1, 12) as number };
    expect(groups).toEqual([
      { by: 'size', group: 'small: below 32 pixels', ...all },
      { by: 'aspect', group: 'about square', ...all },
      { by: 'crowding', group: 'alone', ...all },
      { by: 'position', group: 'further out', ...all },
    ]);
  });

  it('has AP of every group alone: what is found of others, and wrong answers like others, count neither way', () => {
    const wide = [10, 90, 70, 110];
    const square = [120, 90, 140, 110];
    const truth = truthOf([...wide, ...square], [0, 0]);
    const nothing = [90, 150, 190, 170]; // wide, and on nothing
    const answer = answerOf([...nothing, ...wide, ...square], [0, 0, 0], [0.9, 0.8, 0.7]);
    const { groups } = analyseBoxes([{ truth, result: answer }], sizes, options);
    const precision = new Map(groups.map(({ by, group, AP }) => [`${by} ${group}`, AP]));
    expect(precision.get('aspect about square')).toBeCloseTo(1, 12);
    expect(precision.get('aspect wider than 2:1')).toBeCloseTo(0.5, 12);
    expect(precision.get('position in the middle')).toBeCloseTo(1, 12);
    expect(precision.get('position further out')).toBeCloseTo(0.5, 12);
    expect(precision.get('crowding alone')).toBeCloseTo(2 / 3, 12); // at recall 1/2 and 1: interpolated
  });

  it('counts as overlapped what other truths touch, the one that an answer found left out', () => {
    const truth = truthOf([20, 20, 60, 60, 30, 30, 70, 70, 120, 120, 140, 140], [0, 0, 0]);
    const answer = answerOf([20, 20, 60, 60, 120, 120, 140, 140], [0, 0], [0.9, 0.8]);
    const { groups } = analyseBoxes([{ truth, result: answer }], sizes, options);
    const crowding = groups.filter(({ by }) => by === 'crowding');
    expect(crowding.map(({ group, objects, found }) => [group, objects, found])).toEqual([
      ['alone', 1, 1],
      ['one or two overlap it', 2, 1],
    ]);
    expect(crowding[0]?.AP).toBeCloseTo(1, 12);
    expect(crowding[1]?.AP).toBeCloseTo(51 / 101, 12);
  });

  it('of nothing has no interval', () => {
    const empty = [{ truth: truthOf([], []), result: answerOf([], [], []) }];
    expect(boxInterval(empty, options)).toBeNull();
    expect(analyseBoxes(empty, sizes, options).groups).toEqual([]);
  });

  it('compares in pairs, and only the same images', () => {
    const { difference, pValue } = compareAnswers(good, poor, options);
    expect(difference.estimate).toBeCloseTo(0.75, 1);
    expect(pValue).toBeLessThan(0.05);
    expect(() => compareAnswers(good, poor.slice(1), options)).toThrow('4 and 3 images cannot be compared in pairs');
  });
});

describe('suspicions', () => {
  it('are confident answers where no label is, another one, or one beside', () => {
    const truth = truthOf([0, 0, 10, 10, 50, 0, 60, 10, 100, 0, 110, 10], [0, 1, 0], [0, 0, 1]);
    const boxes = [
      [0, 0, 10, 10],
      [50, 0, 60, 10],
      [0, 50, 10, 60],
      [3, 4, 13, 14],
      [100, 0, 110, 10],
      [80, 80, 90, 90],
    ];
    const answer = answerOf(boxes.flat(), [0, 0, 1, 0, 1, 1], [0.95, 0.9, 0.8, 0.7, 0.65, 0.4]);
    expect(
      labelSuspicions(truth, answer, 0.5).map(({ kind, answered, labelled }) => [kind, answered, labelled]),
    ).toEqual([
      ['class', 0, 1],
      ['missing', 1, null],
      ['place', 0, 0],
    ]);
  });
});

describe('mean IoU', () => {
  const image = (right: number, wrong: number) => [
    [right, wrong],
    [wrong, right],
  ];

  it('has an interval over images', () => {
    const images = [image(90, 10), image(60, 40), image(99, 1), image(80, 20)];
    const interval = intervalOf(images);
    expect(interval?.estimate).toBeCloseTo(329 / (329 + 2 * 71), 12);
    expect(interval?.low).toBeLessThan(0.65);
    expect(interval?.high).toBeGreaterThan(0.75);
    expect(intervalOf([])).toBeNull();
    expect(intervalOf([[[0]]])).toBeNull();
  });

  it('differs in pairs', () => {
    const [better, worse] = [
      [0, 1, 2, 3],
      [0, 1, 2, 3],
    ].map((list, i) => list.map((n) => image(80 + n - 20 * i, 20)));
    expect(compareMaps(better!, worse!)?.pValue).toBe(0);
    expect(compareMaps(better!, better!)).toMatchObject({ pValue: 1, difference: { estimate: 0 } });
    expect(compareMaps(better!, [])).toBeNull();
  });
});
