import { expect, test } from 'vitest';
import { evaluationsLeft } from '../../../training/run/loop.js';
import {
  createErrorProgress,
  createProgress,
  describeStep,
  duration,
  type ProgressStep,
} from '../../../training/run/progress.js';
import { golden } from '../../data.js';

const state = (step: number): ProgressStep => ({
  step,
  steps: 100,
  epoch: 2,
  epochs: 10,
  losses: { classification: 0.25, box: 0.5, total: 0.75 },
  learningRate: 0.0032,
  ms: { data: 1, compute: 398, host: 1 },
});

/** A stream that keeps what it is given, and a clock that is set by hand. */
function recorder(isTTY: boolean, every = 1000) {
  const written: string[] = [];
  const clock = { now: 0 };
  const stream = { isTTY, columns: 200, write: (text: string) => written.push(text) };
  return { written, clock, progress: createProgress(stream, { every, now: () => clock.now }) };
}

test('a step is described with its terms, rate, time and what is left', () => {
  expect(describeStep(state(40), { data: 0.25, compute: 398, host: 1.5 }, 24)).toBe(
    'epoch 2/10  step 40/100  loss 0.7500 (classification 0.2500, box 0.5000)  rate 3.2e-3  400 ms/step (data 0.3, compute 398, host 1.5)  24s left',
  );
});

test('every plain line says where the time of the last steps went; the first step, which is compiled, is left out', () => {
  const { written, clock, progress } = recorder(false);
  progress.step({ ...state(1), ms: { data: 9000, compute: 9000, host: 10 } });
  clock.now = 5000;
  progress.step({ ...state(2), ms: { data: 100, compute: 50, host: 10 } });
  clock.now = 10_000;
  progress.step({ ...state(3), ms: { data: 0, compute: 150, host: 10 } });
  expect(written[0]).toContain('time left unknown yet');
  expect(written[1]).toContain('160 ms/step (data 100, compute 50, host 10)');
  expect(written[2]).toContain('160 ms/step (data 90, compute 60, host 10)'); // a tenth of the way
});

test('the time left is right within a fifth after ten steps, though the first took a minute and steps vary', () => {
  const { written, clock, progress } = recorder(false);
  for (let step = 1; step <= 100; step++) {
    clock.now += step === 1 ? 60_000 : 2000 * (1 + 0.5 * Math.sin(step));
    progress.step(state(step));
    const left = written.at(-1)?.match(/(?:(\d+)m)?(\d+)s left/);
    const truth = 2 * (100 - step);
    if (step < 10 || truth < 20) continue;
    const said = Number(left?.[1] ?? 0) * 60 + Number(left?.[2]);
    expect(Math.abs(said - truth) / truth).toBeLessThan(0.2);
  }
});

interface RecordedRun {
  readonly name: string;
  /** Of the validation split. */
  readonly images: number;
  readonly batchSize: number;
  /** Milliseconds of the evaluations, by the step after which they were. */
  readonly evaluations: { readonly [step: string]: number };
  /** Milliseconds until each step was over; of the first, compiling included. */
  readonly steps: readonly number[];
}

test.each(golden<readonly RecordedRun[]>('training/steps.json'))(
  'the time left is right within a fifth, from the tenth step to where a fifth of it is left: $name',
  ({ steps, evaluations, images, batchSize }) => {
    const { written, clock, progress } = recorder(false, 0);
    const every = Number(Object.keys(evaluations)[0]);
    const whole = [...steps, ...Object.values(evaluations)].reduce((sum, each) => sum + each, 0);
    const errors = steps.flatMap((ms, i) => {
      const step = i + 1;
      clock.now += ms;
      const truth = (whole - clock.now) / 1000;
      const left = evaluationsLeft(step, steps.length, every);
      const guess = { left, steps: (0.5 * images) / batchSize };
      progress.step({ ...state(step), steps: steps.length, evaluations: guess });
      const [, hours = 0, minutes = 0, seconds = 0] =
        /(?:(\d+)h)?(?:(\d+)m)?(?:(\d+)s)? left/.exec(written.at(-1) ?? '') ?? [];
      const said = Number(hours) * 3600 + Number(minutes) * 60 + Number(seconds);
      const measured = evaluations[step];
      if (measured !== undefined) {
        clock.now += measured;
        progress.evaluated?.(measured / 1000);
      }
      return step >= 10 && truth > whole / 5000 ? [Math.abs(said - truth) / truth] : [];
    });
    expect(errors.length).toBeGreaterThan(0.7 * steps.length);
    expect(Math.max(...errors)).toBeLessThan(0.2);
  },
);

test('evaluations that follow are those of the plan and the last', () => {
  expect([1, 10, 11, 20, 25].map((step) => evaluationsLeft(step, 25, 10))).toEqual([3, 3, 2, 2, 1]);
  expect([1, 19, 20].map((step) => evaluationsLeft(step, 20, 10))).toEqual([2, 1, 1]);
});

test('figures of an evaluation are a table', () => {
  const { written, progress } = recorder(false);
  progress.report?.({ AP: 0.5, APs: null, perClass: [], images: 12 });
  expect(written).toEqual(['      AP  images\n  0.5000      12\n']);
});

test('a single term is not repeated', () => {
  expect(describeStep({ ...state(1), losses: { total: 2 } }, state(1).ms, null)).toContain('loss 2.000  rate');
});

test('without a terminal, plain lines come at intervals, and for the last step', () => {
  const { written, clock, progress } = recorder(false);
  for (const [now, step] of [
    [0, 1],
    [500, 2],
    [1200, 3],
    [1300, 4],
    [1400, 100],
  ] as const) {
    clock.now = now;
    progress.step(state(step));
  }
  progress.end();
  expect(written.map((line) => line.match(/step (\d+)/)?.[1])).toEqual(['1', '3', '100']);
  for (const line of written) expect(line).toMatch(/^[\x20-\x7e]+\n$/);
});

test('in a terminal one line is redrawn, and notes stay above it', () => {
  const { written, clock, progress } = recorder(true);
  progress.step(state(1));
  clock.now = 5000;
  progress.step(state(2));
  progress.note('epoch 2: AP 0.5');
  progress.end();
  const clear = '\r\x1b[2K';
  expect(written[0]?.startsWith(`${clear}\u2581  epoch 2/10  step 1/100`)).toBe(true);
  expect(written[1]?.startsWith(`${clear}\u2581\u2581  epoch 2/10  step 2/100`)).toBe(true);
  expect(written.slice(0, 2).join('')).not.toContain('\n');
  expect(written[2]).toBe(clear);
  expect(written[3]).toContain('epoch 2: AP 0.5');
  expect(written).toHaveLength(4);
});

test('durations are short', () => {
  expect([3, 247, 3900, 0.4].map(duration)).toEqual(['3s', '4m07s', '1h05m', '0s']);
});

test('words for standard error that cannot be written are lost, and nothing of the process is changed for good', async () => {
  await new Promise((resolve) => setImmediate(resolve)); // the end of a training before this one
  const before = process.stderr.listeners('error');
  const progress = createErrorProgress();
  const own = process.stderr.listeners('error').at(-1); // others, such as Console's, come and go by themselves
  const times = (listeners: readonly unknown[]): number => listeners.filter((listener) => listener === own).length;
  expect(times(process.stderr.listeners('error'))).toBe(times(before) + 1);
  const closed = Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
  expect(process.stderr.emit('error', closed)).toBe(true); // without a listener it would throw
  progress.end();
  expect(process.stderr.emit('error', closed)).toBe(true); // of the last write
  await new Promise((resolve) => setImmediate(resolve));
  expect(times(process.stderr.listeners('error'))).toBe(times(before));
});
