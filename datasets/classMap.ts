import { DataError } from '../engine/errors.js';
import type { MaskImage } from './decode/decodeMask.js';
import { IGNORED } from './sample.js';

/** What to do with a mask value that the table does not hold. */
export type OtherValues = 'error' | 'ignore' | 'nearest';

/** Where the class map of an image is read from, and what its values mean. Structured-cloneable. */
export interface MaskFileTruth {
  readonly kind: 'mask-file';
  /** Absolute path of a PNG. */
  readonly file: string;
  /** Mask value -> class index or IGNORED. */
  readonly values: readonly (readonly [value: number, index: number])[];
  readonly otherValues: OtherValues;
}

export interface MappedMask {
  /** [height * width] class index or IGNORED. */
  readonly mask: Uint8Array;
  /** Values outside the table and the pixels that have them; with 'error' their pixels are IGNORED too. */
  readonly strays: ReadonlyMap<number, number>;
}

/** Mask values to class indices. Nearest: ties go to the lower value. */
export function mapValues(image: MaskImage, { values, otherValues }: MaskFileTruth): MappedMask {
  const table = new Int16Array(image.data instanceof Uint16Array ? 65536 : 256).fill(-1);
  for (const [value, index] of values) if (value < table.length) table[value] = index;
  const sorted = [...values].sort((a, b) => a[0] - b[0]);
  const strays = new Map<number, number>();
  const mask = new Uint8Array(image.data.length);
  for (let i = 0; i < mask.length; i++) {
    const value = image.data[i] as number;
    const index = table[value] as number;
    if (index >= 0) {
      mask[i] = index;
      continue;
    }
    strays.set(value, (strays.get(value) ?? 0) + 1);
    mask[i] = otherValues === 'nearest' ? nearestIndex(sorted, value) : IGNORED;
  }
  return { mask, strays };
}

/** @throws DataError listing each stray value with its pixels, and the ways out */
export function refuseStrays(file: string, strays: ReadonlyMap<number, number>, known: readonly number[]): never {
  const found = [...strays].sort((a, b) => a[0] - b[0]);
  const shown = found.slice(0, 8).map(([value, count]) => `${value} (${count} pixels)`);
  const more = found.length > 8 ? ` and ${found.length - 8} more` : '';
  const table = known.slice(0, 10).join(', ') + (known.length > 10 ? ', ...' : '');
  throw new DataError(
    file,
    `mask values outside the table (${table}): ${shown.join(', ')}${more}; add them to values, or set otherValues to 'ignore' or 'nearest'`,
  );
}

function nearestIndex(sorted: MaskFileTruth['values'], value: number): number {
  let best: readonly [number, number] = [Number.POSITIVE_INFINITY, IGNORED];
  for (const [known, index] of sorted) {
    const distance = Math.abs(known - value);
    if (distance < best[0]) best = [distance, index];
  }
  return best[1];
}
