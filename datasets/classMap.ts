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

/** Mask values and the pixels that have them. */
export type ValueCounts = ReadonlyMap<number, number>;

export interface MappedMask {
  /** [height * width] class index or IGNORED. */
  readonly mask: Uint8Array;
  /** Values outside the table; with 'error' their pixels are IGNORED too. */
  readonly strays: ValueCounts;
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

/** The values of a mask, ascending. */
export function countValues({ data }: MaskImage): ValueCounts {
  const counts = new Uint32Array(data instanceof Uint16Array ? 65536 : 256);
  for (let i = 0; i < data.length; i++) counts[data[i] as number]!++;
  const found = new Map<number, number>();
  for (const [value, count] of counts.entries()) if (count > 0) found.set(value, count);
  return found;
}

/** The class index, or IGNORED, that pixels of a value get; undefined: none, since it is refused. */
export function classOf(
  value: number,
  { values, otherValues }: Pick<MaskFileTruth, 'values' | 'otherValues'>,
): number | undefined {
  const known = values.find(([listed]) => listed === value);
  if (known !== undefined) return known[1];
  if (otherValues === 'error') return undefined;
  return otherValues === 'ignore'
    ? IGNORED
    : nearestIndex(
        [...values].sort((a, b) => a[0] - b[0]),
        value,
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
