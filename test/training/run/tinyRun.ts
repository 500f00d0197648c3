import { createRandom } from '../../../engine/random.js';
import type { BatchLayout, TrainBatch, TrainLoader } from '../../../training/run/batch.js';
import type { TrainOptions } from '../../../training/run/options.js';
import type { Progress } from '../../../training/run/progress.js';
import type { TrainRun } from '../../../training/run/session.js';
import { createTinyModel, snapshot, type TinyModel } from '../tinyModel.js';

const [BATCH, SIDE] = [4, 4];
export const STEPS_PER_EPOCH = 5;

export const silent: Progress = { step: () => undefined, note: () => undefined, end: () => undefined };

/** Images whose class is their brightest channel; each batch follows from (epoch, step) alone. */
export function createTinyLoader(): TrainLoader & { readonly open: () => number } {
  let open = 0;
  const draw = (epoch: number, step: number): TrainBatch => {
    const random = createRandom([3, epoch, step]);
    const classes = Int32Array.from({ length: BATCH }, () => random.integer(2));
    const area = SIDE * SIDE * 3;
    const images = Uint8Array.from({ length: BATCH * area }, (_, i) =>
      i % 3 === classes[Math.floor(i / area)] ? 150 + random.integer(100) : random.integer(100),
    );
    open++;
    return {
      images,
      shape: [BATCH, SIDE, SIDE, 3],
      targets: { classes: { data: classes, shape: [BATCH] } },
      ids: Array.from(classes, (_, i) => `epoch${epoch}-step${step}-${i}.png`),
      release: () => {
        open--;
      },
    };
  };
  return {
    stepsPerEpoch: STEPS_PER_EPOCH,
    open: () => open,
    layout: async () => tinyLayout([BATCH, SIDE, SIDE, 3]),
    batches: async function* (epoch, fromStep) {
      for (let step = fromStep; step < STEPS_PER_EPOCH; step++) yield draw(epoch, step);
    },
  };
}

/** Of batches with one class an image. */
export function tinyLayout(images: BatchLayout['images']): BatchLayout {
  const targets = { classes: { shape: [images[0]], dtype: 'int32' } } as const;
  return { images, targets, heldBytes: (count) => count * (images[1] * images[2] * 3 + 4) };
}

export const TINY_OPTIONS: TrainOptions = {
  epochs: 4,
  batchSize: BATCH,
  learningRate: 0.05,
  warmupSteps: 3,
  ema: 0.9,
  clipNorm: 1,
  evaluateEvery: 1,
  seed: 3,
};

export const TINY_LABELS = {
  classes: [
    { id: 1, name: 'red' },
    { id: 7, name: 'green' },
  ],
};

/** A run over the tiny loader; the figure is the mean of the first weight, which changes with every step. */
export function tinyRun(out: string, model: TinyModel, changes: Partial<TrainRun> = {}): TrainRun {
  return {
    model: model as TrainRun['model'],
    loader: createTinyLoader(),
    evaluate: async () => ({ score: snapshot(model)['backbone.stem.weight']?.[0] ?? 0 }),
    metric: 'score',
    options: TINY_OPTIONS,
    out,
    config: { task: 'tiny', train: { epochs: 4 } },
    labels: TINY_LABELS,
    engine: 'test',
    progress: silent,
    ...changes,
  };
}

export { createTinyModel, snapshot, type TinyModel };
