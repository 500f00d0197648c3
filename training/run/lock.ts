import { randomUUID } from 'node:crypto';
import { closeSync, openSync, rmSync, statSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { EspalierError } from '../../engine/errors.js';
import { readText } from '../../engine/files/read.js';
import { writeError, writeWhole } from '../../engine/files/write.js';
import { kernelText } from '../../engine/host/proc.js';

/** Which process holds a lock: what stands in the file. */
interface Holder {
  readonly process: number;
  readonly host: string;
  /** When the process started, as its machine counts: another process that got the number later has another. */
  readonly started: string | null;
  /** When the lock was taken. */
  readonly since: string;
  /** No other lock has it. */
  readonly id: string;
}

/** A lock that cannot be read was cut off by a kill in the moment of its making when it is as old as this, milliseconds. */
const CUT_OFF = 60_000;

/**
 * Takes a lock that one process can have: a file that names it. A lock whose process has ended is taken over; it is
 * removed when this process ends in any way but by a kill.
 *
 * @returns gives the lock back
 * @throws EspalierError naming the process that holds it; WriteError where no file can be made
 */
export function takeLock(path: string, remedy: string): () => void {
  const own: Holder = {
    process: process.pid,
    host: hostname(),
    started: startOf(process.pid),
    since: new Date().toISOString(),
    id: randomUUID(),
  };
  const text = `${JSON.stringify(own)}\n`;
  while (!createExclusively(path, text, remedy)) {
    const found = lockText(path);
    if (found === null) continue; // given back a moment ago
    if (!isStale(path, found)) throw heldBy(path, found, remedy);
    if (replaceStale(path, found, text, remedy)) break;
  }
  const release = (): void => {
    process.off('exit', release);
    if (lockText(path) === text) rmSync(path, { force: true });
  };
  process.on('exit', release);
  return release;
}

/** The process that holds a lock now; null: nobody does, or its process has ended. */
export function holderOf(path: string): { readonly process: number; readonly host: string } | null {
  const text = lockText(path);
  return text === null || isStale(path, text) ? null : parse(text);
}

function createExclusively(path: string, text: string, remedy: string): boolean {
  let descriptor: number | null = null;
  try {
    descriptor = openSync(path, 'wx');
    writeSync(descriptor, text);
    return true;
  } catch (error) {
    if (descriptor === null && error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    if (descriptor !== null) rmSync(path, { force: true });
    throw writeError(path, error, remedy);
  } finally {
    if (descriptor !== null) closeSync(descriptor);
  }
}

/** Only who holds the lock on taking over may replace a lock: of two that find the same stale one, the second finds the first. */
function replaceStale(path: string, stale: string, text: string, remedy: string): boolean {
  const release = takeLock(`${path}~`, remedy);
  try {
    if (lockText(path) !== stale) return false;
    writeWhole(path, [new TextEncoder().encode(text)], remedy);
    return true;
  } finally {
    release();
  }
}

function isStale(path: string, text: string): boolean {
  const holder = parse(text);
  if (holder === null) return Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0) > CUT_OFF;
  if (holder.host !== hostname()) return false;
  if (!isAlive(holder.process)) return true;
  const started = startOf(holder.process);
  return started !== null && started !== holder.started; // where starts are known, every lock of this machine has one
}

function heldBy(path: string, text: string, remedy: string): EspalierError {
  const folder = path.replace(/[/\\][^/\\]*$/, '');
  const holder = parse(text);
  const by = holder ? `process ${holder.process} on ${holder.host} since ${holder.since}` : 'another process';
  const isElsewhere = holder?.host !== hostname();
  return new EspalierError(
    `${folder} is in use by ${by}: wait until it has ended, or ${remedy}${isElsewhere ? `; if that process is gone, remove ${path}` : ''}`,
  );
}

function parse(text: string): Holder | null {
  try {
    const value: unknown = JSON.parse(text);
    const holder = { ...Object(value) } as Partial<Holder>;
    const isHolder = Number.isInteger(holder.process) && (holder.process ?? 0) > 0 && typeof holder.host === 'string';
    return isHolder ? ({ started: null, since: '?', id: '', ...holder } as Holder) : null;
  } catch {
    return null;
  }
}

/** Bytes of a lock, with much to spare. */
const MOST = 4096;

function lockText(path: string): string | null {
  try {
    return readText(path, { maxBytes: MOST, refuse: (problem) => new EspalierError(`${path}: ${problem}: remove it`) });
  } catch (error) {
    if (statSync(path, { throwIfNoEntry: false })) throw error;
    return null; // given back a moment ago
  }
}

function isAlive(id: number): boolean {
  try {
    process.kill(id, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'; // it is another user's
  }
}

/** The boot and the ticks since then, of a process that is there, on Linux; null elsewhere, and where there is none. */
function startOf(id: number): string | null {
  const [boot, status] = [kernelText('/proc/sys/kernel/random/boot_id'), kernelText(`/proc/${id}/stat`)];
  if (boot === null || status === null) return null;
  // "<id> (<name>) <state> ...": the name may hold spaces and brackets; the start is the 22nd field.
  const fields = status.slice(status.lastIndexOf(')') + 2).split(' ');
  return `${boot.trim()} ${fields[19]}`;
}
