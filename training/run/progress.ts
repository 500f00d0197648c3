import pc from 'picocolors';
import { printable } from '../../engine/printable.js';
import type { StepTime } from './events.js';

/** One completed step, for people. */
export interface ProgressStep {
  /** Completed steps. */
  readonly step: number;
  /** Steps of the whole training; infinite: not known yet. */
  readonly steps: number;
  readonly epoch: number;
  readonly epochs: number;
  readonly losses: { readonly [term: string]: number };
  readonly learningRate: number;
  readonly ms: StepTime;
  /** Evaluations that are to come, and how many steps one takes as long as none was timed. Defaults to none. */
  readonly evaluations?: { readonly left: number; readonly steps: number };
}

export interface Progress {
  step(state: ProgressStep): void;
  /** An evaluation took so many seconds. */
  evaluated?(seconds: number): void;
  /** A line that stays: an evaluation, a checkpoint, a warning. */
  note(line: string): void;
  /** The figures of an evaluation, as a table that stays. */
  report?(report: object): void;
  /** It was paused: what was measured of time tells nothing of what is left. */
  restart?(): void;
  end(): void;
}

/** The part of a stream that is written to. */
export interface ProgressStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

export interface ProgressOptions {
  /** Milliseconds between two plain lines where there is no terminal. Defaults to 10 s. */
  readonly every?: number;
  /** Milliseconds now. Defaults to the clock. */
  readonly now?: () => number;
}

/** Redraws of a live line, at most one in this many milliseconds. */
const REDRAW = 100;
/** Weight of a new step in the displayed step time. */
const SMOOTHING = 0.1;
const CLEAR = '\r\x1b[2K';

/** A live line in a terminal; elsewhere (CI, a file) one plain line every so often. */
export function createProgress(stream: ProgressStream, options: ProgressOptions = {}): Progress {
  const { every = 10_000, now = () => performance.now() } = options;
  const live = stream.isTTY === true;
  let last = Number.NEGATIVE_INFINITY;
  let drawn = false;
  let average: StepTime | undefined;
  const rest = createRest(now);
  const curve = createCurve();
  const clear = (): void => {
    if (drawn) stream.write(CLEAR);
    drawn = false;
  };
  return {
    step: (state) => {
      const isFirst = rest.step(state.step); // it was compiled: its time tells nothing
      average = isFirst || average === undefined ? undefined : smoothed(average, state.ms);
      average ??= isFirst ? undefined : state.ms;
      curve.add(state.losses.total ?? Number.NaN);
      const finished = state.step >= state.steps;
      if (now() - last < (live ? REDRAW : every) && !finished) return;
      last = now();
      const words = describeStep(state, average ?? state.ms, rest.left(state));
      const line = live ? `${curve.text()}  ${words}` : words;
      if (live) stream.write(CLEAR + line.slice(0, Math.max(20, (stream.columns ?? 120) - 1)));
      else stream.write(`${line}\n`);
      drawn = live;
    },
    note: (text) => {
      clear();
      const line = printable(text);
      stream.write(`${live ? pc.bold(line) : line}\n`);
    },
    report: (report) => {
      const table = figureTable(report);
      if (table === null) return;
      clear();
      stream.write(`${printable(table)}\n`);
    },
    evaluated: rest.evaluated,
    restart: rest.restart,
    end: () => {
      if (drawn) stream.write('\n');
      drawn = false;
    },
  };
}

/** The time that is left, as the time since the first step and that of evaluations tell. */
function createRest(now: () => number) {
  let first: { readonly step: number; readonly at: number } | null = null;
  /** Seconds of evaluations since the first step, and of the last one. */
  let [measuring, evaluation] = [0, Number.NaN];
  return {
    /** @returns whether it is the first one */
    step: (step: number): boolean => {
      const isFirst = first === null;
      first ??= { step, at: now() };
      return isFirst;
    },
    evaluated: (seconds: number): void => {
      if (first !== null) measuring += seconds;
      evaluation = seconds;
    },
    restart: (): void => {
      [first, measuring] = [null, 0];
    },
    /** Seconds; null: it is not known yet. */
    left: ({ step, steps, evaluations = { left: 0, steps: 0 } }: ProgressStep): number | null => {
      if (first === null || step <= first.step || !Number.isFinite(steps)) return null;
      const perStep = ((now() - first.at) / 1000 - measuring) / (step - first.step);
      const perEvaluation = Number.isNaN(evaluation) ? evaluations.steps * perStep : evaluation;
      return perStep * (steps - step) + perEvaluation * evaluations.left;
    },
  };
}

const ignore = (): void => undefined;

/**
 * Progress on standard error. What cannot be written is lost, as with `console.error`: a reader that left, a terminal that was closed
 * or a full disk behind it do not end the process.
 */
export function createErrorProgress(): Progress {
  const { stderr } = process;
  const progress = createProgress(stderr);
  stderr.on('error', ignore);
  return {
    ...progress,
    end: () => {
      progress.end();
      setImmediate(() => stderr.off('error', ignore)); // errors arrive after the write
    },
  };
}

/** Characters of the curve, and its heights. */
const [CURVE, BARS] = [20, '\u2581\u2582\u2583\u2584\u2585\u2586\u2587\u2588'] as const;

/** The loss since the beginning as a line of bars: each stands for as many steps as any other. */
function createCurve() {
  let bins: { sum: number; count: number }[] = [];
  let stride = 1;
  return {
    add: (loss: number): void => {
      if (!Number.isFinite(loss)) return;
      const last = bins.at(-1);
      if (last && last.count < stride) Object.assign(last, { sum: last.sum + loss, count: last.count + 1 });
      else bins.push({ sum: loss, count: 1 });
      if (bins.length <= CURVE) return;
      stride *= 2;
      bins = bins.flatMap((bin, i) => {
        const next = bins[i + 1];
        return i % 2 === 0 ? [{ sum: bin.sum + (next?.sum ?? 0), count: bin.count + (next?.count ?? 0) }] : [];
      });
    },
    text: (): string => {
      const means = bins.map(({ sum, count }) => sum / count);
      const [low, high] = [Math.min(...means), Math.max(...means)];
      const height = (mean: number): number =>
        high > low ? Math.round(((mean - low) / (high - low)) * (BARS.length - 1)) : 0;
      return means.map((mean) => BARS[height(mean)]).join('');
    },
  };
}

/** Figures side by side, as many as fit a line. */
const MOST_FIGURES = 10;

function figureTable(report: object): string | null {
  const figures = Object.entries(report).filter((pair): pair is [string, number] => typeof pair[1] === 'number');
  const columns = figures.slice(0, MOST_FIGURES).map(([name, value]) => {
    const text = Number.isInteger(value) ? String(value) : value.toFixed(4);
    const width = Math.max(name.length, text.length);
    return [name.padStart(width), text.padStart(width)];
  });
  if (columns.length === 0) return null;
  return [0, 1].map((row) => `  ${columns.map((column) => column[row]).join('  ')}`).join('\n');
}

/**
 * @param average smoothed milliseconds of a step
 * @param left    seconds to the end, as the time since the first step tells; null: it is not known yet
 */
export function describeStep(state: ProgressStep, average: StepTime, left: number | null): string {
  const { step, steps, epoch, epochs, losses, learningRate } = state;
  const { data, compute, host } = average;
  const total = data + compute + host;
  const terms = Object.entries(losses).filter(([term]) => term !== 'total');
  const detail = terms.length > 1 ? ` (${terms.map(([term, value]) => `${term} ${figure(value)}`).join(', ')})` : '';
  return [
    `epoch ${epoch}${Number.isFinite(epochs) ? `/${epochs}` : ''}`,
    `step ${step}${Number.isFinite(steps) ? `/${steps}` : ''}`,
    `loss ${figure(losses.total ?? Number.NaN)}${detail}`,
    `rate ${learningRate.toExponential(1)}`,
    `${Math.round(total)} ms/step (data ${milliseconds(data)}, compute ${milliseconds(compute)}, host ${milliseconds(host)})`,
    left === null ? 'time left unknown yet' : `${duration(left)} left`,
  ].join('  ');
}

const milliseconds = (value: number): string => value.toFixed(value < 9.95 ? 1 : 0);

function smoothed(average: StepTime, now: StepTime): StepTime {
  const move = (key: keyof StepTime): number => average[key] + SMOOTHING * (now[key] - average[key]);
  return { data: move('data'), compute: move('compute'), host: move('host') };
}

/** `1h05m`, `4m07s`, `12s`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const two = (value: number): string => String(value).padStart(2, '0');
  if (h > 0) return `${h}h${two(m)}m`;
  return m > 0 ? `${m}m${two(s)}s` : `${s}s`;
}

const figure = (value: number): string => (Number.isFinite(value) ? value.toPrecision(4) : String(value));
