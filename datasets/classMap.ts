import type { MaskImage, MaskUnit } from './decode/decodeMask.js';
import { withClass } from './overlap.js';
import { IGNORED } from './sample.js';

/** What to do with a mask value that the table does not hold. */
export type OtherValues = 'error' | 'ignore' | 'nearest';

/** Where the class map of an image is read from, and what its values mean. Structured-cloneable. */
export interface MaskFileTruth {
  readonly kind: 'mask-file';
  /** Absolute path of an image file. */
  readonly file: string;
  /** Whether `values` are grey values or palette indices, or colours 0xRRGGBB. */
  readonly unit: MaskUnit;
  /** True: a mask of another size than its image is resized to it by the nearest pixel. */
  readonly resized: boolean;
  /** Mask value -> class index or IGNORED. */
  readonly values: readonly (readonly [value: number, index: number])[];
  readonly otherValues: OtherValues;
  /** True: a value of the map is a set of classes, and an index below 0 is none of them. */
  readonly overlaps?: true;
}

/** A mask file for each class, which may overlap those of others. Structured-cloneable. */
export interface MaskFilesTruth {
  readonly kind: 'mask-files';
  readonly files: readonly MaskFileTruth[];
}

/** The mask file of a stored truth; null: it is another one. */
export const maskFileOf = (truth: { readonly kind: string }): MaskFileTruth | null =>
  truth.kind === 'mask-file' ? (truth as MaskFileTruth) : null;

/** Mask values and the pixels that have them. */
export type ValueCounts = ReadonlyMap<number, number>;

export interface MappedMask {
  /** [height * width] class index or IGNORED. */
  readonly mask: Uint8Array;
  /** Values outside the table; with 'error' their pixels are IGNORED too. */
  readonly unknownValues: ValueCounts;
}

/** Mask values to class indices. Nearest: of colours by the distance in red, green and blue; ties go to the lower value. */
export function mapValues(image: MaskImage, { values, otherValues, unit, overlaps }: MaskFileTruth): MappedMask {
  const known = new Map(values);
  const sorted = [...values].sort((a, b) => a[0] - b[0]);
  const unknownValues = new Map<number, number>();
  const others = new Map<number, number>();
  const mask = new Uint8Array(image.data.length);
  let [last, lastIndex] = [-1, IGNORED];
  for (let i = 0; i < mask.length; i++) {
    const value = image.data[i] as number;
    if (value !== last) {
      let index = known.get(value);
      if (index === undefined) {
        index = others.get(value) ?? (otherValues === 'nearest' ? nearestIndex(sorted, value, unit) : IGNORED);
        others.set(value, index);
      }
      [last, lastIndex] = [value, index];
    }
    if (others.size > 0 && others.has(value)) unknownValues.set(value, (unknownValues.get(value) ?? 0) + 1);
    mask[i] = overlaps ? withClass(0, lastIndex) : lastIndex;
  }
  return { mask, unknownValues };
}

/** The values of a mask, ascending. */
export function countValues({ data }: MaskImage): ValueCounts {
  if (data instanceof Uint32Array) {
    const colours = new Map<number, number>();
    for (const colour of data) colours.set(colour, (colours.get(colour) ?? 0) + 1);
    return new Map([...colours].sort(([a], [b]) => a - b));
  }
  const counts = new Uint32Array(data instanceof Uint16Array ? 65536 : 256);
  for (let i = 0; i < data.length; i++) counts[data[i] as number]!++;
  const found = new Map<number, number>();
  for (const [value, count] of counts.entries()) if (count > 0) found.set(value, count);
  return found;
}

/** The class index, or IGNORED, that pixels of a value get; undefined: none, since it is refused. */
export function classOf(
  value: number,
  { values, otherValues, unit }: Pick<MaskFileTruth, 'values' | 'otherValues' | 'unit'>,
): number | undefined {
  const known = values.find(([listed]) => listed === value);
  if (known !== undefined) return known[1];
  if (otherValues === 'error') return undefined;
  return otherValues === 'ignore'
    ? IGNORED
    : nearestIndex(
        [...values].sort((a, b) => a[0] - b[0]),
        value,
        unit,
      );
}

function nearestIndex(sorted: MaskFileTruth['values'], value: number, unit: MaskUnit): number {
  let best: readonly [number, number] = [Number.POSITIVE_INFINITY, IGNORED];
  for (const [known, index] of sorted) {
    const distance = unit === 'colour' ? colourDistance(known, value) : Math.abs(known - value);
    if (distance < best[0]) best = [distance, index];
  }
  return best[1];
}

function colourDistance(a: number, b: number): number {
  let sum = 0;
  for (const shift of [0, 8, 16]) sum += (((a >> shift) & 255) - ((b >> shift) & 255)) ** 2;
  return sum;
}
