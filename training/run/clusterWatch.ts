import { need } from '../../engine/checked.js';
import type { Membership } from '../../engine/collective.js';
import { PeerError } from '../../engine/errors.js';

/** Between two looks at the peers. */
const LOOK_SECONDS = 5;
/** Between two tries to reach those that have not started yet. */
const RETRY_MS = 500;

export interface PeerWatch {
  /** Who is gone, in words; null: nobody. */
  gone(): string | null;
  /** Ends after the look that is under way. */
  stop(): Promise<void>;
}

/** `task 1 (10.0.0.2:2222)`, `tasks 1 (...) and 3 (...)`. */
export function nameTasks({ addresses }: Pick<Membership, 'addresses'>, tasks: readonly number[]): string {
  const named = tasks.map((task) => `${task} (${addresses[task]})`);
  const last = named.pop();
  return named.length === 0 ? `task ${last}` : `tasks ${named.join(', ')} and ${last}`;
}

/**
 * Waits until every process of the cluster answers.
 *
 * @throws PeerError naming those that do not within the cluster's time
 */
export async function waitForPeers(cluster: Membership, signal?: AbortSignal): Promise<void> {
  const end = performance.now() + cluster.timeoutSeconds * 1000;
  for (;;) {
    const missing = await cluster.unreachable(Math.max(RETRY_MS, Math.min(5000, end - performance.now())));
    if (missing.length === 0) return;
    signal?.throwIfAborted();
    if (performance.now() >= end) {
      throw new PeerError(
        `${nameTasks(cluster, missing)} did not start within ${cluster.timeoutSeconds} s: start every process of --cluster, and check addresses and firewalls`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/**
 * Looks at the peers every few seconds. When one has not answered for the cluster's time, what waits for it is ended. That
 * a peer works long on something, such as an evaluation, does not matter: its answers come from threads of their own.
 */
export function watchPeers(cluster: Membership): PeerWatch {
  const limit = cluster.timeoutSeconds * 1000;
  const pause = Math.min(LOOK_SECONDS * 1000, limit / 4);
  const last = new Map(cluster.addresses.map((_, task) => [task, performance.now()]));
  let gone: string | null = null;
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<void> = Promise.resolve();
  const look = async (): Promise<void> => {
    const silent = new Set(await cluster.unreachable(Math.min(pause, limit / 2)));
    const now = performance.now();
    for (const task of last.keys()) if (!silent.has(task)) last.set(task, now);
    const lost = [...silent].filter((task) => now - need(last, task) >= limit - pause);
    if (lost.length > 0) {
      gone = `${nameTasks(cluster, lost)} has not answered for ${Math.round(cluster.timeoutSeconds)} s`;
      cluster.abort(gone);
    } else if (timer) schedule();
  };
  const schedule = (): void => {
    timer = setTimeout(() => {
      running = look();
    }, pause);
    timer.unref();
  };
  schedule();
  return {
    gone: () => gone,
    stop: async () => {
      clearTimeout(timer);
      timer = undefined;
      await running;
    },
  };
}
