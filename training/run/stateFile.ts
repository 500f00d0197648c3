import { existsSync } from 'node:fs';
import { WeightsError } from '../../engine/errors.js';
import { readRegular } from '../../engine/files/read.js';
import { writeWhole } from '../../engine/files/write.js';
import { readSafetensors, writeSafetensors } from '../../weights/index.js';
import { captureState, restoreState, type TrainingState } from '../state.js';

/** Size of one buffer of a file of states. */
const MAX_BYTES = 2 ** 32;

/**
 * Writes what a training loop needs to continue into a safetensors file: weights, optimizer state, averages, in full float32. The
 * file appears whole or not at all.
 *
 * @param step steps that are done
 * @throws WriteError when the disk is full or the folder cannot be written
 */
export async function saveState(file: string, state: TrainingState, step: number): Promise<void> {
  writeWhole(file, [writeSafetensors(await captureState(state), { step: String(step) })], 'choose another file');
}

/**
 * Puts what `saveState` wrote back in place, bit for bit.
 *
 * @returns steps that are done; 0: there is no such file, and nothing is changed
 * @throws WeightsError when the file is damaged, was not written by `saveState`, or belongs to another network
 */
export function resumeState(file: string, state: TrainingState): number {
  if (!existsSync(file)) return 0;
  const { tensors, metadata } = readSafetensors(
    readRegular(file, { maxBytes: MAX_BYTES, refuse: (problem) => new WeightsError(`${file}: ${problem}`) }),
  );
  const step = /^\d{1,15}$/.test(metadata.step ?? '') ? Number(metadata.step) : null;
  if (step === null)
    throw new WeightsError(
      `${file} does not say how many steps are done (step: ${metadata.step ?? 'absent'}): resume from a file of saveState, or load it with loadWeights`,
    );
  restoreState(state, { tensors });
  return step;
}
