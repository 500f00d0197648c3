import type { Random } from '../../engine/random.js';
import { IGNORED, type Truth } from '../sample.js';

/** Crops that are centred on what has a class. */
export interface Foreground {
  /** Share of all crops, 0..1. */
  readonly share: number;
  /** Index of the class that is none; null: every class counts. */
  readonly background: number | null;
}

/**
 * With the probability `share` the centre of a pixel that has a class beside the background: a class of those that the map shows, each alike,
 * then a pixel of it. Null for what is no class map, and for maps of background alone.
 *
 * @returns x, y in pixels of the image
 * @source nnU-Net, training/dataloading/data_loader.py: oversample_foreground_percent and get_bbox
 */
export function pickForeground(
  truth: Truth,
  { share, background }: Foreground,
  random: Random,
): readonly [x: number, y: number] | null {
  if (random.next() >= share || truth.kind !== 'classMap') return null;
  const { mask, width } = truth;
  const counts = new Float64Array(IGNORED + 1);
  for (const label of mask) counts[label] = (counts[label] ?? 0) + 1;
  const shown = [...counts.keys()].filter(
    (label) => (counts[label] ?? 0) > 0 && label !== background && label !== IGNORED,
  );
  const label = shown[random.integer(Math.max(1, shown.length))];
  if (label === undefined) return null;
  let left = random.integer(counts[label] as number);
  const at = mask.findIndex((value) => value === label && left-- === 0);
  return [(at % width) + 0.5, Math.floor(at / width) + 0.5];
}
