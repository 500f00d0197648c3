import type * as tf from '@tensorflow/tfjs';
import { type Compiled, type CompileOptions, compile, type Tree } from '../../../../engine/compile.js';

export const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());

/** A compiled function whose log lines are collected. */
export function compileQuietly<Args extends readonly Tree[], Result extends Tree>(
  fn: (...args: Args) => Result,
  options: CompileOptions = {},
): { step: Compiled<Args, Result>; log: string[] } {
  const log: string[] = [];
  return { step: compile(fn, { ...options, log: (line) => log.push(line) }), log };
}
