import { availableParallelism } from 'node:os';
import { pathToFileURL } from 'node:url';
import type { Preprocessing } from '../backbones/backbone.js';
import type { Dataset } from '../datasets/dataset.js';
import type { EncoderSource } from '../datasets/encoder.js';
import { type ImageFormat, RGB_FORMAT } from '../datasets/loader/fill.js';
import { createLoader, type Loader } from '../datasets/loader/index.js';
import { membership } from '../engine/collective.js';
import { describeAugmentation, trainAugmentation } from './augmentation.js';
import type { Experiment } from './schema.js';

/** An experiment whose batch is a number. */
export type Batched = Experiment & { readonly train: { readonly batchSize: number } };

export const isBatched = (experiment: Experiment): experiment is Batched => experiment.train.batchSize !== 'auto';

/** The experiment with this batch where it leaves the batch open. */
export const batchedOr = (experiment: Experiment, batchSize: number): Batched =>
  isBatched(experiment) ? experiment : { ...experiment, train: { ...experiment.train, batchSize } };

/** Fewer images than a batch are one batch; processes of a cluster share what the config says. */
export function withFullBatch(experiment: Experiment, images: number, say: (line: string) => void): Experiment {
  const { batchSize, accumulate } = experiment.train;
  if (batchSize === 'auto' || batchSize <= images || membership()) return experiment;
  say(`batchSize: ${images} instead of ${batchSize}, as there are no more images`);
  const parts = images % accumulate === 0 ? accumulate : 1;
  if (parts !== accumulate) say(`accumulate: 1 instead of ${accumulate}, which is no divisor of it`);
  return { ...experiment, train: { ...experiment.train, batchSize: images, accumulate: parts } };
}

/** What the images of a data set are once they are prepared. */
function imageFormat({ deep }: Dataset, { perImage }: Preprocessing): ImageFormat {
  if (!deep) return RGB_FORMAT;
  return { type: perImage ? 'float32' : deep.type, channels: deep.channels, perImage: perImage ?? null };
}

/** What a network asks of its batches. */
export interface Taught {
  readonly encoder: EncoderSource;
  /** [height, width] of the input, pixels. */
  readonly inputSize: readonly [height: number, width: number];
  readonly model: { readonly preprocessing: Preprocessing };
}

/**
 * The batches that an experiment learns from.
 *
 * @param say     is told how images are changed
 * @param isWhole every image in its order, the last batch as short as it is; they are not kept decoded
 */
export function createTrainLoader(
  experiment: Batched,
  { encoder, inputSize, model: { preprocessing } }: Taught,
  dataset: Dataset,
  say: (line: string) => void,
  { isWhole = false }: { readonly isWhole?: boolean } = {},
): Loader {
  const { batchSize, seed, workers, cacheMegabytes } = experiment.train;
  const cluster = membership();
  const images = imageFormat(dataset, preprocessing);
  const { type, channels } = images;
  const augmented = { count: dataset.size, type, channels, labels: dataset.labels };
  const augment = trainAugmentation(experiment, inputSize, preprocessing, augmented);
  say(`augmentation: ${describeAugmentation(experiment, augment, augmented)}`);
  return createLoader({
    entries: dataset.entries,
    encoder,
    augment,
    images,
    transforms: experiment.augment.transforms.map(({ module, ...settings }) => {
      return { module: pathToFileURL(module).href, settings };
    }),
    batchSize,
    seed,
    ...(cluster ? { share: { task: cluster.task, tasks: cluster.addresses.length } } : {}),
    workers: workers ?? Math.min(4, Math.max(1, availableParallelism() - 1)),
    shuffle: !isWhole,
    dropLast: !isWhole,
    keepTruth: false,
    cacheBytes: isWhole ? 0 : cacheMegabytes * 2 ** 20,
  });
}
