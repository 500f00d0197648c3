import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { plain } from '../../../datasets/transforms/augment.js';
import { open, writeImages } from './fixture.js';

/**
 * A process in which nothing is alive but loaders: FOLDER. Each is used and disposed in another way; a line on stdout for every one
 * whose end was reached.
 */
const [, , folder = ''] = process.argv;
process.env.ESPALIER_DECODER = 'js'; // the one that threads load faster
const entries = writeImages(12);
const module = join(folder, 'encoder.mjs');
writeFileSync(
  module,
  `export function createEncoder({ at, dies }) {
  if (at === 'start') { if (dies) process.exit(3); throw new Error('broken at start'); }
  return {
    targets: {},
    encode({ labels }) {
      if (labels[0] !== at) return;
      if (dies) process.exit(3);
      throw new Error('broken at ' + at);
    },
  };
}
`,
);
const loader = (workers: number, config: { at?: number | 'start'; dies?: boolean } = {}) =>
  open(entries, {
    workers,
    shuffle: false,
    augment: plain([24, 32]),
    encoder: { module: pathToFileURL(module).href, config },
  });
type Loader = ReturnType<typeof loader>;

/** The caller computes; answers of the threads queue up. */
function compute(milliseconds: number): void {
  const end = performance.now() + milliseconds;
  while (performance.now() < end);
}
const failure = (error: unknown): string =>
  error instanceof Error ? error.message.replace(/^.*\//, '') : String(error);
const readAll = async (used: Loader): Promise<number> => {
  let count = 0;
  for await (const batch of used.batches(0)) {
    count += batch.ids.length;
    batch.release();
  }
  return count;
};

/** What is done with a loader before it is disposed; with what it answers. */
const USES: { readonly [name: string]: (workers: number) => Promise<readonly [Loader, unknown]> } = {
  unused: async (workers) => [loader(workers), ''],
  read: async (workers) => {
    const used = loader(workers);
    return [used, await readAll(used)];
  },
  'with jobs in flight': async (workers) => {
    const used = loader(workers);
    await used.batches(0).next();
    return [used, ''];
  },
  'with answers queued': async (workers) => {
    const used = loader(workers);
    await used.batches(0).next();
    compute(60);
    return [used, ''];
  },
  left: async (workers) => {
    const used = loader(workers);
    const batches = used.batches(0);
    await batches.next();
    return [used, (await batches.return()).done];
  },
  'thrown into': async (workers) => {
    const used = loader(workers);
    const batches = used.batches(0);
    await batches.next();
    return [used, await batches.throw(new Error('of the caller')).catch(failure)];
  },
  'while a batch is awaited': async (workers) => {
    const used = loader(workers);
    const waiting = used.batches(0).next();
    const ended = Promise.allSettled([used.dispose(), waiting]);
    return [used, (await ended)[1].status];
  },
  twice: async (workers) => {
    const used = loader(workers);
    await used.batches(0).next();
    await Promise.all([used.dispose(), used.dispose()]);
    return [used, await readAll(used).catch(failure)];
  },
  'after an error': async (workers) => {
    const used = loader(workers, { at: 4 });
    return [used, await readAll(used).catch(failure)];
  },
  'after an error at its start': async (workers) => {
    const used = loader(workers, { at: 'start' });
    return [used, await readAll(used).catch(failure)];
  },
  'after a thread died': async (workers) => {
    if (workers === 0) return [loader(0), ''];
    const used = loader(workers, { at: 4, dies: true });
    return [used, await readAll(used).catch(failure)];
  },
};

for (const workers of [0, 1, 2]) {
  for (const [name, use] of Object.entries(USES)) {
    const [used, answer] = await use(workers);
    await used.dispose();
    console.log(`${workers} ${name}: ${answer}`);
  }
}
// One that nobody disposes does not keep the process, and its threads, alive.
await loader(1).batches(0).next();
