import { IGNORED } from '../../sample.js';
import type { CasesConfig } from './config.js';
import { checkGrid, type Grid, voxelsOf } from './grid.js';
import { countLesions, lesionScores } from './lesions.js';
import { averageSurfaceDistance, hausdorffDistance, surfaceDice, surfaceDistances } from './surfaces.js';

/** Figures of one class in one case; null: there is none, by the policy for empty maps or by what it is. */
export interface RegionFigures {
  /** 2 |T A| / (|T| + |A|) and |T A| / |T or A|, fractions. */
  readonly dice: number | null;
  readonly iou: number | null;
  /** Hausdorff distance and its 95th percentile, and the mean distance of the surfaces, in the unit of the spacing. */
  readonly hausdorff: number | null;
  readonly hausdorff95: number | null;
  readonly averageSurfaceDistance: number | null;
  /** Share of both surfaces that lies within the tolerance of the other. */
  readonly surfaceDice: number | null;
  /** Connected components found, of the truth's; right, of the answer's; and their harmonic mean. */
  readonly lesionSensitivity: number | null;
  readonly lesionPrecision: number | null;
  readonly lesionF1: number | null;
  /** In the unit of volumes. */
  readonly truthVolume: number;
  readonly answerVolume: number;
  /** Answer less truth. */
  readonly volumeError: number;
}

/** Figures that are measured where a case has the class, in the order of tables. */
export const REGION_FIGURES = [
  'dice',
  'iou',
  'hausdorff95',
  'hausdorff',
  'averageSurfaceDistance',
  'surfaceDice',
  'lesionSensitivity',
  'lesionPrecision',
  'lesionF1',
  'volumeError',
] as const satisfies readonly (keyof RegionFigures)[];

/** Which of the two maps lacks the class. */
export type Empty = 'none' | 'truth' | 'answer' | 'both';

/** Whole class maps of a case. */
export interface MeasuredCase {
  /** [voxels] class index; IGNORED voxels are in no class, whatever was answered there. */
  readonly truth: Uint8Array;
  readonly answer: Uint8Array;
  readonly grid: Grid;
  /** Volume of one voxel, in the unit that volumes are told in. */
  readonly voxelVolume: number;
}

type Policy = Pick<CasesConfig, 'tolerance' | 'bothEmpty' | 'oneEmpty' | 'connectivity' | 'lesionOverlap'>;

/**
 * Measures one class of a case.
 *
 * @param label class index
 * @throws EspalierError for maps of another size than the grid
 */
export function measureRegion(
  { truth, answer, grid, voxelVolume }: MeasuredCase,
  label: number,
  policy: Policy,
): { readonly empty: Empty; readonly figures: RegionFigures } {
  checkGrid(grid, truth, answer);
  const masks = [new Uint8Array(truth.length), new Uint8Array(truth.length)] as const;
  const counts = { truth: 0, answer: 0, both: 0 };
  for (let at = 0; at < truth.length; at++) {
    if (truth[at] === IGNORED) continue;
    const isTruth = truth[at] === label;
    const isAnswer = answer[at] === label;
    if (isTruth) masks[0][at] = 1;
    if (isAnswer) masks[1][at] = 1;
    counts.truth += isTruth ? 1 : 0;
    counts.answer += isAnswer ? 1 : 0;
    counts.both += isTruth && isAnswer ? 1 : 0;
  }
  const [truthVolume, answerVolume] = [counts.truth * voxelVolume, counts.answer * voxelVolume];
  const volumes = { truthVolume, answerVolume, volumeError: answerVolume - truthVolume };
  const empty = emptyOf(counts);
  if (empty !== 'none') return { empty, figures: { ...withoutRegion(empty, grid, policy), ...volumes } };
  const distances = surfaceDistances(...masks, grid);
  const { connectivity, lesionOverlap } = policy;
  const lesions = lesionScores(countLesions(...masks, grid.shape, { connectivity, overlap: lesionOverlap }));
  const union = counts.truth + counts.answer - counts.both;
  return {
    empty,
    figures: {
      dice: (2 * counts.both) / (counts.truth + counts.answer),
      iou: counts.both / union,
      hausdorff: distances && hausdorffDistance(distances),
      hausdorff95: distances && hausdorffDistance(distances, 95),
      averageSurfaceDistance: distances && averageSurfaceDistance(distances),
      surfaceDice: distances && surfaceDice(distances, policy.tolerance),
      lesionSensitivity: lesions.sensitivity,
      lesionPrecision: lesions.precision,
      lesionF1: lesions.f1,
      ...volumes,
    },
  };
}

/** Dice of one class whose truth or answer has a voxel; 0 where neither has. */
export function measureDice(truth: Uint8Array, answer: Uint8Array, label: number): number {
  let [all, both] = [0, 0];
  for (let at = 0; at < truth.length; at++) {
    if (truth[at] === IGNORED) continue;
    all += (truth[at] === label ? 1 : 0) + (answer[at] === label ? 1 : 0);
    both += truth[at] === label && answer[at] === label ? 1 : 0;
  }
  return all === 0 ? 0 : (2 * both) / all;
}

function emptyOf({ truth, answer }: { readonly truth: number; readonly answer: number }): Empty {
  if (truth > 0 && answer > 0) return 'none';
  if (truth > 0) return 'answer';
  return answer > 0 ? 'truth' : 'both';
}

/** What the policy says where a map lacks the class. */
function withoutRegion(empty: Exclude<Empty, 'none'>, grid: Grid, { bothEmpty, oneEmpty }: Policy) {
  if (empty === 'both') return shared(bothEmpty === 'perfect' ? 1 : null, bothEmpty === 'perfect' ? 0 : null);
  const figures = shared(0, oneEmpty === 'diagonal' ? diagonal(grid) : null);
  // nothing to find, or nothing answered: the share of it is no number
  return empty === 'truth' ? { ...figures, lesionSensitivity: null } : { ...figures, lesionPrecision: null };
}

const shared = (share: number | null, distance: number | null) => ({
  dice: share,
  iou: share,
  hausdorff: distance,
  hausdorff95: distance,
  averageSurfaceDistance: distance,
  surfaceDice: share,
  lesionSensitivity: share,
  lesionPrecision: share,
  lesionF1: share,
});

/** From the centre of the first voxel to that of the last. */
function diagonal({ shape, spacing }: Grid): number {
  if (voxelsOf(shape) === 0) return 0;
  return Math.hypot(...shape.map((length, axis) => (length - 1) * spacing[axis]!));
}
