import { expect, test } from 'vitest';
import { type BudgetOptions, createBudget } from '../../../training/run/budget.js';

interface Machine {
  /** Seconds of a step, by its number; the first one compiles. */
  readonly step: (step: number) => number;
  readonly evaluation: number;
  readonly checkpoint: number;
  readonly first?: number;
}

/** Runs the budget on a clock of its own, as the loop does; seconds at the end, final evaluation and checkpoint included. */
function simulate(options: BudgetOptions, { step: stepTime, evaluation, checkpoint, first = 3 }: Machine, from = 0) {
  const budget = createBudget(options);
  let now = from;
  let saved = from;
  let measured = 0;
  const totals: number[] = [];
  for (let step = 0; ; ) {
    if (step > 0 && step % options.evaluateSteps === 0 && budget.mayEvaluate(now)) {
      now += evaluation;
      budget.evaluated(evaluation);
      measured++;
    }
    const total = budget.totalSteps(step, now);
    if (total !== null) totals.push(total);
    if ((total !== null && step >= total) || now >= options.seconds) {
      const ends = now + (options.evaluationSteps > 0 ? evaluation : 0) + checkpoint;
      return { step, ends, totals, measured };
    }
    if (now - saved >= options.checkpointSeconds) {
      now += checkpoint;
      saved = now;
      budget.saved(checkpoint);
    }
    const begun = now;
    now += step === 0 ? first : stepTime(step);
    step++;
    budget.step(begun, now);
  }
}

const OPTIONS: BudgetOptions = {
  seconds: 120,
  mostSteps: Number.POSITIVE_INFINITY,
  evaluateSteps: 50,
  evaluationSteps: 4,
  checkpointSeconds: 60,
};
const STEADY: Machine = { step: () => 0.5, evaluation: 3, checkpoint: 0.3 };

test('steps, evaluations and checkpoints end within 5 % of the time, and the estimate is near from the first on', () => {
  const { ends, step, totals, measured } = simulate(OPTIONS, STEADY);
  expect(Math.abs(ends - 120)).toBeLessThan(6);
  expect(measured).toBeGreaterThan(2);
  expect(Math.abs((totals[0] ?? 0) - step)).toBeLessThan(0.1 * step);
});

test.each([
  ['steps that vary', { ...STEADY, step: (i: number) => 0.3 + 0.4 * ((i * 0.618) % 1) }],
  ['a machine that becomes half as fast', { ...STEADY, step: (i: number) => (i < 100 ? 0.4 : 0.8) }],
  ['evaluations of a tenth of the time', { ...STEADY, evaluation: 12 }],
  ['a first step of a quarter of the time', { ...STEADY, first: 30 }],
] as const)('%s end within 5 %% of the time', (_what, machine) => {
  expect(Math.abs(simulate(OPTIONS, machine).ends - 120)).toBeLessThan(6);
});

test('without evaluations there is no time kept for one', () => {
  const { ends, step } = simulate({ ...OPTIONS, evaluationSteps: 0, evaluateSteps: 1e9 }, { ...STEADY, evaluation: 0 });
  expect(Math.abs(ends - 120)).toBeLessThan(1);
  expect(step).toBeGreaterThan(225);
});

test('a resumed run has what was left', () => {
  const { ends, step } = simulate(OPTIONS, STEADY, 80);
  expect(Math.abs(ends - 120)).toBeLessThan(6);
  expect(step).toBeLessThan(80);
});

test('epochs that are said are the most, and time that is over ends at once', () => {
  expect(simulate({ ...OPTIONS, mostSteps: 10 }, STEADY).step).toBe(10);
  expect(simulate({ ...OPTIONS, seconds: 1 }, STEADY).step).toBe(1);
  const budget = createBudget(OPTIONS);
  expect(budget.totalSteps(0, 0)).toBeNull();
  for (let i = 0; i < 3; i++) budget.step(i, i + 1);
  expect(budget.totalSteps(40, 500)).toBe(40);
});

test('stages of equal time whose steps cost more and more end in time, and the first estimate knows of all', () => {
  const costs = [1, 2, 4];
  const options = { ...OPTIONS, seconds: 300, evaluationSteps: 0, evaluateSteps: 1e9 };
  let [now, step, first] = [0, 0, 0];
  for (const [index, cost] of costs.entries()) {
    const budget = createBudget({ ...options, stage: { index, costs } });
    for (const ends = (index + 1) * 100; now < ends; step++) {
      const total = budget.totalSteps(step, now);
      if (total !== null && first === 0) first = total;
      if (total !== null && step >= total) break;
      budget.step(now, now + 0.2 * cost);
      now += 0.2 * cost;
    }
  }
  expect(Math.abs(now - 300)).toBeLessThan(3);
  expect(Math.abs(first - step)).toBeLessThan(0.03 * step); // 500 + 250 + 125
});
