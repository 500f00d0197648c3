import * as tf from '@tensorflow/tfjs';
import type { BatchTarget } from '../../datasets/loader/batch.js';
import { ConfigError } from '../../engine/errors.js';
import { uploadImages } from '../../engine/images.js';
import { createRandom, permutation } from '../../engine/random.js';
import { roomsWith } from '../../engine/tensorflow/memory/memory.js';
import type { MapsTraining } from '../cachedMaps.js';
import type { TrainBatch, TrainLoader } from './batch.js';

export interface CachedViewsOptions {
  /** Batches of all images in their order; the last has as many as are left. */
  readonly source: TrainLoader;
  readonly images: number;
  /** Images of a step. */
  readonly batchSize: number;
  /** Views of each image: epoch e sees view e modulo them. */
  readonly views: number;
  /** Seed of the order. */
  readonly seed: number;
  readonly pack: MapsTraining<unknown, never>['pack'];
  /** Bytes that may be taken. Defaults to what is free. */
  readonly available?: number;
  readonly say: (line: string) => void;
  /** Sees the first batch of images. */
  readonly watch?: ((batch: TrainBatch) => void) | undefined;
}

/** What is kept of a view of an image. */
interface KeptView {
  readonly id: string;
  readonly maps: Float32Array;
  readonly targets: { readonly [name: string]: BatchTarget['data'] };
}

/** Share of the free memory that maps may take: steps need theirs. */
const SHARE = 0.6;
/** Batches that are held at once: the one that is learned, and the next. */
const HELD = 3;

/**
 * Batches of the maps of a frozen backbone, which are computed once for each view of each image, before the first step; then no image is
 * read and no backbone runs. Epochs are shuffled as those of images.
 *
 * @throws ConfigError from `layout`, when the maps have no room, naming the views that have
 */
export function createCachedViews(options: CachedViewsOptions): TrainLoader {
  const { source, images, batchSize, views, seed, pack, say, watch } = options;
  const stepsPerEpoch = Math.floor(images / batchSize);
  const kept: KeptView[][] = [];
  const free: Float32Array[] = [];
  let values: Promise<number> | null = null;
  const bytesOf = async (): Promise<number> => {
    const { targets } = await source.layout();
    const numbers = Object.values(targets).map(({ shape: [, ...rest] }) => rest.reduce((product, n) => product * n, 1));
    values ??= countMaps(source, pack);
    return Float32Array.BYTES_PER_ELEMENT * ((await values) + numbers.reduce((sum, count) => sum + count, 0));
  };

  async function fill(view: number): Promise<readonly KeptView[]> {
    const rows: KeptView[] = [];
    for await (const batch of source.batches(view, 0)) {
      if (view === 0 && rows.length === 0) watch?.(batch);
      rows.push(...(await keep(batch, pack)));
      batch.release();
    }
    return rows;
  }

  async function fillAll(): Promise<void> {
    const from = performance.now();
    while (kept.length < views) kept.push([...(await fill(kept.length))]);
    const seconds = (performance.now() - from) / 1000;
    say(`maps: ${images} images in ${views} ${views === 1 ? 'view' : 'views'} after ${seconds.toFixed(1)} s`);
  }

  return {
    stepsPerEpoch,
    layout: async () => {
      const each = await bytesOf();
      requireMaps(each, options);
      const { targets } = await source.layout();
      const shaped = Object.entries(targets).map(
        ([
          name,
          {
            shape: [, ...rest],
            dtype,
          },
        ]) => {
          return [name, { shape: [batchSize, ...rest], dtype }] as const;
        },
      );
      return {
        images: [batchSize, (await values) ?? 0, 1, 1],
        type: 'float32',
        targets: Object.fromEntries(shaped),
        heldBytes: (count) => HELD * count * each + images * views * each,
      };
    },
    batches: async function* (epoch, fromStep) {
      if (kept.length < views) await fillAll();
      const order = permutation(images, createRandom([seed, epoch]));
      const rows = kept[epoch % views] as readonly KeptView[];
      const { targets } = await source.layout();
      for (let step = fromStep; step < stepsPerEpoch; step++) {
        const members = Array.from(
          order.subarray(step * batchSize, (step + 1) * batchSize),
          (index) => rows[index] as KeptView,
        );
        yield gatherBatch(members, targets, free);
      }
    },
  };
}

/** Numbers of the maps of one image. */
async function countMaps(source: TrainLoader, pack: CachedViewsOptions['pack']): Promise<number> {
  const { images } = await source.layout();
  const blank = tf.zeros<tf.Rank.R4>([1, images[1], images[2], images[3]], 'float32');
  const packed = await pack(blank);
  tf.dispose([blank, packed]);
  return packed.size;
}

function requireMaps(each: number, { images, views, available }: CachedViewsOptions): void {
  const room = SHARE * Math.min(...roomsWith(available).map(({ bytes }) => bytes));
  const needed = each * images * views;
  if (needed <= room) return;
  const gigabytes = (bytes: number): string => (bytes / 2 ** 30).toFixed(2);
  const fitting = Math.floor(room / (each * images));
  throw new ConfigError(
    `train.cachedViews: the maps of ${images} images in ${views} views take ${gigabytes(needed)} GiB, ${gigabytes(room)} GiB may be taken: ${fitting > 0 ? `set it to ${fitting} or less` : 'lower model.inputSize, or leave it out'}`,
  );
}

/** Copies what a batch becomes. */
async function keep(batch: TrainBatch, pack: CachedViewsOptions['pack']): Promise<readonly KeptView[]> {
  const images = uploadImages(batch.images, batch.shape);
  const packed = await pack(images);
  const values = (await packed.data()) as Float32Array;
  tf.dispose([images, packed]);
  const count = batch.ids.length;
  return batch.ids.map((id, row) => {
    const rowOf = <T extends { slice(from: number, to: number): T; readonly length: number }>(all: T): T =>
      all.slice((row * all.length) / count, ((row + 1) * all.length) / count);
    const targets = Object.entries(batch.targets).map(([name, { data }]) => {
      return [name, data instanceof Float32Array ? rowOf(data) : rowOf(data)] as const;
    });
    return { id, maps: rowOf(values), targets: Object.fromEntries(targets) };
  });
}

function gatherBatch(
  members: readonly KeptView[],
  layout: { readonly [name: string]: { readonly shape: readonly number[] } },
  free: Float32Array[],
): TrainBatch {
  const values = members[0]?.maps.length ?? 0;
  const images = free.pop() ?? new Float32Array(members.length * values);
  members.forEach(({ maps }, row) => {
    images.set(maps, row * values);
  });
  const targets = Object.entries(layout).map(
    ([
      name,
      {
        shape: [, ...rest],
      },
    ]) => {
      const rows = members.map((member) => member.targets[name] as BatchTarget['data']);
      return [name, { data: joined(rows), shape: [members.length, ...rest] }] as const;
    },
  );
  return {
    images,
    shape: [members.length, values, 1, 1],
    targets: Object.fromEntries(targets),
    ids: members.map(({ id }) => id),
    release: () => free.push(images),
  };
}

function joined(rows: readonly BatchTarget['data'][]): BatchTarget['data'] {
  const [first] = rows;
  const length = first?.length ?? 0;
  const all =
    first instanceof Float32Array ? new Float32Array(rows.length * length) : new Int32Array(rows.length * length);
  rows.forEach((row, at) => {
    all.set(row, at * length);
  });
  return all;
}
