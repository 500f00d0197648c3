import { expect, it } from 'vitest';
import { TASKS } from '../../../heads/index.js';
import { headlineInterval, pairedTest, partOf } from '../../../tools/runReport/headline.js';

const labels = {
  classes: [
    { id: 1, name: 'cow' },
    { id: 2, name: 'horse' },
  ],
};
const answered = [0, 1, 2].map((image) => {
  const boxes = [10, 10, 30, 30];
  return {
    truth: {
      boxes: Float64Array.from(boxes),
      labels: Int32Array.of(0),
      ignored: Uint8Array.of(0),
      areas: Float64Array.of(400),
    },
    result: { boxes: Float32Array.from(boxes), labels: Int32Array.of(0), scores: Float32Array.of(0.5 + image / 10) },
  };
});
const confusions = [
  [
    [8, 2],
    [1, 9],
  ],
  [
    [5, 5],
    [0, 10],
  ],
];
const gathered = { answered, confusions, right: [1, 1, 0, 1] };
const options = { labels, maxDetections: 100 };

it('the headline of boxes has the interval of boxes, those of class maps and of classes their own, others none', () => {
  expect(headlineInterval(TASKS.detection, gathered, options)?.estimate).toBe(1);
  const maps = headlineInterval(TASKS.segmentation, gathered, options);
  expect(maps?.estimate).toBeCloseTo((13 / 21 + 19 / 27) / 2, 5);
  expect(maps?.low).toBeLessThan(maps?.high ?? 0);
  const classes = headlineInterval(TASKS.classification, gathered, options);
  expect([classes?.estimate, classes?.high]).toEqual([0.75, 1]);
  expect(classes?.low).toBeLessThan(0.6);
  for (const task of [TASKS.instances, TASKS.panoptic]) expect(headlineInterval(task, gathered, options)).toBeNull();
});

it('a part of the images has an interval of its own', () => {
  const part = partOf(gathered, (position) => position === 1);
  const share = (1 / 2 + 2 / 3) / 2;
  expect(headlineInterval(TASKS.segmentation, part, options)).toEqual({ estimate: share, low: share, high: share });
  expect(headlineInterval(TASKS.classification, part, options)).toEqual({ estimate: 1, low: 1, high: 1 });
  expect(
    headlineInterval(
      TASKS.detection,
      partOf(gathered, () => false),
      options,
    ),
  ).toBeNull();
});

it('two runs are compared by what their headline measures, or not at all', () => {
  const compared = (task: Parameters<typeof pairedTest>[0], other = gathered) =>
    pairedTest(task, gathered, other, options);
  expect([compared(TASKS.detection)?.difference.estimate, compared(TASKS.segmentation)?.difference.estimate]).toEqual([
    0, 0,
  ]);
  expect([compared(TASKS.instances), compared(TASKS.panoptic)]).toEqual([null, null]);
  expect(compared(TASKS.classification)).toMatchObject({ pValue: 1, difference: { estimate: 0 } });
  const right = Array.from({ length: 40 }, (_, i) => (i % 10 === 0 ? 0 : 1));
  const worse = right.map((value, i) => (i % 2 === 0 ? 0 : value));
  const test = pairedTest(TASKS.classification, { ...gathered, right }, { ...gathered, right: worse }, options);
  expect(test?.difference.estimate).toBeCloseTo(16 / 40, 12);
  expect(test?.pValue).toBeLessThan(0.01);
  expect(compared(TASKS.classification, { ...gathered, right: [1] })).toBeNull();
});
