import { Worker } from 'node:worker_threads';
import { valueAt } from '../../engine/checked.js';
import { EspalierError, messageOf } from '../../engine/errors.js';
import { releaseThread } from '../decode/memory.js';
import { builtModule } from './built.js';
import { type Failure, fromFailure } from './failure.js';
import { createFiller, type Filled, type FillerConfig, type Job } from './fill.js';

/** What a worker sends back. */
export type Answer =
  | { readonly id: number; readonly filled: Filled }
  | { readonly id: number; readonly failure: Failure };

/** Runs jobs somewhere; jobs of one entry always go to the same thread, whose cache may hold its image. */
export interface Pool {
  run(job: Job): Promise<Filled>;
  /** Ends the threads; jobs still running are rejected. */
  dispose(): Promise<void>;
}

const disposed = (): Error => new EspalierError('the loader was disposed while it was in use');

/** Jobs one after the other on the caller's own thread. */
export function createLocalPool(config: FillerConfig): Pool {
  let isDisposed = false;
  let filler: ReturnType<typeof createFiller> | null = null;
  let last: Promise<unknown> = Promise.resolve();
  return {
    run: (job) => {
      const result = last.then(async () => {
        if (isDisposed) throw disposed();
        filler ??= createFiller(config);
        return (await filler)(job);
      });
      last = result.catch(() => {});
      return result;
    },
    dispose: async () => {
      isDisposed = true;
      await last;
    },
  };
}

/** @param count threads; each takes its share of the cache */
export function createWorkerPool(config: FillerConfig, count: number): Pool {
  const file = new URL(builtModule(new URL('./worker.js', import.meta.url).href));
  const share = { ...config, cacheBytes: Math.floor(config.cacheBytes / count) };
  const threads: Thread[] = [];
  try {
    while (threads.length < count) threads.push(openThread(file, share));
  } catch (error) {
    for (const thread of threads) void thread.close();
    throw new EspalierError(
      `data-loading thread ${threads.length + 1} of ${count} did not start (${messageOf(error)}): use fewer workers`,
    );
  }
  return {
    run: (job) => valueAt(threads, job.index % count).run(job),
    dispose: async () => {
      await Promise.all(threads.map((thread) => thread.close()));
    },
  };
}

interface Waiting {
  readonly job: Job;
  readonly resolve: (filled: Filled) => void;
  readonly reject: (error: Error) => void;
}

interface Thread {
  run(job: Job): Promise<Filled>;
  close(): Promise<void>;
}

/** The process stays alive as long as an answer is awaited, or the end of the thread; an idle thread does not hold it. */
function openThread(file: URL, config: FillerConfig): Thread {
  const worker = new Worker(file, { workerData: config });
  const { threadId } = worker;
  worker.on('exit', () => releaseThread(threadId));
  const waiting = new Map<number, Waiting>();
  let next = 0;
  let ended: Error | null = null;
  const end = (error: Error): void => {
    ended ??= error;
    for (const { reject } of waiting.values()) reject(ended);
    waiting.clear();
  };
  worker.unref();
  worker.on('message', (answer: Answer) => {
    const found = waiting.get(answer.id);
    if (found === undefined) return; // nobody waits any more: the thread is being ended, and its end is awaited
    waiting.delete(answer.id);
    if (waiting.size === 0) worker.unref();
    if ('filled' in answer) found.resolve(answer.filled);
    else found.reject(fromFailure(answer.failure));
  });
  worker.on('messageerror', (error) => {
    end(crash(waiting, error.message));
    void worker.terminate();
  });
  worker.on('error', (error) => end(crash(waiting, messageOf(error))));
  worker.on('exit', (code) => end(crash(waiting, `exit code ${code}`)));
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        if (ended !== null) return reject(ended);
        worker.postMessage({ id: next, job }); // throws, and so rejects, for an entry that cannot be copied
        if (waiting.size === 0) worker.ref();
        waiting.set(next++, { job, resolve, reject });
      }),
    close: async () => {
      end(disposed());
      await worker.terminate();
    },
  };
}

/** Jobs are answered in order, so the one at fault is the oldest. */
function crash(waiting: ReadonlyMap<number, Waiting>, reason: string): Error {
  const [oldest] = waiting.values();
  const during = oldest ? ` at ${oldest.job.entry.file}` : '';
  return new EspalierError(
    `a data-loading thread stopped${during} (${reason}): use fewer workers or a smaller cache if memory ran out; workers: 0 shows the failure in this process`,
  );
}
