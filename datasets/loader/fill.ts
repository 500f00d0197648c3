import { DataError } from '../../engine/errors.js';
import { createRandom } from '../../engine/random.js';
import type { Entry } from '../dataset.js';
import type { Encoder, EncoderSource } from '../encoder.js';
import { type PerImage, prepareImage } from '../intensity.js';
import { channelsOf, commonType, type PixelType, typeOf } from '../pixelTypes.js';
import type { Placement } from '../placement.js';
import { readSample } from '../read.js';
import type { Sample, Truth } from '../sample.js';
import type { AugmentConfig } from '../transforms/augment.js';
import { drawMixed, PARTNERS } from '../transforms/mix.js';
import type { Mixing } from '../transforms/mixing.js';
import { loadTransform, type TransformSource } from '../transforms/own.js';
import { truthBytes } from '../transforms/truths.js';
import { createCache } from './cache.js';
import { type BatchPixels, imageRows, layoutOf, targetRows } from './slot.js';

/** What the images are once they are read. Structured-cloneable. */
export interface ImageFormat {
  readonly type: PixelType;
  readonly channels: number;
  /** What is done to each by its own statistics, before it is laid into a batch. */
  readonly perImage: PerImage | null;
}

/** As decoded for the eye. */
export const RGB_FORMAT: ImageFormat = { type: 'uint8', channels: 3, perImage: null };

export const batchPixels = ({
  augment: { size },
  images: { channels, type },
}: Pick<FillerConfig, 'augment' | 'images'>): BatchPixels => ({ size, channels, type });

/** What a thread must know once. Structured-cloneable. */
export interface FillerConfig {
  readonly encoder: EncoderSource | null;
  readonly augment: AugmentConfig;
  /** Transforms of one's own, in their order, before the augmentation. */
  readonly transforms: readonly TransformSource[];
  readonly images: ImageFormat;
  readonly batchSize: number;
  readonly keepTruth: boolean;
  /** Bytes of this thread's cache. */
  readonly cacheBytes: number;
}

/** One sample into one row of a batch. */
export interface Job {
  readonly entry: Entry;
  /** Index of the entry in the data set: its key in the cache. */
  readonly index: number;
  /** Address of the sample's random stream. */
  readonly stream: readonly number[];
  readonly slot: SharedArrayBuffer;
  readonly row: number;
  /** What becomes of it with its partners. Defaults to nothing. */
  readonly mixing?: Mixing;
  /** As `partnersOf` lists them. */
  readonly partners?: readonly Pick<Job, 'entry' | 'index'>[];
}

export interface Filled {
  readonly placement: Placement;
  /** In original pixels; null unless asked for. */
  readonly truth: Truth | null;
}

export type Filler = (job: Job) => Promise<Filled>;

/** The encoder's module is loaded where it runs, so that nothing but plain data crosses threads. */
export async function loadEncoder(source: EncoderSource): Promise<Encoder<Truth>> {
  const loaded = (await import(/* @vite-ignore */ /* webpackIgnore: true */ source.module)) as {
    readonly createEncoder?: (config: unknown) => Encoder<Truth>;
  };
  if (typeof loaded.createEncoder !== 'function') throw new TypeError(`${source.module} exports no createEncoder`);
  return loaded.createEncoder(source.config);
}

/** Decode (or take from the cache), augment, encode: everything a thread does for a sample. */
export async function createFiller(config: FillerConfig): Promise<Filler> {
  const encoder = config.encoder === null ? null : await loadEncoder(config.encoder);
  const transforms = await Promise.all(config.transforms.map(loadTransform));
  const layout = layoutOf(batchPixels(config), config.batchSize, encoder?.targets ?? {});
  const cache = createCache<Sample>(config.cacheBytes);
  const read = async (job: Pick<Job, 'entry' | 'index'>): Promise<Sample> => {
    const cached = cache.get(job.index);
    if (cached !== undefined) return cached;
    const read = await readSample<Truth>(job.entry);
    const sample = { ...read, image: prepareImage(read.image, config.images.perImage) };
    requireFormat(job.entry.file, sample, config.images);
    cache.set(job.index, sample, sizeOf(sample));
    return sample;
  };
  const transformed = (sample: Sample, stream: readonly number[]): Sample =>
    transforms.reduce((changed, transform, i) => transform(changed, createRandom([...stream, TRANSFORMS, i])), sample);
  return async (job) => {
    const original = await read(job);
    const own = transformed(original, job.stream);
    const others: Sample[] = [];
    for (const [i, partner] of (job.partners ?? []).entries()) {
      others.push(transformed(await read(partner), [...job.stream, PARTNERS, i]));
    }
    const row = imageRows(job.slot, layout, job.row, 1);
    const { truth, placement } = drawMixed([own, ...others], job.mixing ?? null, config.augment, row, job.stream);
    encoder?.encode(truth, targetRows(job.slot, layout, job.row, 1));
    return { placement, truth: config.keepTruth ? original.truth : null };
  };
}

/** Before the position of a transform in the address of its random stream. */
const TRANSFORMS = 1;
/** @throws DataError for an image that is not as those that the data set was opened with */
function requireFormat(file: string, { image }: Sample, { channels, type }: ImageFormat): void {
  const found = channelsOf(image);
  if (found !== channels) {
    throw new DataError(file, `it has ${found} channels, ${channels} are expected: images of a data set have the same`);
  }
  const own = typeOf(image.data);
  if (commonType([own, type]) !== type) {
    throw new DataError(
      file,
      `its values are ${own}, ${type} is expected: it was changed since the data set was opened`,
    );
  }
}

const sizeOf = ({ image, truth }: Sample): number => image.data.byteLength + truthBytes(truth);
