import { expect, it } from 'vitest';
import { TASKS } from '../../../heads/index.js';
import { headlineInterval, pairedTest } from '../../../tools/runReport/headline.js';

const labels = { classes: [{ id: 1, name: 'cow' }] };
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
const gathered = { answered, confusions };
const interval = { estimate: 0.5, low: 0.4, high: 0.6 };

it('the headline of boxes has the interval of boxes, that of class maps of their pixels, others none', () => {
  expect(headlineInterval(TASKS.detection, { interval }, gathered)).toBe(interval);
  const maps = headlineInterval(TASKS.segmentation, null, gathered);
  expect(maps?.estimate).toBeCloseTo((13 / 21 + 19 / 27) / 2, 5);
  expect(maps?.low).toBeLessThan(maps?.high ?? 0);
  for (const task of [TASKS.instances, TASKS.panoptic, TASKS.classification]) {
    expect(headlineInterval(task, { interval }, gathered)).toBeNull();
  }
});

it('two runs are compared by what their headline measures, or not at all', () => {
  const options = { labels, maxDetections: 100 };
  const compared = (task: Parameters<typeof pairedTest>[0]) => pairedTest(task, gathered, gathered, options);
  const { detection, segmentation, ...others } = TASKS;
  expect([compared(detection)?.difference.estimate, compared(segmentation)?.difference.estimate]).toEqual([0, 0]);
  expect(Object.values(others).map(compared)).toEqual([null, null, null]);
});
