import { WeightsError } from '../engine/errors.js';
import type { CheckpointPart } from '../weights/pytorch/checkpointParts.js';
import type { WeightsFile } from '../weights/weightsFile.js';

/** Beginning of the names of averaged weights in our checkpoints; names of other states of training have a slash, too. */
const AVERAGE = 'ema/';

/**
 * A checkpoint of a training run of ours as the weights that it holds: their averages, or those that were trained. Other
 * files are given back as they are: PyTorch's have been asked when they were opened.
 *
 * @throws WeightsError when averages are wanted of a file without any
 */
export function averagesOf(file: WeightsFile, part?: CheckpointPart): WeightsFile {
  const averages = [...file.tensors].filter(([name]) => name.startsWith(AVERAGE));
  if (averages.length === 0) {
    if (part === 'average' && file.format === 'safetensors')
      throw new WeightsError('the file has no average weights, only those that were trained');
    return file;
  }
  const plain = [...file.tensors].filter(([name]) => !name.includes('/'));
  const renamed = averages.map(([name, tensor]) => [name.slice(AVERAGE.length), tensor] as const);
  return { ...file, tensors: new Map(part === 'trained' ? plain : [...plain, ...renamed]) };
}
