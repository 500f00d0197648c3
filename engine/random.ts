import { valueAt } from './checked.js';
/**
 * Seeded random streams. A stream is addressed by a path of integers (seed, epoch, sample, ...), so that a value
 * depends only on its address: worker count, order of execution and resuming do not change it.
 *
 * @source sfc32: Chris Doty-Humphrey, PractRand; seeding by the splitmix32 finaliser
 */
export interface Random {
  /** Uniform in [0, 1), 32 bits of resolution. */
  next(): number;
  /** Uniform in [low, high). */
  uniform(low: number, high: number): number;
  /** Uniform integer in [0, count). */
  integer(count: number): number;
  /** Standard normal (Box-Muller, one value a call). */
  normal(): number;
}

/** @param path integers that address the stream, for example [seed, epoch, sampleIndex] */
export function createRandom(path: readonly number[]): Random {
  let a = mix(0x9e3779b9, path);
  let b = mix(0x243f6a88, path);
  let c = mix(0xb7e15162, path);
  let counter = 1;
  const bits = (): number => {
    const t = (((a + b) | 0) + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (c << 21) | (c >>> 11);
    c = (c + t) | 0;
    return t >>> 0;
  };
  for (let i = 0; i < 12; i++) bits();
  const next = (): number => bits() / 4294967296;
  return {
    next,
    uniform: (low, high) => low + (high - low) * next(),
    integer: (count) => Math.floor(next() * count),
    normal: () => Math.sqrt(-2 * Math.log(1 - next())) * Math.cos(2 * Math.PI * next()),
  };
}

/** A permutation of 0..count-1 (Fisher-Yates). */
export function permutation(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    const kept = valueAt(order, i);
    order[i] = valueAt(order, j);
    order[j] = kept;
  }
  return order;
}

/** FNV-1a of a name, to turn it into a part of a stream's path. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}

function mix(start: number, path: readonly number[]): number {
  let state = start | 0;
  for (const part of path) {
    for (const word of [part | 0, Math.floor(part / 4294967296) | 0]) {
      state = (state + 0x9e3779b9 + word) | 0;
      state = Math.imul(state ^ (state >>> 16), 0x21f0aaad);
      state = Math.imul(state ^ (state >>> 15), 0x735a2d97);
      state ^= state >>> 15;
    }
  }
  return state;
}
