import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { afterEvaluation, PATIENT } from '../../training/patience.js';
import { createSchedule } from '../../training/schedule.js';
import { SCHEDULES, type ScheduleConfig, scheduleConfigs } from '../../training/schedules.js';

/** Recorded by bench/peers/optimizers.py, which says of what versions. */
const PEERS = JSON.parse(readFileSync(new URL('../golden/training/peers.json', import.meta.url), 'utf8')) as {
  readonly schedules: { readonly [name: string]: readonly number[] };
  readonly plateau: { readonly metrics: readonly number[]; readonly factors: readonly number[] };
};
const STEPS = 20;
const rates = (schedule: ScheduleConfig, more: object = {}) => {
  const rateAt = createSchedule({
    learningRate: 0.8,
    warmupSteps: 0,
    totalSteps: STEPS,
    stepsPerEpoch: 3,
    schedule,
    ...more,
  });
  return Array.from({ length: STEPS }, (_, step) => rateAt(step));
};
const parsed = (kind: keyof typeof SCHEDULES, settings: object = {}): ScheduleConfig =>
  scheduleConfigs[kind].parse({ kind, ...settings });

describe('rates are those of PyTorch and timm', () => {
  test.each([
    ['one-cycle', parsed('one-cycle'), {}],
    ['poly', parsed('poly'), {}],
    ['exponential', parsed('exponential', { everyEpochs: 2 }), {}], // of 3 steps each
    ['cosine', parsed('cosine'), { finalRate: 0.1 }],
    ['poly of timm', parsed('poly', { power: 0.5 }), { finalRate: 0.1 }],
  ] as const)('%s', (recorded, schedule, more) => {
    for (const [step, rate] of rates(schedule, more).entries()) {
      expect(rate, `step ${step}`).toBeCloseTo(PEERS.schedules[recorded]![step]!, 10);
    }
  });
});

describe('schedules', () => {
  test('flat-cosine keeps the rate, then falls along half a cosine', () => {
    const found = rates(parsed('flat-cosine', { flat: 0.5 }));
    expect(found.slice(0, 11)).toEqual(Array(11).fill(0.8));
    expect(found[15]).toBeCloseTo(0.4, 12);
  });

  test('constant and plateau stay where the warm-up ends', () => {
    for (const kind of ['constant', 'plateau'] as const) {
      const found = rates(parsed(kind), { warmupSteps: 4 });
      expect(found.slice(0, 5).map((rate) => Math.round(rate * 10) / 10)).toEqual([0.2, 0.4, 0.6, 0.8, 0.8]);
      expect(found[19]).toBe(0.8);
    }
  });

  test('exponential is 0.97 every 2.4 epochs, counted from the first step, the warm-up too', () => {
    const found = rates(parsed('exponential'), { stepsPerEpoch: 5, warmupSteps: 3 });
    expect(found[11]).toBe(0.8);
    expect(found[12]).toBeCloseTo(0.8 * 0.97, 12);
  });

  test('of every kind are positive to the end, of one step, too', () => {
    for (const kind of Object.keys(SCHEDULES) as (keyof typeof SCHEDULES)[]) {
      const one = createSchedule({ learningRate: 1, warmupSteps: 0, totalSteps: 1, schedule: parsed(kind) });
      expect([kind, Number.isFinite(one(0))]).toEqual([kind, true]);
      expect(rates(parsed(kind)).every((rate) => rate > 0)).toBe(true);
    }
  });
});

test('a plateau lowers the rate where those of PyTorch do', () => {
  const { metrics, factors } = PEERS.plateau;
  let [state, best] = [PATIENT, Number.NEGATIVE_INFINITY];
  const found = metrics.map((metric) => {
    state = afterEvaluation(state, metric > best, { factor: 0.5, patience: 2 });
    best = Math.max(best, metric);
    return state.rateFactor;
  });
  expect(found).toEqual(factors);
  expect(afterEvaluation({ sinceBest: 4, borne: 1, rateFactor: 0.5 }, true, null)).toEqual({
    sinceBest: 0,
    borne: 0,
    rateFactor: 0.5,
  });
});
