import { existsSync, readFileSync } from 'node:fs';
import { freemem } from 'node:os';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { Compiled, Tree } from '../compile.js';
import { EngineError } from '../errors.js';

/**
 * Bytes this process may still take: what is free, and what its control group leaves it.
 *
 * @param root where the control groups are mounted
 */
export function availableBytes(root = '/sys/fs/cgroup'): number {
  const read = (path: string): number => {
    const file = join(root, path);
    if (!existsSync(file)) return Number.NaN;
    const text = readFileSync(file, 'utf8').trim();
    return text === 'max' ? Number.POSITIVE_INFINITY : Number(text);
  };
  const groups = [
    ['memory.max', 'memory.current', 'memory.stat', 'inactive_file'],
    ['memory/memory.limit_in_bytes', 'memory/memory.usage_in_bytes', 'memory/memory.stat', 'total_inactive_file'],
  ] as const;
  const left = groups.map(
    ([limit, used, stat, cached]) => read(limit) - read(used) + cachedBytes(join(root, stat), cached),
  );
  return Math.min(freemem(), ...left.filter((bytes) => !Number.isNaN(bytes)).map((bytes) => Math.max(0, bytes)));
}

/** File cache counts as used, but is given back when memory is short. */
function cachedBytes(file: string, key: string): number {
  if (!existsSync(file)) return 0;
  const line = readFileSync(file, 'utf8')
    .split('\n')
    .find((each) => each.startsWith(`${key} `));
  return Number(line?.split(' ')[1] ?? 0);
}

export interface MemoryNeed {
  /** Of the whole process at the peak of a call. */
  readonly peakBytes: number;
  /** Of these, what is still to be taken. */
  readonly neededBytes: number;
}

/** What a compiled function will need for arguments like these; nothing is executed, values do not matter. */
export function estimateMemory<Args extends readonly Tree[]>(
  compiled: Compiled<Args, Tree>,
  ...args: Args
): MemoryNeed {
  const neededBytes = compiled.memory(...args);
  return { neededBytes, peakBytes: process.memoryUsage.rss() + neededBytes };
}

/**
 * To be called before the first step: compares what the step needs with what is there.
 *
 * @param argsOf arguments of a batch of this many, freed afterwards
 * @throws EngineError when memory does not suffice, naming the largest batch that does
 */
export function requireMemory<Args extends readonly Tree[]>(
  compiled: Compiled<Args, Tree>,
  argsOf: (batch: number) => Args,
  batch: number,
  available = availableBytes(),
): MemoryNeed {
  const needOf = (count: number): number => {
    const args = argsOf(count);
    try {
      return compiled.memory(...args);
    } finally {
      tf.dispose([...args] as tf.TensorContainer[]);
    }
  };
  const needed = needOf(batch);
  if (needed <= available) return { neededBytes: needed, peakBytes: process.memoryUsage.rss() + needed };
  const fits = batch > 1 ? largestFitting(needOf, available, { count: batch, bytes: needed }) : 0;
  const remedy = fits > 0 ? `batch ${fits} fits` : 'not even a batch of 1 fits: lower the image size or free memory';
  throw new EngineError(
    `a step of batch ${batch} needs ${gib(needed)} GiB more, ${gib(available)} GiB are free: ${remedy}`,
  );
}

/** Few traces find it, as the need grows evenly with the batch: the line through two counts is tried before halving. */
function largestFitting(
  needOf: (count: number) => number,
  available: number,
  tooMany: { readonly count: number; readonly bytes: number },
): number {
  let [low, high] = [{ count: 1, bytes: needOf(1) }, tooMany];
  if (low.bytes > available) return 0;
  for (let tries = 0; high.count - low.count > 1; tries++) {
    const gap = high.count - low.count;
    const share = tries < 4 ? (available - low.bytes) / (high.bytes - low.bytes) : 0.5;
    const count = low.count + Math.min(gap - 1, Math.max(1, Math.floor(share * gap)));
    const middle = { count, bytes: needOf(count) };
    if (middle.bytes <= available) low = middle;
    else high = middle;
  }
  return low.count;
}

const gib = (bytes: number): string => (bytes / 2 ** 30).toFixed(1);
