import { createHash } from 'node:crypto';
import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../engine/checked.js';
import { allGather, allReduceSum, broadcastFirst, type Membership } from '../../engine/collective.js';
import { compile, type Tree } from '../../engine/compile.js';
import { ConfigError, PeerError } from '../../engine/errors.js';
import type { TrainingState } from '../state.js';
import { nameTasks, type PeerWatch, waitForPeers, watchPeers } from './clusterWatch.js';

/** The other processes of a run, as long as it lasts. */
export interface Peers {
  /** Rank of this process; rank 0 alone evaluates and writes. */
  readonly task: number;
  /** Comes back when every process has called it, however long one of them takes. */
  meet(): Promise<void>;
  /** The same error, or one that names the peers that are gone: then what this process has is still whole. */
  explain(error: unknown): Promise<unknown>;
  /** Waits for the others to end their last step, too, and looks at them no more. */
  leave(): Promise<void>;
}

/** How long peers are given to answer when an operation has failed. */
const ANSWER_MS = 3000;

/**
 * Waits for the other processes, and makes sure that they do the same.
 *
 * @param shared plain JSON that is the same in every process, e.g. the config and the names of the images
 * @throws PeerError naming those that did not start
 * @throws ConfigError naming those that were started with something else
 */
export async function meetPeers(cluster: Membership, shared: unknown, signal?: AbortSignal): Promise<Peers> {
  await waitForPeers(cluster, signal);
  const watch = watchPeers(cluster);
  const meet = async (): Promise<void> => {
    const one = tf.scalar(1, 'int32');
    const [sum] = await together('cluster meeting', (x: tf.Tensor) => [valueAt(allReduceSum([x]), 0)], one);
    tf.dispose([one, sum]);
  };
  const explain = (error: unknown): Promise<unknown> => explained(cluster, watch, error);
  try {
    await requireSame(cluster, shared);
  } catch (error) {
    await watch.stop();
    throw await explain(error);
  }
  return {
    task: cluster.task,
    meet,
    explain,
    leave: async () => {
      await meet().catch(() => undefined); // all steps are done: who ends a moment earlier does no harm
      await watch.stop();
    },
  };
}

/**
 * Weights, averages, optimizer state and progress of task 0 become those of every process.
 *
 * @param numbers whole numbers, in the same order everywhere
 * @returns       those of task 0
 */
export async function shareState(state: TrainingState, numbers: readonly number[]): Promise<readonly number[]> {
  const { model, optimizer, ema } = state;
  const parameters = [...model.parameters.values()].map(({ variable }) => variable);
  const parts = [optimizer, ...(ema ? [ema] : [])];
  const slots = parts.map((part) => part.state());
  const counts = tf.tensor1d(Int32Array.from(numbers), 'int32');
  const own = [...parameters.map((variable) => tf.clone(variable)), ...slots.flatMap((slot) => [...slot.values()])];
  const share = (values: readonly tf.Tensor[], whole: tf.Tensor): tf.Tensor[] => [
    ...broadcastFirst(values),
    ...broadcastFirst([whole]),
  ];
  const shared = await together('cluster state', share, own, counts);
  tf.dispose(own);
  counts.dispose();
  parameters.forEach((variable, i) => {
    variable.assign(valueAt(shared, i));
  });
  let at = parameters.length;
  slots.forEach((slot, i) => {
    const values = new Map([...slot.keys()].map((key, k) => [key, valueAt(shared, at + k)]));
    at += slot.size;
    parts[i]?.restore(values);
  });
  const result = [...(await (shared.at(-1) as tf.Tensor).data<'int32'>())];
  tf.dispose([...shared]);
  return result;
}

/** One call of a collective function off the event loop. */
async function together<Args extends readonly Tree[]>(
  name: string,
  fn: (...args: Args) => tf.Tensor[],
  ...args: Args
): Promise<readonly tf.Tensor[]> {
  const compiled = compile(fn, { name });
  try {
    return await compiled.async(...args);
  } finally {
    compiled.dispose();
  }
}

async function requireSame(cluster: Membership, shared: unknown): Promise<void> {
  const hash = createHash('sha256').update(JSON.stringify(shared)).digest();
  const words = Int32Array.from({ length: 8 }, (_, i) => hash.readInt32LE(4 * i));
  const own = tf.tensor1d(words, 'int32');
  const [rows] = await together('cluster agreement', (x: tf.Tensor) => [allGather(x)], own);
  const all = [...(await (rows as tf.Tensor).data<'int32'>())];
  tf.dispose([own, rows]);
  const row = (task: number): string => all.slice(8 * task, 8 * task + 8).join();
  const others = cluster.addresses.map((_, task) => task).filter((task) => row(task) !== row(0));
  if (others.length === 0) return;
  throw new ConfigError(
    `${nameTasks(cluster, others)} trains something else than task 0: start every process with the same config, --set, version and data`,
  );
}

async function explained(cluster: Membership, watch: PeerWatch, error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || 'exitCode' in error) return error; // its own: the others will name this process
  const gone = watch.gone();
  if (gone !== null) return new PeerError(gone);
  const silent = await cluster.unreachable(ANSWER_MS);
  if (silent.length > 0) return new PeerError(`${nameTasks(cluster, silent)} has ended or cannot be reached`);
  if (!/collective/i.test(error.message)) return error;
  const [line] = error.message.split('\n');
  return new PeerError(`the connection to another process of the cluster broke (${line})`);
}
