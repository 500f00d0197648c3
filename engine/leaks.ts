import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from './errors.js';
import { type CallSite, callSite, describeSite } from './source.js';
import { watchTensors } from './tfjs.js';

/** Watches a loop for tensors that stay alive; for development, as every tensor then costs some 20 microseconds. */
export interface LeakGuard {
  /**
   * Call it after each step.
   *
   * @throws EngineError when more tensors stayed alive in each of the last steps: how many, made by which calls
   */
  step(): void;
  /** Ends the watch. */
  dispose(): void;
}

/** Steps in a row that have to grow: slots of an optimizer, caches and logs are made in the first ones. */
const PATIENCE = 3;

/** Starts watching every tensor that is made from now on. */
export function createLeakGuard(): LeakGuard {
  let alive = new Map<tf.Tensor, CallSite>();
  const grown: Map<tf.Tensor, CallSite>[] = [];
  const dispose = watchTensors(
    (tensor) => {
      if (!(tensor instanceof tf.Variable)) alive.set(tensor, callSite());
    },
    (tensor) => {
      alive.delete(tensor);
      for (const step of grown) step.delete(tensor);
    },
  );
  return {
    dispose,
    step() {
      grown.push(alive);
      alive = new Map();
      if (grown.length > PATIENCE) grown.shift();
      if (grown.length < PATIENCE || grown.some(({ size }) => size === 0)) return;
      dispose();
      throw new EngineError(leakReport(grown.at(-1) as ReadonlyMap<tf.Tensor, CallSite>));
    },
  };
}

function leakReport(left: ReadonlyMap<tf.Tensor, CallSite>): string {
  const counts = new Map<string, number>();
  for (const site of left.values()) counts.set(describeSite(site), (counts.get(describeSite(site)) ?? 0) + 1);
  const worst = [...counts].sort(([, a], [, b]) => b - a).slice(0, 5);
  const listed = worst.map(([site, count]) => `${count} by ${site}`).join('; ');
  return `${left.size} tensors more stay alive after each step, made: ${listed}: dispose them, or run the step in tf.tidy`;
}
