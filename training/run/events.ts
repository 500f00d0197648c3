import { closeSync, existsSync, openSync, writeSync } from 'node:fs';
import { EspalierError } from '../../engine/errors.js';
import { readText } from '../../engine/files.js';
import { printableJson } from '../../engine/printable.js';
import { writeError, writeWhole } from './files.js';
import type { MemoryUse, StepMemory } from './memory.js';

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
  | { readonly event: 'warning'; readonly step: number; readonly message: string }
  | { readonly event: 'checkpoint'; readonly step: number; readonly kind: 'last' | 'best' }
  | { readonly event: 'stop'; readonly step: number; readonly reason: string };

export interface EventLog {
  write(event: RunEvent): void;
  close(): void;
}

/**
 * Appends to a JSONL file, one line per event with the time it was written.
 *
 * @param resumedStep lines of later steps, and a line cut short by a crash, are dropped first; null starts a new file
 * @throws EspalierError when the disk is full or the file cannot be written
 */
export function openEventLog(file: string, resumedStep: number | null): EventLog {
  const kept = resumedStep !== null && existsSync(file) ? linesUpTo(readEvents(file), resumedStep) : [];
  writeWhole(file, [new TextEncoder().encode(kept.map((line) => `${line}\n`).join(''))]);
  const descriptor = openToAppend(file);
  return {
    write: (event) => {
      try {
        writeSync(descriptor, `${printableJson({ time: new Date().toISOString(), ...event })}\n`);
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
