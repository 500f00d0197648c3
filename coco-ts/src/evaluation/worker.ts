import { type Masks, RunPool, StringPool } from '../mask/pool.js';
import { type Matched, matchImages } from './matcher.js';
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

if (typeof process === 'object' && process.versions?.node !== undefined) {
  const { parentPort, workerData } = await import('node:worker_threads');
  const matched = run(workerData as MatchJob);
  parentPort?.postMessage(matched, buffers(matched));
} else {
  const scope = globalThis as unknown as WorkerScope;
  scope.onmessage = ({ data }) => {
    const matched = run(data);
    scope.postMessage(matched, buffers(matched));
  };
}
