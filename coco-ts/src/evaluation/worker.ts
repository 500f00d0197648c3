import { type Masks, RunPool, StringPool } from '../mask/pool.js';
import { nodeModule } from '../runtime.js';
import type { Matched } from './matched.js';
import { matchImages } from './matchImages.js';
import type { MatchJob } from './workers.js';

/** Messages carry the data of mask pools but not their methods. */
function revive(masks: Masks | null): void {
  if (masks !== null) Object.setPrototypeOf(masks, 'text' in masks ? StringPool.prototype : RunPool.prototype);
}

function run({ input, firstImage, endImage }: MatchJob): Matched {
  for (const { masks, edges } of [input.gt, input.dt]) {
    revive(masks);
    revive(edges);
  }
  return matchImages(input, firstImage, endImage);
}

const buffers = (matched: Matched): ArrayBuffer[] =>
  Object.values(matched).map((column: Int32Array | Float64Array) => column.buffer as ArrayBuffer);

/** The global scope of a browser's worker, of which the DOM types know only the window. */
interface WorkerScope {
  onmessage: ((event: MessageEvent<MatchJob>) => void) | null;
  postMessage(message: Matched, transfer: ArrayBuffer[]): void;
}

// Not imported: a bundler of pages knows no module of Node.
const threads = nodeModule<typeof import('node:worker_threads')>('worker_threads');
if (threads !== undefined) {
  const matched = run(threads.workerData as MatchJob);
  threads.parentPort?.postMessage(matched, buffers(matched));
} else {
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = ({ data }) => {
    const matched = run(data);
    scope.postMessage(matched, buffers(matched));
  };
}
