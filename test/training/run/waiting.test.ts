import { expect, test } from 'vitest';
import { createWaitingWatch, WAITING_WINDOW } from '../../../training/run/waiting.js';

/** Steps of 100 ms; the warnings with the step they came after. */
function warnings(count: number, dataOf: (step: number) => number): readonly (readonly [number, string])[] {
  const watch = createWaitingWatch();
  return Array.from({ length: count }, (_, i) => i + 1).flatMap((step) => {
    const data = dataOf(step);
    const message = watch.step({ data, compute: 100 - data, host: 0 });
    return message === null ? [] : [[step, message] as const];
  });
}
const FIRST = 5 + WAITING_WINDOW; // the start is not counted

test('waiting for more than 3 % of a window is a warning that names the key to change', () => {
  expect(warnings(FIRST + 20, () => 12)).toEqual([
    [FIRST, 'waiting for data took 12% of the last 50 steps: raise train.workers, or train.cacheMegabytes'],
  ]);
  expect(warnings(500, () => 2.9)).toEqual([]);
});

test('the start of the loader is no waiting', () => {
  expect(warnings(500, (step) => (step <= 5 ? 100 : 1))).toEqual([]);
});

test('the warning comes once, and again after a window without it', () => {
  const slow = (step: number): number => (step <= 5 + 2 * WAITING_WINDOW || step > 5 + 3 * WAITING_WINDOW ? 10 : 0);
  expect(warnings(5 + 5 * WAITING_WINDOW, slow).map(([step]) => step)).toEqual([FIRST, FIRST + 3 * WAITING_WINDOW]);
});
