import * as tf from '@tensorflow/tfjs-core';
import { valueAt } from './checked.js';
import { defineKernel, type Kernel } from './kernels/kernel.js';

/** Processes that compute one function together, each with its share of every batch. */
export interface Cluster {
  /** Rank of this process: position of its address. */
  readonly task: number;
  /** `host:port` of every process, in the same order everywhere. */
  readonly addresses: readonly string[];
  /** Seconds after which a process that does not answer is given up. */
  readonly timeoutSeconds: number;
}

/** This process's place in a cluster that was joined. */
export interface Membership extends Cluster {
  /**
   * Asks every other process at once.
   *
   * @returns the tasks that did not answer within that many milliseconds
   */
  unreachable(milliseconds: number): Promise<readonly number[]>;
  /** Ends every collective operation of this process, running or to come, with this reason. */
  abort(reason: string): void;
}

let joined: Membership | null = null;

/** Called by an engine that has collectives, when it has joined a cluster. */
export function registerMembership(membership: Membership): void {
  joined = membership;
}

/** The cluster this process belongs to; null: it computes alone. */
export const membership = (): Membership | null => joined;

/** Processes that compute together; 1 without a cluster. */
export const taskCount = (): number => joined?.addresses.length ?? 1;

/** Sum or mean of one tensor over all processes; a process alone has it already. */
const allReduce: Kernel<{ x: tf.Tensor }, { mean: boolean }, tf.Tensor> = defineKernel({
  name: 'EspalierAllReduce',
  portable: ({ x }) => x,
  differentiation: {
    savedInputs: [],
    // Every process differentiates its own loss, and the gradients are averaged: a mean spreads what all losses ask of it.
    gradient: ([dy], _inputs, _outputs, { mean }) => ({
      x: () =>
        mean ? allReduce({ x: dy }, { mean: true }) : tf.mul(allReduce({ x: dy }, { mean: true }), taskCount()),
    }),
  },
});

/** Tensors are sent together up to this many elements: few messages, which may still start before the last gradient is there. */
const BUCKET_ELEMENTS = 1 << 20;

/**
 * Means over all processes, the same bits everywhere; the tensors themselves where there is no cluster. Usable in compiled
 * functions and on the tape. Every process must make the same calls in the same order with the same shapes.
 *
 * @param tensors float32
 */
export function allReduceMean<T extends tf.Tensor>(tensors: readonly T[]): readonly T[] {
  return reduceInBuckets(tensors, true);
}

/**
 * Sums over all processes; otherwise as `allReduceMean`.
 *
 * @param tensors float32 or int32, all of one type
 */
export function allReduceSum<T extends tf.Tensor>(tensors: readonly T[]): readonly T[] {
  return reduceInBuckets(tensors, false);
}

/**
 * The tensors of every process.
 *
 * @param x [...shape] float32 or int32
 * @returns [tasks, ...shape]
 */
export function allGather(x: tf.Tensor): tf.Tensor {
  const own = tf.expandDims(x, 0);
  if (!joined) return own;
  const { task, addresses } = joined;
  const paddings = own.shape.map((_, axis): [number, number] =>
    axis === 0 ? [task, addresses.length - 1 - task] : [0, 0],
  );
  return valueAt(allReduceSum([tf.pad(own, paddings)]), 0);
}

/** The tensors of task 0, in every process. */
export function broadcastFirst<T extends tf.Tensor>(tensors: readonly T[]): readonly T[] {
  return allReduceSum(joined?.task ? tensors.map((tensor) => tf.zerosLike(tensor)) : tensors);
}

function reduceInBuckets<T extends tf.Tensor>(tensors: readonly T[], mean: boolean): readonly T[] {
  if (!joined) return tensors;
  return bucketsOf(tensors).flatMap((bucket) => {
    const [first] = bucket;
    if (first && bucket.length === 1) return [allReduce({ x: first }, { mean }) as T];
    const flat = tf.concat1d(bucket.map((tensor) => tf.reshape(tensor, [tensor.size])));
    const sizes = bucket.map(({ size }) => size);
    const parts = tf.split(allReduce({ x: flat }, { mean }), sizes);
    return bucket.map(({ shape }, i) => tf.reshape(valueAt(parts, i), shape) as T);
  });
}

function bucketsOf<T extends tf.Tensor>(tensors: readonly T[]): readonly (readonly T[])[] {
  const buckets: T[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    if (tensor.size > room || buckets.length === 0) {
      buckets.push([]);
      room = BUCKET_ELEMENTS;
    }
    buckets.at(-1)?.push(tensor);
    room -= tensor.size;
  }
  return buckets;
}
