import type { Batch } from '../../datasets/loader/batch.js';
import type { PixelType } from '../../datasets/pixelTypes.js';

/** What a training takes of a loader's batch; its memory may be reused after `release`. */
export type TrainBatch = Pick<Batch, 'images' | 'shape' | 'targets' | 'ids' | 'release'>;

/** The shapes of a batch, which are known before one is made. */
export interface BatchLayout {
  /** [N, H, W, C]. */
  readonly images: readonly [number, number, number, number];
  /** Type of the images' values. Defaults to uint8. */
  readonly type?: PixelType;
  /** Shapes with the batch dimension first. */
  readonly targets: {
    readonly [name: string]: { readonly shape: readonly number[]; readonly dtype: 'float32' | 'int32' };
  };
  /** Bytes that the loader holds at most for batches of this many images; infinite where it can make none. */
  heldBytes(batchSize: number): number;
}

/** Batches of fixed size; what a batch holds depends on (seed, epoch, step) alone. */
export interface TrainLoader {
  readonly stepsPerEpoch: number;
  /** What every batch is like; reads no image. */
  layout(): Promise<BatchLayout>;
  /**
   * @param fromStep first step of the epoch to give, for resuming in its middle
   * @param epochs   of the whole run, as far as is known: infinite at first where its time is limited
   */
  batches(epoch: number, fromStep: number, epochs?: number): AsyncIterable<TrainBatch>;
}

/** A batch with its place in the run. */
export interface PlacedBatch {
  readonly batch: TrainBatch;
  /** From 0. */
  readonly step: number;
  /** From 0. */
  readonly epoch: number;
}

/**
 * The batches of steps `from` to `to` - 1, over as many epochs as that takes.
 *
 * @param totalSteps of the run, where it may end before `to`
 */
export async function* batchesOf(
  loader: Pick<TrainLoader, 'stepsPerEpoch' | 'batches'>,
  from: number,
  to: number,
  totalSteps = (): number => to,
): AsyncGenerator<PlacedBatch, void> {
  let step = from;
  while (step < to) {
    const epoch = Math.floor(step / loader.stepsPerEpoch);
    const before = step;
    const epochs = Math.ceil(totalSteps() / loader.stepsPerEpoch);
    for await (const batch of loader.batches(epoch, step % loader.stepsPerEpoch, epochs)) {
      yield { batch, step, epoch };
      step++;
      if (step >= to) return;
    }
    if (step === before) throw new Error(`the loader gave no batch in epoch ${epoch}`);
  }
}
