import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { EspalierError } from '../../engine/errors.js';
import { openRegular, readText } from '../../engine/files/read.js';
import { writeError, writeWhole } from '../../engine/files/write.js';
import { printableJson } from '../../engine/printable.js';
import type { EnergyUse } from './energy.js';
import type { MemoryUse, StepMemory } from './memory.js';
import type { Origin } from './origin.js';

/** Inside one op, and ops at the same time. */
export interface ThreadCounts {
  readonly threads: number;
  readonly interOpThreads: number;
}

/** Where the milliseconds of one step went. */
export interface StepTime {
  /** Waiting for the batch. */
  readonly data: number;
  /** The compiled step. */
  readonly compute: number;
  /** Making tensors of the batch. */
  readonly host: number;
}

/** One line of the event log. Steps are counted from 1, as completed steps. */
export type RunEvent =
  | {
      readonly event: 'start' | 'resume';
      readonly step: number;
      /** Names the run: the same in its checkpoints, however often it is resumed. */
      readonly run: string;
      readonly engine: string;
      readonly threads: ThreadCounts | null;
      readonly versions: { readonly [name: string]: string };
      readonly steps: number;
      readonly stepsPerEpoch: number;
      readonly learningRate: number;
    }
  | {
      readonly event: 'step';
      readonly step: number;
      readonly epoch: number;
      readonly losses: { readonly [term: string]: number };
      readonly gradientNorm: number;
      readonly learningRate: number;
      readonly ms: StepTime;
    }
  | {
      readonly event: 'evaluation';
      readonly step: number;
      readonly epoch: number;
      readonly weights: 'ema' | 'raw';
      readonly report: unknown;
      readonly seconds: number;
    }
  | ({ readonly event: 'memory'; readonly step: number } & (
      | ({ readonly kind: 'estimate' } & StepMemory)
      | ({ readonly kind: 'measured' } & MemoryUse)
    ))
  | ({ readonly event: 'energy'; readonly step: number } & EnergyUse)
  | ({ readonly event: 'origin'; readonly step: number } & Origin)
  | { readonly event: 'warning'; readonly step: number; readonly message: string }
  | { readonly event: 'checkpoint'; readonly step: number; readonly kind: 'last' | 'best' }
  | { readonly event: 'pause' | 'continue'; readonly step: number }
  | { readonly event: 'stop'; readonly step: number; readonly reason: string };

export interface EventLog {
  write(event: RunEvent): void;
  close(): void;
}

/**
 * Appends to a JSONL file, one line per event with the time it was written.
 *
 * @param resumedStep lines of later steps, and a line cut short by a crash, are dropped first; null starts a new file
 * @param first       is in the file as soon as it is there
 * @throws WriteError when the disk is full or the file cannot be written
 */
export function openEventLog(file: string, resumedStep: number | null, first: RunEvent): EventLog {
  const kept = resumedStep !== null && existsSync(file) ? linesUpTo(readEvents(file), resumedStep) : [];
  const text = `${[...kept, lineOf(first)].join('\n')}\n`;
  writeWhole(file, [new TextEncoder().encode(text)]);
  const descriptor = openToAppend(file);
  return {
    write: (event) => {
      try {
        writeSync(descriptor, `${lineOf(event)}\n`);
      } catch (error) {
        throw writeError(file, error);
      }
    },
    close: () => closeSync(descriptor),
  };
}

/** A long run writes some hundred megabytes. */
const MAX_BYTES = 2 ** 29 - 1;

function readEvents(file: string): string {
  const refuse = (problem: string) => new EspalierError(`${file}: ${problem}: move it away to go on without it`);
  return readText(file, { maxBytes: MAX_BYTES, refuse });
}

const lineOf = (event: RunEvent): string => printableJson({ time: new Date().toISOString(), ...event });

/**
 * What the log's first line says.
 *
 * @returns null: there is no log of a run; `run` is empty where the line does not name it
 */
export function beginningOf(file: string): { readonly run: string } | null {
  if (!existsSync(file)) return null;
  const line = firstLineOf(file);
  if (line === '') return { run: '' };
  try {
    const { event, run } = Object(JSON.parse(line)) as { event?: unknown; run?: unknown };
    if (event !== 'start' && event !== 'resume') return null;
    return { run: typeof run === 'string' ? run : '' };
  } catch {
    return null;
  }
}

/** Bytes that hold the first line of any log. */
const FIRST_LINE = 4096;

function firstLineOf(file: string): string {
  const log = openRegular(file, {
    maxBytes: Number.MAX_SAFE_INTEGER,
    refuse: (problem) => new EspalierError(`${file}: ${problem}: move it away, or choose another folder with --out`),
  });
  try {
    const [line = ''] = Buffer.from(log.view(0, FIRST_LINE)).toString('utf8').split('\n');
    return line;
  } finally {
    log.close();
  }
}

function openToAppend(file: string): number {
  try {
    return openSync(file, 'a');
  } catch (error) {
    throw writeError(file, error);
  }
}

/** Lines that are whole and belong to steps that the resumed state contains. */
function linesUpTo(text: string, step: number): string[] {
  return text.split('\n').filter((line) => {
    const at = stepOf(line);
    return at !== null && at <= step;
  });
}

function stepOf(line: string): number | null {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && 'step' in value && typeof value.step === 'number'
      ? value.step
      : null;
  } catch {
    return null;
  }
}
