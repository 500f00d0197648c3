import { describe, expect, test } from 'vitest';
import { parseExperiment } from '../../configs/read.js';
import { describeStages, stagesOf } from '../../configs/stages.js';

const parse = (task: string, more: object = {}) =>
  parseExperiment({ task, data: { kind: 'coco', root: '/data' }, ...more }, 'test');

describe('stages of a progressive training', () => {
  test('are one where nothing is said', () => {
    const experiment = parse('detection');
    expect(stagesOf(experiment)).toEqual([experiment]);
  });

  test('grow in size, magnitude and dropout, and end with the experiment as it is', () => {
    const experiment = parse('classification', {
      model: { inputSize: [224, 320], head: { kind: 'classification', dropout: 0.3 } },
      augment: { policy: 'rand-m15-mstd0.5', mixup: { probability: 0.6 } },
      train: { progressive: { stages: 4 } },
    });
    const stages = stagesOf(experiment);
    expect(stages.at(-1)).toBe(experiment);
    expect(stages.map(({ model }) => model.inputSize)).toEqual([
      [128, 160],
      [160, 224],
      [192, 256],
      [224, 320],
    ]);
    expect(stages.map(({ augment }) => augment.policy)).toEqual([
      'rand-m5-mstd0.5',
      'rand-m8.3-mstd0.5',
      'rand-m11.6-mstd0.5',
      'rand-m15-mstd0.5',
    ]);
    for (const [i, { augment, model }] of stages.entries()) {
      expect(augment.mixup.probability).toBeCloseTo(0.2 * i, 9);
      expect('dropout' in model.head && model.head.dropout).toBeCloseTo(0.3 * (0.33 + (0.67 * i) / 3), 9);
    }
    expect(describeStages(stages)).toBe(
      '4 stages of equal length, of 128 x 160, then 160 x 224, then 192 x 256, then 224 x 320 pixels',
    );
  });

  test('have the parameters of the last, also where the size decides them', () => {
    const heads = stagesOf(
      parse('detection', { model: { inputSize: [512, 512], head: 'aligned' }, train: { progressive: { stages: 2 } } }),
    ).map(({ model }) => model.head);
    expect(heads.map((head) => 'regMax' in head && head.regMax)).toEqual([16, null]);
  });

  test('are refused beside what is for images of one size', () => {
    expect(() => stagesOf(parse('detection', { train: { progressive: { stages: 4 }, cachedViews: 2 } }))).toThrow(
      'train.progressive: train.cachedViews is for images of one size: leave one of them out',
    );
  });
});
