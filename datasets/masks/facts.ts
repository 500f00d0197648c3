import { stat } from 'node:fs/promises';
import { countValues, type ValueCounts } from '../classMap.js';
import { type DecodeMaskOptions, decodeMask } from '../decode/decodeMask.js';

/** Size and values of a mask file. */
export interface MaskFacts {
  readonly width: number;
  readonly height: number;
  readonly counts: ValueCounts;
}

/** Facts that are kept, since several splits ask for the same masks. */
const MOST_KEPT = 100_000;
/** Values of a mask that is kept. */
const MOST_VALUES = 256;
const kept = new Map<string, MaskFacts>();

/** Decodes a mask once in the process, as long as its size and time stay. @throws DataError as decodeMask */
export async function maskFacts(file: string, options: Pick<DecodeMaskOptions, 'unit' | 'lossy'>): Promise<MaskFacts> {
  const status = await stat(file).catch(() => null);
  const key = `${file}\0${options.unit}\0${options.lossy}\0${status?.size}\0${status?.mtimeMs}`;
  const known = kept.get(key);
  if (known !== undefined) return known;
  const mask = await decodeMask(file, options);
  const facts = { width: mask.width, height: mask.height, counts: countValues(mask) };
  if (kept.size < MOST_KEPT && facts.counts.size <= MOST_VALUES) kept.set(key, facts);
  return facts;
}
