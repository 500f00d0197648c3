import type { Dataset } from '../datasets/dataset.js';
import { builtModule } from '../datasets/loader/built.js';
import { loadEncoder } from '../datasets/loader/fill.js';
import { isOverlapping } from '../datasets/overlap.js';
import { countThings } from '../datasets/sample.js';
import { withoutValues } from '../engine/shapes/shapes.js';
import { createModel } from '../heads/index.js';
import { batchesOf, DEFAULT_BATCH, type TaughtImage, taughtImages } from '../training/run/index.js';
import { openSplit } from './datasets.js';
import { preprocessingFor } from './intensity.js';
import { withChannels } from './network.js';
import type { Experiment } from './schema.js';
import { batchedOr, createTrainLoader, type Taught, withFullBatch } from './trainLoader.js';

/** A batch as the network sees it. */
export interface ShownBatch {
  /** From 0. */
  readonly step: number;
  readonly images: readonly TaughtImage[];
  /** Class names by index. */
  readonly names: readonly string[];
}

/**
 * The first batches of a training, augmented, with what their targets teach. No network computes: where weights expect other
 * intensities than their architecture, what lies around the images has another colour in training.
 *
 * @throws EspalierError as openSplit and reading images
 */
export async function* firstBatches(named: Experiment, count: number): AsyncGenerator<ShownBatch, void> {
  const dataset = await openSplit(named, 'train');
  const full = withFullBatch(withChannels(named, dataset.deep?.channels), dataset.size, () => undefined);
  const experiment = batchedOr(full, Math.min(DEFAULT_BATCH, dataset.size));
  const network = await taughtBy(experiment, dataset);
  const encoder = await loadEncoder({ ...network.encoder, module: builtModule(network.encoder.module) });
  const loader = createTrainLoader(experiment, network, dataset, () => undefined);
  try {
    for await (const { batch, step } of batchesOf(loader, 0, count)) {
      const images = taughtImages(batch, encoder);
      batch.release();
      yield { step, images, names: dataset.labels.classes.map(({ name }) => name) };
    }
  } finally {
    await loader.dispose();
  }
}

async function taughtBy({ model: parts, train }: Experiment, dataset: Dataset): Promise<Taught> {
  const { inputSize, backbone, neck, head } = parts;
  const { result } = withoutValues(() => {
    const { labels } = dataset;
    const options = {
      classes: labels.classes.length,
      things: countThings(labels),
      overlaps: isOverlapping(labels),
      seed: train.seed,
    };
    const { model, encoder } = createModel({ inputSize, backbone, neck, head }, options);
    const { preprocessing } = model;
    model.dispose();
    return { encoder, preprocessing };
  });
  const preprocessing = await preprocessingFor(dataset, result.preprocessing);
  return { encoder: result.encoder, inputSize, model: { preprocessing } };
}
