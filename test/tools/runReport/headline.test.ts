import { expect, it } from 'vitest';
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
  expect(headlineInterval('boxes', gathered, options)?.estimate).toBe(1);
  const maps = headlineInterval('classMap', gathered, options);
  expect(maps?.estimate).toBeCloseTo((13 / 21 + 19 / 27) / 2, 5);
  expect(maps?.low).toBeLessThan(maps?.high ?? 0);
  const classes = headlineInterval('labels', gathered, options);
  expect([classes?.estimate, classes?.high]).toEqual([0.75, 1]);
  expect(classes?.low).toBeLessThan(0.6);
  for (const truth of ['instances', 'panoptic'] as const) expect(headlineInterval(truth, gathered, options)).toBeNull();
});

it('a part of the images has an interval of its own', () => {
  const part = partOf(gathered, (position) => position === 1);
  const share = (1 / 2 + 2 / 3) / 2;
  expect(headlineInterval('classMap', part, options)).toEqual({ estimate: share, low: share, high: share });
  expect(headlineInterval('labels', part, options)).toEqual({ estimate: 1, low: 1, high: 1 });
  expect(
    headlineInterval(
      'boxes',
      partOf(gathered, () => false),
      options,
    ),
  ).toBeNull();
});

it('two runs are compared by what their headline measures, or not at all', () => {
  const compared = (truth: Parameters<typeof pairedTest>[0], other = gathered) =>
    pairedTest(truth, gathered, other, options);
  expect([compared('boxes')?.difference.estimate, compared('classMap')?.difference.estimate]).toEqual([0, 0]);
  expect([compared('instances'), compared('panoptic')]).toEqual([null, null]);
  expect(compared('labels')).toMatchObject({ pValue: 1, difference: { estimate: 0 } });
  const right = Array.from({ length: 40 }, (_, i) => (i % 10 === 0 ? 0 : 1));
  const worse = right.map((value, i) => (i % 2 === 0 ? 0 : value));
  const test = pairedTest('labels', { ...gathered, right }, { ...gathered, right: worse }, options);
  expect(test?.difference.estimate).toBeCloseTo(16 / 40, 12);
  expect(test?.pValue).toBeLessThan(0.01);
  expect(compared('labels', { ...gathered, right: [1] })).toBeNull();
});
