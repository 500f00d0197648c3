import { ConfigError } from '../engine/errors.js';
import type { HostTensors } from '../weights/hostTensor.js';
import { writeNpz } from '../weights/npz.js';
import { writeSafetensors } from '../weights/safetensors.js';
import { type Loadable, trunkOf } from './load.js';
import { exportStateDict } from './stateDict.js';

/** What travels inside a file of weights: text only. */
export type WeightsMetadata = Readonly<Record<string, string>>;

export interface SaveWeightsOptions {
  /** Names by class index. */
  readonly classes?: readonly string[];
  readonly licence?: string;
  /** Where the weights are from. */
  readonly source?: string;
  /** Further entries of your own; those that the library writes itself win. */
  readonly metadata?: WeightsMetadata;
}

const WRITERS: Readonly<Record<string, (tensors: HostTensors, metadata: WeightsMetadata) => Uint8Array>> = {
  safetensors: writeSafetensors,
  npz: writeNpz,
};

/** What writes a file of this ending. @throws ConfigError for another ending than .safetensors and .npz */
export function weightsWriter(path: string): (tensors: HostTensors, metadata: WeightsMetadata) => Uint8Array {
  const write = WRITERS[/\.(\w+)$/.exec(path)?.[1] ?? ''];
  if (write) return write;
  const endings = Object.keys(WRITERS).map((name) => `.${name}`);
  throw new ConfigError(`${path}: weights are written as ${endings.join(' or ')}`);
}

/**
 * A network's weights as the bytes of a file: what `saveWeights` writes, for browsers and servers.
 *
 * @param name of the file; its ending decides between safetensors and npz. Defaults to safetensors
 * @throws EngineError when the network was disposed
 */
export async function serializeWeights(
  network: Loadable,
  options: SaveWeightsOptions = {},
  name = 'weights.safetensors',
): Promise<Uint8Array> {
  return weightsWriter(name)(await exportStateDict(network), weightsMetadata(network, options));
}

/** What a file says of its weights: architecture, what they expect of an image, and the options. */
export function weightsMetadata(
  network: Loadable,
  { classes, licence, source, metadata = {} }: SaveWeightsOptions,
): WeightsMetadata {
  const trunk = trunkOf(network);
  return {
    ...metadata,
    format: 'pt',
    ...(trunk ? { architecture: trunk.architecture.name, preprocessing: JSON.stringify(trunk.preprocessing) } : {}),
    ...(classes ? { classes: JSON.stringify(classes) } : {}),
    ...(licence === undefined ? {} : { licence }),
    ...(source === undefined ? {} : { source }),
  };
}
