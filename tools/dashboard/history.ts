import type { RunEvent } from '../../training/run/index.js';

/** An event as a line of the log has it. */
export type TimedEvent = RunEvent & { readonly time: string };

type Of<Name extends RunEvent['event']> = Extract<TimedEvent, { readonly event: Name }>;
type Beginning = Extract<TimedEvent, { readonly stepsPerEpoch: number }>;

/** One kept step. */
export interface HistoryStep {
  readonly step: number;
  readonly epoch: number;
  /** Seconds since the log began. */
  readonly seconds: number;
  readonly losses: { readonly [term: string]: number };
  readonly gradientNorm: number;
  readonly learningRate: number;
  readonly ms: { readonly data: number; readonly compute: number; readonly host: number };
}

/** What is shown of a run: of bounded size, however long its log is. The page and its server fold events alike. */
export interface History {
  start: Beginning | null;
  /** Where its last session comes from. */
  origin: Of<'origin'> | null;
  /** When the log began, milliseconds since 1970. */
  began: number;
  /** Every `stride`-th step. */
  steps: HistoryStep[];
  stride: number;
  /** Completed steps. */
  last: HistoryStep | null;
  evaluations: Of<'evaluation'>[];
  memory: Extract<TimedEvent, { readonly event: 'memory' }>[];
  energy: Of<'energy'>[];
  /** Beginnings, warnings, checkpoints, pauses, the end; the newest last. */
  notes: (Beginning | Of<'warning'> | Of<'checkpoint'> | Of<'pause' | 'continue'> | Of<'stop'>)[];
  /** Lines that are no events, or too long. */
  unreadable: number;
}

/** Steps that are kept, at most; beyond, every second one is dropped. */
export const MOST_STEPS = 4096;
/** Entries of the other lists. */
const MOST_ENTRIES = 500;

export const emptyHistory = (): History => ({
  start: null,
  origin: null,
  began: 0,
  steps: [],
  stride: 1,
  last: null,
  evaluations: [],
  memory: [],
  energy: [],
  notes: [],
  unreadable: 0,
});

const isNumber = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value);
const isText = (value: unknown): boolean => typeof value === 'string';
const isTextOrNull = (value: unknown): boolean => value === null || isText(value);
const isRecord = (value: unknown): value is { readonly [key: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
/** What is no number is written as null. */
const isFigure = (value: unknown): boolean => value === null || typeof value === 'number';
const areFigures = (value: unknown): boolean => isRecord(value) && Object.values(value).every(isFigure);

type Fields = { readonly [field: string]: (value: unknown) => boolean };
const BEGINNING: Fields = {
  engine: isText,
  versions: isRecord,
  steps: isNumber,
  stepsPerEpoch: isNumber,
  learningRate: isNumber,
};

/** What is read of each event. */
const READ: { readonly [E in RunEvent['event']]: Fields } = {
  start: BEGINNING,
  resume: BEGINNING,
  origin: { command: isTextOrNull, commit: isTextOrNull, machine: isText },
  step: { epoch: isNumber, losses: areFigures, gradientNorm: isFigure, learningRate: isNumber, ms: areFigures },
  evaluation: { epoch: isNumber, report: isRecord, seconds: isNumber },
  memory: { kind: isText },
  energy: { kilowattHours: isNumber, source: isText, formula: isText },
  warning: { message: isText },
  checkpoint: { kind: isText },
  pause: {},
  continue: {},
  stop: { reason: isText },
};

/** A line of a log, which anybody may have written; null: it is no event. */
export function eventOf(line: string): TimedEvent | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (
    !isRecord(value) ||
    !(value.time === undefined || isText(value.time)) ||
    !(Number.isSafeInteger(value.step) && Number(value.step) >= 0)
  )
    return null;
  const { event } = value;
  if (typeof event !== 'string' || !Object.hasOwn(READ, event)) return null;
  const fields = Object.entries(READ[event as RunEvent['event']]);
  const { losses } = value;
  if (isRecord(losses) && Object.hasOwn(losses, '__proto__')) return null;
  return fields.every(([field, fits]) => fits(value[field])) ? (value as unknown as TimedEvent) : null;
}

/** Adds one event. */
export function fold(history: History, event: TimedEvent): void {
  const add = (Object.hasOwn(FOLDS, event.event) ? FOLDS[event.event] : undefined) as
    | ((history: History, event: TimedEvent) => void)
    | undefined;
  if (add === undefined) history.unreadable++;
  else add(history, event);
}

type Folds = { readonly [E in TimedEvent as E['event']]: (history: History, event: E) => void };

const FOLDS: Folds = {
  start: begin,
  resume: begin,
  origin: (history, event) => {
    history.origin = event;
  },
  step: addStep,
  evaluation: (history, event) => keep(history.evaluations, event),
  memory: (history, event) => keep(history.memory, event),
  energy: (history, event) => keep(history.energy, event),
  warning: (history, event) => keep(history.notes, event),
  checkpoint: (history, event) => keep(history.notes, event),
  pause: (history, event) => keep(history.notes, event),
  continue: (history, event) => keep(history.notes, event),
  stop: (history, event) => keep(history.notes, event),
};

function begin(history: History, event: Beginning): void {
  history.start = event;
  history.began ||= Date.parse(event.time);
  keep(history.notes, event);
}

function addStep(history: History, { time, step, epoch, losses, gradientNorm, learningRate, ms }: Of<'step'>): void {
  const seconds = Math.max(0, (Date.parse(time) - history.began) / 1000);
  const kept = { step, epoch, seconds, losses, gradientNorm, learningRate, ms };
  history.last = kept;
  if (step % history.stride !== 0 && step !== 1) return;
  history.steps.push(kept);
  if (history.steps.length <= MOST_STEPS) return;
  history.stride *= 2;
  history.steps = history.steps.filter((each) => each.step % history.stride === 0);
}

/** Drops every second entry of the older half where the list is full, so that the beginning stays visible. */
function keep<T>(list: T[], entry: T): void {
  list.push(entry);
  if (list.length <= MOST_ENTRIES) return;
  const half = MOST_ENTRIES / 2;
  const older = list.slice(0, half).filter((_, i) => i % 2 === 0);
  list.splice(0, half, ...older);
}
