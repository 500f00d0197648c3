import type { Dataset } from '../datasets/dataset.js';
import { membership } from '../engine/collective.js';
import { ConfigError } from '../engine/errors.js';
import { createMapsTraining } from '../training/cachedMaps.js';
import { createCachedViews, type TrainBatch, type TrainLoader } from '../training/run/index.js';
import type { TrainableModel } from '../training/step.js';
import type { Network } from './network.js';
import type { Experiment } from './schema.js';
import { type Batched, createTrainLoader } from './trainLoader.js';

/** What is learned from in place of the images. */
export interface CachedTraining {
  readonly model: TrainableModel<unknown>;
  readonly loader: TrainLoader & { dispose(): Promise<void> };
  dispose(): void;
}

/** No change at all. */
const STILL = {
  flipHorizontal: 0,
  flipVertical: 0,
  rotate90: 0,
  scale: [1, 1] as [number, number],
  brightness: 0,
  contrast: 0,
  saturation: 0,
  hue: 0,
  policy: 'none' as const,
  ops: [],
};

/**
 * A training on the maps of a frozen backbone, which are kept for `train.cachedViews` views of each image; null: none are kept.
 *
 * @throws ConfigError where kept maps would be others than those of the images
 */
export function openCached(
  experiment: Batched,
  network: Network,
  dataset: Dataset,
  say: (line: string) => void,
  watch?: (batch: TrainBatch) => void,
): CachedTraining | null {
  const { cachedViews: views, batchSize, seed } = experiment.train;
  if (views === 0) return null;
  requireKept(experiment, network);
  const { augment } = experiment;
  const mosaic = { ...augment.mosaic, probability: 0 };
  const changed = { ...augment, mosaic, ...(views === 1 ? { ...STILL, ...NO_MIXING } : {}) };
  const source = createTrainLoader({ ...experiment, augment: changed }, network, dataset, say, { isWhole: true });
  const maps = createMapsTraining(network.model);
  const loader = createCachedViews({
    source,
    images: dataset.size,
    batchSize,
    views,
    seed,
    pack: maps.pack,
    say,
    watch,
  });
  return {
    model: maps.model as TrainableModel<unknown>,
    loader: { ...loader, dispose: source.dispose },
    dispose: maps.dispose,
  };
}

const NO_MIXING = {
  mixup: { probability: 0, alpha: null },
  cutmix: { probability: 0, alpha: 1 },
  copyPaste: { probability: 0 },
} satisfies Partial<Experiment['augment']>;

function requireKept({ train, augment }: Experiment, { model }: Network): void {
  const moving = [...model.parameters].find(
    ([name, { variable }]) => name.startsWith('backbone.') && variable.trainable,
  );
  const problem = membership()
    ? 'is for one process: leave it out in a cluster'
    : train.unfreezeAt !== null
      ? 'keeps the maps of a backbone, which change when train.unfreezeAt trains it: leave one of them out'
      : train.teacher !== null
        ? 'keeps maps, train.teacher answers for images: leave one of them out'
        : moving
          ? `keeps the maps of a backbone, of which ${moving[0]} is trained: set model.backbone.frozen to all`
          : (augment.mosaic.probability ?? 0) > 0
            ? 'keeps views, and mosaics are closed at the end: set augment.mosaic.probability to 0'
            : null;
  if (problem !== null) throw new ConfigError(`train.cachedViews ${problem}`);
}
