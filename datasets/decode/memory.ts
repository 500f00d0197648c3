import { totalmem } from 'node:os';
import { setTimeout } from 'node:timers/promises';
import { getEnvironmentData, setEnvironmentData, threadId } from 'node:worker_threads';

/**
 * Memory for decoding, shared by all threads of the process: large images wait for each other, and one that needs more
 * than there is is refused before anything is allocated. Counted in MiB: [0] all together, then one field a thread, so
 * that what a thread holds when it is ended can be given back.
 */
const KEY = 'espalier.decode';
const THREADS = 1024;
const WAIT_MS = 10;
/** A thread that was ended from outside gives nothing back: nobody waits longer for it. */
const MAX_WAITS = 12_000;
const MIB = 2 ** 20;

/** Bytes that images may take while they are decoded: 2 GiB, or half of the machine's memory when that is less. */
export const DECODE_BYTES = Math.min(2 ** 31, Math.floor(Math.min(totalmem(), constrained()) / 2));

const held = new Int32Array(shared());

/**
 * Waits until `bytes` are free and takes them.
 *
 * @param bytes at most DECODE_BYTES
 * @returns gives them back
 */
export async function reserve(bytes: number): Promise<() => void> {
  const amount = Math.ceil(bytes / MIB);
  for (let waits = 0; !take(amount, waits >= MAX_WAITS); waits++) await setTimeout(WAIT_MS);
  Atomics.add(held, fieldOf(threadId), amount);
  return () => {
    Atomics.sub(held, fieldOf(threadId), amount);
    Atomics.sub(held, 0, amount);
  };
}

/** Gives back what a thread held when it ended. */
export function releaseThread(id: number): void {
  Atomics.sub(held, 0, Atomics.exchange(held, fieldOf(id), 0));
}

function take(amount: number, isForced: boolean): boolean {
  for (;;) {
    const before = Atomics.load(held, 0);
    if (!isForced && before > 0 && before + amount > DECODE_BYTES / MIB) return false;
    if (Atomics.compareExchange(held, 0, before, before + amount) === before) return true;
  }
}

const fieldOf = (id: number): number => 1 + (id % (THREADS - 1));

/** One block for all threads: those started later inherit it. */
function shared(): SharedArrayBuffer {
  const found: unknown = getEnvironmentData(KEY);
  if (found instanceof SharedArrayBuffer) return found;
  const made = new SharedArrayBuffer(4 * THREADS);
  setEnvironmentData(KEY, made);
  return made;
}

/** Memory limit of the process's control group; 0 and absurd values mean none. */
function constrained(): number {
  const bytes = process.constrainedMemory?.() ?? 0;
  return bytes > 0 ? bytes : Number.POSITIVE_INFINITY;
}
