import { basename } from 'node:path';
import { ConfigError } from '../../engine/errors.js';
import { writeWhole } from '../../engine/files/write.js';
import { sha256Of } from '../../engine/tensorflow/runtime/pip.js';
import { withWeights } from '../../weights/fileSource.js';
import type { HostTensors } from '../../weights/hostTensor.js';
import { writeNpz } from '../../weights/npz.js';
import type { CheckpointPart } from '../../weights/pytorch/checkpointParts.js';
import { writeSafetensors } from '../../weights/safetensors.js';
import { requireArchitecture } from '../architecture.js';
import { type Conversion, type ConvertOptions, convertWeights } from '../convert.js';
import { type GoldenNetwork, goldenForward } from '../golden.js';
import { loadStateDict } from '../stateDict.js';

export interface ConvertFileOptions extends ConvertOptions {
  /** Architecture of `network`, for the metadata. */
  readonly architecture: string;
  /** Sides of the golden forward's picture; 96 when absent. */
  readonly goldenPixels?: number;
  /** Of a checkpoint with two sets of weights. */
  readonly part?: CheckpointPart;
  /** Names by class index. */
  readonly classes?: readonly string[];
  readonly licence?: string;
  /** Where the file is from; its name when absent. */
  readonly source?: string;
}

/** What travels inside a file of weights: text only. */
export type WeightsMetadata = Readonly<Record<string, string>>;

const WRITERS: Readonly<Record<string, (tensors: HostTensors, metadata: WeightsMetadata) => Uint8Array>> = {
  safetensors: writeSafetensors,
  npz: writeNpz,
};

/**
 * Converts a file of weights of any format and any known release into ours, fills `network` with it, and writes it with
 * what is needed to use it: architecture, preprocessing, class names, licence, source, digest, and a golden forward.
 * The file appears whole or not at all.
 *
 * @param to path that ends in .safetensors or .npz
 * @throws WeightsError when the file does not fill the network; ConfigError for another ending; WriteError when `to`
 *   cannot be written
 */
export async function convertFile(
  file: string,
  network: GoldenNetwork,
  to: string,
  options: ConvertFileOptions,
): Promise<Conversion & { readonly metadata: WeightsMetadata }> {
  const write = WRITERS[/\.(\w+)$/.exec(to)?.[1] ?? ''];
  if (!write)
    throw new ConfigError(
      `${to}: weights are written as ${Object.keys(WRITERS)
        .map((name) => `.${name}`)
        .join(' or ')}`,
    );
  const { part } = options;
  const { conversion, carried } = await withWeights(
    file,
    (opened) => {
      requireArchitecture({ name: options.architecture }, opened.metadata.architecture, file);
      return { conversion: convertWeights(opened, network, options), carried: opened.metadata };
    },
    part === undefined ? {} : { part },
  );
  loadStateDict(network, conversion.tensors, { partial: true });
  const preprocessing = conversion.preprocessing ?? network.preprocessing;
  const metadata = await metadataOf(file, network, { ...options, preprocessing }, carried);
  writeWhole(to, [write(conversion.tensors, metadata)], 'name another file with --to');
  return { ...conversion, metadata };
}

/** Entries of a file that stay true of its weights. */
const CARRIED = ['name', 'licence', 'source', 'classes'] as const;

async function metadataOf(
  file: string,
  network: GoldenNetwork,
  options: ConvertFileOptions & Pick<GoldenNetwork, 'preprocessing'>,
  carried: WeightsMetadata,
): Promise<WeightsMetadata> {
  const { architecture, classes, licence, source, preprocessing } = options;
  const kept = CARRIED.flatMap((key) => (carried[key] === undefined ? [] : [[key, carried[key]] as const]));
  return {
    source: basename(file),
    ...Object.fromEntries(kept),
    format: 'pt',
    architecture,
    sha256: await sha256Of(file),
    preprocessing: JSON.stringify(preprocessing),
    inputPixels: String(network.inputPixels),
    golden: JSON.stringify(await goldenForward(network, options.goldenPixels)),
    ...(classes ? { classes: JSON.stringify(classes) } : {}),
    ...(licence === undefined ? {} : { licence }),
    ...(source === undefined ? {} : { source }),
  };
}
