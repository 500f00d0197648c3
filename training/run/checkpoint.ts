import type { LabelMap } from '../../datasets/sample.js';
import { WeightsError } from '../../engine/errors.js';
import { shownName } from '../../engine/printable.js';
import type { Checkpoint } from './checkpointFile.js';
import { beginningOf } from './events.js';
import type { RunFolder } from './folder.js';

export { loadCheckpoint } from '../checkpointWeights.js';

/** @throws WeightsError when the checkpoint's classes are not the expected ones, in their order */
export function requireClasses(file: string, { metadata }: Checkpoint, labels: LabelMap): void {
  const stored = metadata.classes.map(({ name }) => name);
  const expected = labels.classes.map(({ name }) => name);
  if (JSON.stringify(stored) === JSON.stringify(expected)) return;
  throw new WeightsError(
    `${file}: checkpoint has classes [${stored.map(shownName).join(', ')}], the config [${expected.map(shownName).join(', ')}]: use the classes it was trained with, or train anew`,
  );
}

/** @throws WeightsError when the checkpoint was written by another run than the one of the folder's log */
export function requireOwn({ events }: RunFolder, file: string, { metadata: { run = '' } }: Checkpoint): void {
  const own = beginningOf(events)?.run ?? '';
  if (run === '' || own === '' || run === own) return;
  throw new WeightsError(
    `${file} is a checkpoint of another run (${run}; the folder's is ${own}): put the run's own file back, or use the other run's folder`,
  );
}
