import * as tf from '@tensorflow/tfjs';
import { preprocessingSchema } from '../pretrained/metadata.js';
import { blankCheckpoint, type CheckpointMetadata, digestPosition } from './checkpoint.js';
import { captureState, type TrainingState } from './state.js';
import type { TrainableModel } from './step.js';

/** What a checkpoint says of a training beside its tensors; what is left out is not known, or 0. */
export type CheckpointFacts = Pick<
  CheckpointMetadata,
  'step' | 'stepsPerEpoch' | 'totalSteps' | 'seed' | 'optimizer' | 'classes' | 'config'
> &
  Partial<Pick<CheckpointMetadata, 'seconds' | 'metric' | 'best' | 'latest' | 'versions' | 'run'>>;

/**
 * A training as it stands as the bytes of a checkpoint, for where there are no files: saved as `checkpoints/last.safetensors` of a
 * folder, `espalier train --resume --out FOLDER` goes on with it, and `openDetector` opens it.
 *
 * @param facts `config` as `{ model }` of `createDetector` is what opening it takes
 */
export async function serializeCheckpoint(
  state: TrainingState & { readonly model: Pick<TrainableModel, 'preprocessing'> },
  facts: CheckpointFacts,
): Promise<Uint8Array> {
  const bytes = blankCheckpoint({
    tensors: await captureState(state),
    metadata: {
      format: 'espalier-checkpoint',
      version: 1,
      seconds: 0,
      metric: null,
      best: null,
      latest: null,
      versions: {},
      engine: tf.getBackend(),
      preprocessing: preprocessingSchema.parse(state.model.preprocessing),
      ...facts,
    },
  });
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', Uint8Array.from(bytes)));
  const text = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  bytes.set(new TextEncoder().encode(text), digestPosition('the checkpoint', bytes));
  return bytes;
}
