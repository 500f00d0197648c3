import { parentPort, workerData } from 'node:worker_threads';
import { toFailure } from './failure.js';
import { createFiller, type FillerConfig, type Job } from './fill.js';
import type { Answer } from './pool.js';

/** Entry point of a data-loading thread: answers each job in the order received, one at a time. */
const filler = createFiller(workerData as FillerConfig);
/** A failure here is the answer to every job. */
filler.catch(() => {});
let last: Promise<void> = Promise.resolve();

parentPort?.on('message', ({ id, job }: { readonly id: number; readonly job: Job }) => {
  last = last.then(async () => {
    const answer: Answer = await filler
      .then((fill) => fill(job))
      .then(
        (filled) => ({ id, filled }),
        (error: unknown) => ({ id, failure: toFailure(error) }),
      );
    parentPort?.postMessage(answer);
  });
});
/** A job that cannot be read has no number to answer with: the thread ends, and every job it has fails. */
parentPort?.on('messageerror', (error) => {
  throw error;
});
