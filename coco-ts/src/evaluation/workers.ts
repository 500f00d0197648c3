import { CocoError } from '../errors.js';
import { nodeModule, sharedColumn } from '../runtime.js';
import type { Grouping } from './grouping.js';
import type { Matched, MatchInput } from './matched.js';
import { matchImages } from './matchImages.js';
import type { IouType, Params } from './params.js';
import type { Rows } from './rows.js';

/** What a worker is sent; what comes back is its `Matched`. */
export interface MatchJob {
  readonly input: MatchInput;
  readonly firstImage: number;
  readonly endImage: number;
}

/** Fewer detections than these are matched before another thread has started. */
const WORTH: Readonly<Record<IouType, number>> = { bbox: 1e6, keypoints: 2.5e5, segm: 1e4, boundary: 1e3 };

/** How many of the threads pay. */
export function worthwhileThreads(
  { params, dtByImage }: { readonly params: Params; readonly dtByImage: Pick<Grouping, 'order'> },
  threads: number,
): number {
  const detections = dtByImage.order.length;
  return Math.max(1, Math.min(threads, params.imgIds.length, Math.floor(detections / WORTH[params.iouType])));
}

/**
 * `matchImages` over several threads: stretches of images with about as many detections each, the first on this thread. The outcomes
 * are joined in the order of images, so that no bit depends on the number of threads.
 */
export async function matchInWorkers(input: MatchInput, threads: number): Promise<Matched[]> {
  const borders = splitImages(input.dtByImage.start, threads);
  const jobs = borders.slice(1).map((endImage, i) => ({ input, firstImage: borders[i]!, endImage }));
  const sent = jobs.length > 1 ? sharedInput(input) : input;
  const others = Promise.all(jobs.slice(1).map((job) => runJob({ ...job, input: sent })));
  others.catch(() => {}); // thrown when its turn comes
  const { firstImage, endImage } = jobs[0]!;
  const first = matchImages(input, firstImage, endImage);
  return [first, ...(await others)];
}

/** What threads can share instead of each getting a copy; columns only as long as they are filled. */
function sharedInput(input: MatchInput): MatchInput {
  const points = input.params.kpt_oks_sigmas.length;
  return {
    params: input.params,
    gt: sharedRows(input.gt, 3 * points),
    dt: sharedRows(input.dt, 2 * points),
    gtByImage: sharedGrouping(input.gtByImage),
    dtByImage: sharedGrouping(input.dtByImage),
  };
}

const sharedGrouping = ({ order, start }: Grouping): Grouping => ({
  order: sharedColumn(order),
  start: sharedColumn(start),
});

function sharedRows(rows: Rows, pointNumbers: number): Rows {
  const { count, keypoints, masks, edges } = rows;
  return {
    count,
    names: null,
    id: sharedColumn(rows.id, count),
    image: sharedColumn(rows.image, count),
    category: sharedColumn(rows.category, count),
    area: sharedColumn(rows.area, count),
    score: sharedColumn(rows.score, count),
    crowd: sharedColumn(rows.crowd, count),
    ignore: sharedColumn(rows.ignore, count),
    boxes: sharedColumn(rows.boxes, 4 * count),
    masks: masks?.shared() ?? null,
    edges: edges?.shared() ?? null,
    keypoints: keypoints && sharedColumn(keypoints, pointNumbers * count),
  };
}

/** Borders 0 <= ... <= images; each stretch has about the same number of rows. */
export function splitImages(start: Int32Array, parts: number): number[] {
  const images = start.length - 1;
  const total = start[images]!;
  const borders = [0];
  for (let part = 1, i = 0; part < parts; part++) {
    while (i < images && start[i]! < (total * part) / parts) i++;
    borders.push(i);
  }
  return [...borders, images];
}

async function runJob(job: MatchJob): Promise<Matched> {
  const url = new URL('./worker.js', import.meta.url);
  if (typeof Worker !== 'undefined') return runInBrowser(url, job);
  // Not imported: a bundler of pages knows no module of Node.
  const threads = nodeModule<typeof import('node:worker_threads')>('worker_threads');
  if (!threads) throw new CocoError('this runtime has no worker threads: evaluate with one');
  const worker = new threads.Worker(url, { workerData: job });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
    worker.once('exit', (code) => reject(new CocoError(`a worker ended with code ${code} before it answered`)));
  });
}

function runInBrowser(url: URL, job: MatchJob): Promise<Matched> {
  const worker = new Worker(url, { type: 'module' });
  return new Promise<Matched>((resolve, reject) => {
    worker.onmessage = (event: MessageEvent<Matched>) => resolve(event.data);
    worker.onerror = (event) => reject(new CocoError(event.message));
    worker.postMessage(job);
  }).finally(() => worker.terminate());
}
