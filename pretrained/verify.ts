import * as z from 'zod';
import { WeightsError } from '../engine/errors.js';
import type { WeightsFile } from '../weights/weightsFile.js';
import { isWeightsName, weightsEntry } from './catalogue.js';
import { GOLDEN_TOLERANCE, type GoldenForward, type GoldenNetwork, goldenDifference } from './golden.js';
import { loadFile } from './load.js';
import { entryOf } from './metadata.js';
import { checkComplete } from './stateDict.js';

const goldenSchema = z
  .strictObject({
    pixels: z.int().min(32).max(1024),
    index: z.array(z.int().min(0)).min(1).max(1000),
    value: z.array(z.number()),
    std: z.number().positive(),
  })
  .refine(({ index, value }) => index.length === value.length);

export interface Verification {
  /** Largest difference of a logit to the golden, as a share of the logits' spread. */
  readonly difference: number;
  readonly tolerance: number;
  /** Who computed the golden. */
  readonly origin: 'the original library' | 'the conversion';
}

/**
 * Fills a network with a file of ours and compares its answer to the formula's picture with the golden: the catalogue's,
 * which the original library computed, or the one that was written when the file was converted.
 *
 * @throws WeightsError when the file does not fill the network or has no golden
 */
export async function verifyWeights(file: WeightsFile, network: GoldenNetwork): Promise<Verification> {
  const { missing, reshaped } = loadFile(network, file, 'the file');
  checkComplete({ missing, reshaped, unexpected: [] });
  const { golden, origin } = goldenOf(file);
  return { difference: await goldenDifference(network, golden), tolerance: GOLDEN_TOLERANCE, origin };
}

function goldenOf({ metadata }: WeightsFile): { golden: GoldenForward; origin: Verification['origin'] } {
  const { name } = metadata;
  if (name !== undefined && isWeightsName(name))
    return { golden: weightsEntry(name).golden, origin: 'the original library' };
  const golden = entryOf(metadata, 'golden', goldenSchema);
  if (golden === undefined)
    throw new WeightsError("the file has no golden forward to compare with: write it with 'espalier weights convert'");
  return { golden, origin: 'the conversion' };
}
