import { valueAt } from '../../engine/checked.js';
import type { ValueCounts } from '../classMap.js';
import { decodeMask, type MaskImage, type MaskUnit } from '../decode/decodeMask.js';

/** Values beside those of areas from which on they are edges that were smoothed, not lines of classes. */
const FEWEST_EDGES = 4;
/** Of all pixels, what smoothed edges may be. */
const MOST_EDGES = 0.25;
/** Values that can be classes of their own. */
export const MOST_CLASSES = 64;
/** Of its pixels, what a class has inside of areas. */
const LEAST_INSIDE = 0.2;
/** Of all pixels inside of areas, what a class has at least where values were changed by compression. */
const LEAST_SHARE = 0.001;
/** Difference of each channel within an area, and of a class, where values were changed by compression. */
const [ROUGH_AREA, ROUGH_CLASS] = [8, 40];
/** Masks that are looked at. */
const MOST_LOOKED = 64;

export interface Smoothing {
  readonly unit: MaskUnit;
  /** Whether a file was compressed with loss. */
  readonly isLossy: boolean;
}

/**
 * The values of masks that fill areas, where the others are smoothed edges or the noise of a compression; null: every value is
 * meant. An area is where a pixel and its neighbours to the right and below have one value.
 *
 * @param files absolute paths
 * @param found values of all of them
 */
export async function valuesOfAreas(
  files: readonly string[],
  found: ValueCounts,
  { unit, isLossy }: Smoothing,
): Promise<ReadonlySet<number> | null> {
  const isRough = isLossy || found.size > MOST_CLASSES;
  if (!isLossy && (found.size < 2 + FEWEST_EDGES || isCounting(found))) return null;
  const [inside, alike] = [new Map<number, number>(), new Map<number, number>()];
  const every = Math.ceil(files.length / MOST_LOOKED);
  for (const [i, file] of files.entries()) {
    if (i % every !== 0) continue;
    const mask = await decodeMask(file, { unit, lossy: true }).catch(() => null); // what cannot be read is told elsewhere
    if (mask === null) continue;
    addAreas(mask, 0, inside);
    if (isRough) addAreas(mask, ROUGH_AREA, alike);
  }
  const exact = filled(inside, found, every);
  if (!isLossy && 2 * exact.size > found.size) return null; // such as the numbers of objects
  const areas = isRough ? centres(alike, unit) : exact;
  const total = sum(found.values());
  const edges = total - sum([...found].map(([value, n]) => (areas.has(value) ? n : 0)));
  const isSmoothed = areas.size >= 1 && found.size - areas.size >= FEWEST_EDGES;
  return isSmoothed && areas.size <= MOST_CLASSES && (isRough || edges <= MOST_EDGES * total) ? areas : null;
}

const sum = (numbers: Iterable<number>): number => [...numbers].reduce((total, n) => total + n, 0);

/** Values that follow one another from 0 are positions of classes. */
const isCounting = (found: ValueCounts): boolean =>
  [...found.keys()].filter((value) => value !== 255).every((value) => value < found.size);

/** How far two values are apart: of colours in the channel that differs most. */
function distance(a: number, b: number, unit: MaskUnit): number {
  if (unit === 'value') return Math.abs(a - b);
  const channel = (shift: number): number => Math.abs(((a >> shift) & 255) - ((b >> shift) & 255));
  return Math.max(channel(16), channel(8), channel(0));
}

function addAreas({ data, width, height, unit }: MaskImage, within: number, inside: Map<number, number>): void {
  const isNear = (a: number, b: number): boolean => a === b || (within > 0 && distance(a, b, unit) <= within);
  for (let y = 0; y + 1 < height; y++) {
    for (let x = 0; x + 1 < width; x++) {
      const at = y * width + x;
      const value = valueAt(data, at);
      const isInside =
        isNear(value, valueAt(data, at + 1)) &&
        isNear(value, valueAt(data, at + width)) &&
        isNear(value, valueAt(data, at + width + 1));
      if (isInside) inside.set(value, (inside.get(value) ?? 0) + 1);
    }
  }
}

function filled(inside: ReadonlyMap<number, number>, found: ValueCounts, every: number): ReadonlySet<number> {
  return new Set(
    [...found].flatMap(([value, n]) => ((inside.get(value) ?? 0) * every >= LEAST_INSIDE * n ? value : [])),
  );
}

/** The most frequent values, each with those near it. */
function centres(inside: ReadonlyMap<number, number>, unit: MaskUnit): ReadonlySet<number> {
  const least = LEAST_SHARE * sum(inside.values());
  const found = new Map<number, number>();
  for (const [value, n] of [...inside].sort((a, b) => b[1] - a[1])) {
    const near = [...found.keys()].find((centre) => distance(centre, value, unit) <= ROUGH_CLASS);
    if (near === undefined && found.size > 4 * MOST_CLASSES) continue;
    found.set(near ?? value, (near === undefined ? 0 : (found.get(near) ?? 0)) + n);
  }
  return new Set([...found].flatMap(([value, n]) => (n >= least ? value : [])));
}
