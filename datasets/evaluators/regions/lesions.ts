import { type Connectivity, connectedComponents } from './components.js';
import type { Grid } from './grid.js';

/** Lesions found and answers that are right, both counted whole. */
export interface LesionCounts {
  /** Connected components of the truth. */
  readonly lesions: number;
  /** Number of them that a prediction overlaps. */
  readonly found: number;
  /** Connected components of the answer. */
  readonly answers: number;
  /** Number of them that overlap a lesion. */
  readonly right: number;
}

/** Fractions; null: there is nothing to find, or nothing was answered. */
export interface LesionScores {
  readonly sensitivity: number | null;
  readonly precision: number | null;
  /** Harmonic mean of the two: 0 where only one of them is a number. */
  readonly f1: number | null;
}

export interface LesionOptions {
  readonly connectivity: Connectivity;
  /** Share of a piece's voxels that must lie on the other mask, above 0 to 1; 0: any one of them. */
  readonly overlap: number;
}

/**
 * Counts lesions, the connected components of a mask, that the other mask meets.
 *
 * @source Commowick et al. 2018, doi:10.1038/s41598-018-31911-7, detection of lesions; there with rules for merged ones
 */
export function countLesions(
  truth: Uint8Array,
  answer: Uint8Array,
  shape: Grid['shape'],
  { connectivity, overlap }: LesionOptions,
): LesionCounts {
  const [lesions, found] = met(truth, answer, shape, { connectivity, overlap });
  const [answers, right] = met(answer, truth, shape, { connectivity, overlap });
  return { lesions, found, answers, right };
}

export function lesionScores({ lesions, found, answers, right }: LesionCounts): LesionScores {
  const sensitivity = lesions === 0 ? null : found / lesions;
  const precision = answers === 0 ? null : right / answers;
  if (sensitivity === null && precision === null) return { sensitivity, precision, f1: null };
  const [s, p] = [sensitivity ?? 0, precision ?? 0];
  return { sensitivity, precision, f1: s + p === 0 ? 0 : (2 * s * p) / (s + p) };
}

/** Pieces of a mask, and how many of them the other one covers enough. */
function met(
  mask: Uint8Array,
  other: Uint8Array,
  shape: Grid['shape'],
  { connectivity, overlap }: LesionOptions,
): readonly [pieces: number, met: number] {
  const { labels, count, sizes } = connectedComponents(mask, shape, connectivity);
  const covered = new Int32Array(count + 1);
  for (let at = 0; at < labels.length; at++) if (other[at] !== 0) covered[labels[at]!]!++;
  let hits = 0;
  for (let label = 1; label <= count; label++) {
    if (covered[label]! > 0 && covered[label]! >= overlap * sizes[label]!) hits++;
  }
  return [count, hits];
}
