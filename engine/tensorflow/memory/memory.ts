import * as tf from '@tensorflow/tfjs';
import type { Compiled, Tree } from '../../compile.js';
import { type Room, requireRoom, roomLeft } from '../../memory.js';

export interface MemoryNeed {
  /** Bytes of the whole process at the peak of a call. */
  readonly peakBytes: number;
  /** Bytes of these that are still to be taken. */
  readonly neededBytes: number;
}

/** What the process may still take. */
export const free = (bytes: number): Room => ({ bytes, words: 'are free', holds: 'all' });

/**
 * All limits there are, with another number for what the process may still take.
 *
 * @param available bytes. Defaults to what the machine and the control groups leave
 */
export function roomsWith(available?: number): readonly Room[] {
  const rooms = roomLeft();
  return available === undefined ? rooms : [...rooms.filter(({ holds }) => holds !== 'all'), free(available)];
}

/** What a compiled function will need for arguments like these; nothing is executed, values do not matter. */
export function estimateMemory<Args extends readonly Tree[]>(
  compiled: Compiled<Args, Tree>,
  ...args: Args
): MemoryNeed {
  return needOf(compiled.memory(...args));
}

/** @param neededBytes still to be taken */
export function needOf(neededBytes: number): MemoryNeed {
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
  available?: number,
): MemoryNeed {
  const demandOf = (count: number) => {
    const args = argsOf(count);
    try {
      return { engine: compiled.memory(...args), host: 0 };
    } finally {
      tf.dispose([...args] as tf.TensorContainer[]);
    }
  };
  return needOf(requireRoom({ what: 'a step' }, demandOf, batch, roomsWith(available))?.engine ?? 0);
}
