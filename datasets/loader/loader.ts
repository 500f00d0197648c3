import { valueAt } from '../../engine/checked.js';
import { ConfigError } from '../../engine/errors.js';
import { createRandom, permutation } from '../../engine/random.js';
import type { Entry } from '../dataset.js';
import type { EncoderSource, TargetSpecs } from '../encoder.js';
import type { PixelType } from '../pixelTypes.js';
import type { AugmentConfig } from '../transforms/augment.js';
import { drawMixing, partnersOf } from '../transforms/mixing.js';
import type { TransformSource } from '../transforms/own.js';
import { type Batch, batchOf } from './batch.js';
import { builtModule } from './built.js';
import { batchPixels, type Filled, type FillerConfig, type ImageFormat, loadEncoder, RGB_FORMAT } from './fill.js';
import { createLocalPool, createWorkerPool } from './pool.js';
import { layoutOf, type SlotLayout, slotBytes } from './slot.js';

export interface LoaderOptions {
  readonly entries: readonly Entry[];
  /** Null: no targets, as evaluation needs none. */
  readonly encoder: EncoderSource | null;
  readonly augment: AugmentConfig;
  /** Transforms of one's own, before the augmentation. Defaults to none. */
  readonly transforms?: readonly TransformSource[];
  /** What the entries' images are. Defaults to 8-bit RGB. */
  readonly images?: ImageFormat;
  /** Images in the whole batch; a share has its part of them. */
  readonly batchSize: number;
  /** The part of every batch that is loaded: that of process `task` of `tasks`, whose parts are disjoint and make up the batch. */
  readonly share?: { readonly task: number; readonly tasks: number };
  /** Seed of order and augmentation. Defaults to 1. */
  readonly seed?: number;
  /** Threads that decode and augment; 0: this one. Does not change a single value. Defaults to 1. */
  readonly workers?: number;
  /** Defaults to true. */
  readonly shuffle?: boolean;
  /** Leaves out the last batch of an epoch when it is not full. Defaults to true. */
  readonly dropLast?: boolean;
  /** Batches carry the truths in original pixels. Defaults to false. */
  readonly keepTruth?: boolean;
  /** Decoded images kept in memory, bytes, all threads together. Defaults to 0. */
  readonly cacheBytes?: number;
}

export interface Loader {
  /** Batches of one epoch. */
  readonly stepsPerEpoch: number;
  /**
   * The batches of one epoch in order; the same for any number of workers and any `fromStep`.
   *
   * @param epochs of all, at whose end mosaics are closed. Defaults to never
   * @throws DataError, ShapeError, ... as reading or encoding threw it; EspalierError when a thread dies
   */
  batches(epoch: number, fromStep?: number, epochs?: number): AsyncGenerator<Batch, void, undefined>;
  /** Shapes of a batch of this process, and what batches take at most; reads no image. */
  layout(): Promise<LoaderLayout>;
  /** Ends the threads. */
  dispose(): Promise<void>;
}

export interface LoaderLayout {
  /** [N, height, width, channels]. */
  readonly images: readonly [number, number, number, number];
  /** Type of the images' values. */
  readonly type: PixelType;
  /** Shapes with the batch dimension first. */
  readonly targets: TargetSpecs;
  /** Bytes held at most for batches of this many images; infinite where a batch would be too large to share. */
  heldBytes(batchSize: number): number;
}

/** Address of what is mixed, below that of the image. */
const MIXING = 3;

/** Batches being filled while the caller works on one. */
const PREFETCH = 3;
/** Beside them, the one the caller works on and the one it asked for meanwhile. */
const HELD = PREFETCH + 2;

const DEFAULTS = { seed: 1, workers: 1, shuffle: true, dropLast: true, keepTruth: false, cacheBytes: 0 } as const;
type Resolved = LoaderOptions & { readonly [Name in keyof typeof DEFAULTS]: NonNullable<LoaderOptions[Name]> };

/** @throws ConfigError when an epoch would have no batch, or batches cannot be shared evenly */
export function createLoader(given: LoaderOptions): Loader {
  const options: Resolved = { ...DEFAULTS, ...given };
  const { entries, workers, share = ALL, images = RGB_FORMAT } = options;
  const batchSize = shareOf(options.batchSize, share);
  const stepsPerEpoch = countSteps(options);
  const { augment, transforms = [], keepTruth, cacheBytes } = options;
  const encoder = options.encoder && { ...options.encoder, module: builtModule(options.encoder.module) };
  const config: FillerConfig = { encoder, augment, transforms, images, batchSize, keepTruth, cacheBytes };
  const pool = workers === 0 ? createLocalPool(config) : createWorkerPool(config, workers);
  let layout: Promise<SlotLayout> | null = null;
  /** Memory of released batches. */
  const free: SharedArrayBuffer[] = [];

  const fill = async (epoch: number, epochs: number, order: Uint32Array): Promise<Batch> => {
    layout ??= planLayout(config);
    const plan = await layout;
    const slot = free.pop() ?? new SharedArrayBuffer(plan.byteLength);
    const members = Array.from(order, (index) => valueAt(entries, index));
    const jobs = members.map((entry, row) => {
      const index = valueAt(order, row);
      const stream = [options.seed, epoch, index];
      const mixing = augment.mixing
        ? drawMixing(augment.mixing, { epoch, epochs, images: entries.length }, createRandom([...stream, MIXING]))
        : null;
      const partners = mixing ? partnersOf(mixing).map((at) => ({ entry: valueAt(entries, at), index: at })) : [];
      return pool.run({ entry, index, stream, slot, row, ...(mixing && { mixing, partners }) });
    });
    const filled: readonly Filled[] = await Promise.all(jobs);
    return batchOf({
      slot,
      layout: plan,
      size: augment.size,
      channels: images.channels,
      members,
      filled,
      release: () => free.push(slot),
    });
  };

  async function* batches(
    epoch: number,
    fromStep = 0,
    epochs = Number.POSITIVE_INFINITY,
  ): AsyncGenerator<Batch, void, undefined> {
    const order = orderOf(options, epoch);
    const pending: Promise<Batch>[] = [];
    let next = fromStep;
    try {
      while (next < stepsPerEpoch || pending.length > 0) {
        while (next < stepsPerEpoch && pending.length < PREFETCH) {
          const from = next * options.batchSize + share.task * batchSize;
          const batch = fill(epoch, epochs, order.subarray(from, from + batchSize));
          next++;
          // Its failure is thrown when its turn comes.
          batch.catch(() => {});
          pending.push(batch);
        }
        yield await (pending.shift() as Promise<Batch>);
      }
    } finally {
      for (const batch of pending) batch.then(({ release }) => release()).catch(() => {});
    }
  }
  return { stepsPerEpoch, batches, layout: () => describe(config), dispose: () => pool.dispose() };
}

async function describe(config: FillerConfig): Promise<LoaderLayout> {
  const { encoder, batchSize, images } = config;
  const pixels = batchPixels(config);
  const specs = await targetsOf(encoder);
  const targets = Object.entries(specs).map(([name, { shape, dtype }]) => {
    return [name, { shape: [batchSize, ...shape], dtype }] as const;
  });
  return {
    images: [batchSize, ...pixels.size, pixels.channels],
    type: images.type,
    targets: Object.fromEntries(targets),
    heldBytes: (count) => HELD * slotBytes(pixels, count, specs),
  };
}

const ALL = { task: 0, tasks: 1 } as const;

function shareOf(batchSize: number, { tasks }: { readonly tasks: number }): number {
  if (batchSize % tasks === 0) return batchSize / tasks;
  throw new ConfigError(
    `batches of ${batchSize} images cannot be shared evenly by ${tasks} processes: give a batchSize that is a multiple of ${tasks}`,
  );
}

function countSteps({ entries, batchSize, dropLast }: Resolved): number {
  const stepsPerEpoch = dropLast ? Math.floor(entries.length / batchSize) : Math.ceil(entries.length / batchSize);
  if (stepsPerEpoch > 0) return stepsPerEpoch;
  throw new ConfigError(
    entries.length === 0
      ? 'no image to load: the split is empty'
      : `${entries.length} images do not fill one batch of ${batchSize}: lower batchSize to ${entries.length} or less`,
  );
}

async function planLayout(config: FillerConfig): Promise<SlotLayout> {
  return layoutOf(batchPixels(config), config.batchSize, await targetsOf(config.encoder));
}

async function targetsOf(encoder: FillerConfig['encoder']): Promise<TargetSpecs> {
  return encoder === null ? {} : (await loadEncoder(encoder)).targets;
}

function orderOf({ entries, shuffle, seed }: Resolved, epoch: number): Uint32Array {
  if (shuffle) return permutation(entries.length, createRandom([seed, epoch]));
  return Uint32Array.from(entries, (_, index) => index);
}
