import { basename } from 'node:path';
import { writeWhole } from '../../engine/files/write.js';
import { sha256Of } from '../../engine/tensorflow/runtime/pip.js';
import { withWeights } from '../../weights/fileSource.js';
import type { CheckpointPart } from '../../weights/pytorch/checkpointParts.js';
import { requireArchitecture } from '../architecture.js';
import { averagesOf } from '../averages.js';
import { type Conversion, type ConvertOptions, convertWeights } from '../convert.js';
import { type GoldenNetwork, goldenForward } from '../golden.js';
import { type WeightsMetadata, weightsMetadata, weightsWriter } from '../save.js';
import { loadStateDict } from '../stateDict.js';

export interface ConvertFileOptions extends ConvertOptions {
  /** Architecture of `network`, for the metadata. */
  readonly architecture: string;
  /** Sides of the golden forward's picture. Defaults to 96. */
  readonly goldenPixels?: number;
  /** Set to take of a checkpoint with two sets of weights. */
  readonly part?: CheckpointPart;
  /** Names by class index. */
  readonly classes?: readonly string[];
  readonly licence?: string;
  /** Where the file is from. Defaults to its name. */
  readonly source?: string;
}

/** Entries of a file that stay true of its weights. */
const CARRIED = ['name', 'licence', 'source', 'classes'] as const;

/**
 * Converts a file of weights of any format and naming that is known into ours, fills `network` with it, and writes it with
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
  const write = weightsWriter(to);
  const { part, architecture } = options;
  const { conversion, carried } = await withWeights(
    file,
    (opened) => {
      requireArchitecture({ name: architecture }, opened.metadata.architecture, file);
      return { conversion: convertWeights(averagesOf(opened, part), network, options), carried: opened.metadata };
    },
    part === undefined ? {} : { part },
  );
  loadStateDict(network, conversion.tensors, { partial: true });
  const kept = CARRIED.flatMap((key) => (carried[key] === undefined ? [] : [[key, carried[key]] as const]));
  const metadata = {
    source: basename(file),
    ...weightsMetadata(network, { ...options, metadata: Object.fromEntries(kept) }),
    architecture,
    sha256: await sha256Of(file),
    preprocessing: JSON.stringify(conversion.preprocessing ?? network.preprocessing),
    inputPixels: String(network.inputPixels),
    golden: JSON.stringify(await goldenForward(network, options.goldenPixels)),
  };
  writeWhole(to, [write(conversion.tensors, metadata)], 'name another file with --to');
  return { ...conversion, metadata };
}
