import { writeWhole } from '../../engine/files/write.js';
import type { Loadable } from '../load.js';
import { type SaveWeightsOptions, serializeWeights, weightsWriter } from '../save.js';

/**
 * Writes a network's weights as `.safetensors` or `.npz`, under timm's and effdet's names and in PyTorch's layout, with what
 * `loadWeights` needs to know of them. The file appears whole or not at all; the same weights give the same bytes.
 *
 * @throws ConfigError for another ending; WriteError when the file cannot be written; EngineError when the network was disposed
 */
export async function saveWeights(network: Loadable, path: string, options: SaveWeightsOptions = {}): Promise<void> {
  weightsWriter(path);
  writeWhole(path, [await serializeWeights(network, options, path)], 'name another file');
}
