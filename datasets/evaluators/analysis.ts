import { bootstrap, calibration, cellsOfArea, compare, outcomes, type TideCosts, tideCosts } from '#coco-ts';
import { EspalierError } from '../../engine/errors.js';
import { boxAt } from '../boxAt.js';
import type { LabelMap } from '../sample.js';
import { type Answered, compareBoxes, precisionOfArea, precisionOfGroups } from './compareBoxes.js';
import { boxIou, matchBoxes } from './matchBoxes.js';
import type { PairedTest } from './resampling.js';

/** A figure with its 95 % interval over images drawn again and again. */
export interface Estimate {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** What is to be known of a detector's answers beside its figures. Fractions. */
export interface BoxAnalysis {
  /** What each kind of error costs in AP at IoU 0.5. */
  readonly costs: TideCosts;
  /** How far scores are from being the share that is right, at IoU 0.5. */
  readonly calibration: {
    readonly expectedError: number;
    readonly bins: readonly { readonly confidence: number; readonly accuracy: number; readonly count: number }[];
  };
  /** Objects by what they are like; groups without one are left out. */
  readonly groups: readonly BoxGroup[];
}

/** Objects that have something in common. */
export interface BoxGroup {
  /** 'size', 'aspect', 'crowding' or 'position'. */
  readonly by: string;
  readonly group: string;
  readonly objects: number;
  /** Number of these that were found at IoU 0.5 from the threshold up. */
  readonly found: number;
  /**
   * Over IoU 0.50:0.95, as COCO has it of sizes: other objects need not be found, and an answer that found nothing counts where it is like
   * the group itself. By size it is COCO's APs, APm, APl; null: no object that counts.
   */
  readonly AP: number | null;
}

export interface AnalysisOptions {
  readonly labels: LabelMap;
  readonly maxDetections: number;
  /** Lowest score that counts as an answer. */
  readonly threshold: number;
}

/** Options of the bootstrap over images. */
interface DrawOptions extends Pick<AnalysisOptions, 'labels' | 'maxDetections'> {
  readonly seed?: number;
}

/** @param sizes of the images in the order of the answers, pixels */
export function analyseBoxes(
  answered: readonly Answered[],
  sizes: readonly { readonly width: number; readonly height: number }[],
  { labels, maxDetections, threshold }: AnalysisOptions,
): BoxAnalysis {
  const { truths, found, evaluation } = compareBoxes(labels, answered, maxDetections);
  const areas = evaluation.params.areaRng.length;
  const cells = cellsOfArea(evaluation.evalImgs, areas, answered.length);
  const { expectedError, bins } = calibration(outcomes(cells));
  return {
    costs: tideCosts(truths, found, { maxDetections }),
    calibration: { expectedError, bins: bins.filter(({ count }) => count > 0) },
    groups: groupsOf(
      answered,
      sizes,
      { labels, maxDetections, threshold },
      [1, 2, 3].map((area) => precisionOfArea(evaluation, labels, area)),
    ),
  };
}

/** AP over IoU 0.50:0.95 with its interval; null: nothing to find. */
export function boxInterval(
  answered: readonly Answered[],
  { labels, maxDetections, seed = 0 }: DrawOptions,
): Estimate | null {
  const interval = bootstrap(compareBoxes(labels, answered, maxDetections).evaluation, { seed });
  return Number.isFinite(interval.estimate) && interval.estimate >= 0 ? interval : null;
}

/** AP of the first answers less that of the second on the same images, with a paired test. */
export function compareAnswers(
  first: readonly Answered[],
  second: readonly Answered[],
  { labels, maxDetections, seed = 0 }: DrawOptions,
): PairedTest {
  if (first.length !== second.length) {
    throw new EspalierError(
      `${first.length} and ${second.length} images cannot be compared in pairs: answer the same ones`,
    );
  }
  const evaluationOf = (answered: readonly Answered[]) => compareBoxes(labels, answered, maxDetections).evaluation;
  return compare(evaluationOf(first), evaluationOf(second), { seed });
}

/** One object or answer among the truths of its image. */
interface Place {
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
  /** Square pixels, as the data set states it. */
  readonly area: number;
  /** Truths that overlap it, that which it is or stands for left out. */
  readonly others: number;
  readonly image: { readonly width: number; readonly height: number };
}

interface Grouping {
  readonly by: string;
  readonly names: readonly string[];
  /** Position in the names. */
  readonly of: (place: Place) => number;
}

const GROUPINGS: readonly Grouping[] = [
  {
    by: 'size',
    names: ['small: below 32 pixels', 'medium: below 96 pixels', 'large'],
    of: ({ area }) => (area < 32 ** 2 ? 0 : area < 96 ** 2 ? 1 : 2),
  },
  {
    by: 'aspect',
    names: ['taller than 1:2', 'about square', 'wider than 2:1'],
    of: ({ box: [x1, y1, x2, y2] }) => (x2 - x1 > 2 * (y2 - y1) ? 2 : y2 - y1 > 2 * (x2 - x1) ? 0 : 1),
  },
  {
    by: 'crowding',
    names: ['alone', 'one or two overlap it', 'three or more overlap it'],
    of: ({ others }) => (others === 0 ? 0 : others < 3 ? 1 : 2),
  },
  {
    by: 'position',
    names: ['in the middle', 'further out', 'touches the edge'],
    of: ({ box: [x1, y1, x2, y2], image: { width, height } }) => {
      if (x1 <= 1 || y1 <= 1 || x2 >= width - 1 || y2 >= height - 1) return 2;
      const isMiddle = (centre: number, side: number): boolean => centre >= side / 4 && centre <= (3 * side) / 4;
      return isMiddle((x1 + x2) / 2, width) && isMiddle((y1 + y2) / 2, height) ? 0 : 1;
    },
  },
];
/** Least IoU of what overlaps. */
const OVERLAPS = 0.05;

/** @param bySize AP of small, medium and large objects */
function groupsOf(
  answered: readonly Answered[],
  sizes: readonly Place['image'][],
  { labels, maxDetections, threshold }: AnalysisOptions,
  bySize: readonly (number | null)[],
): readonly BoxGroup[] {
  const hits = answered.map(
    ({ truth, result }) => new Set(matchBoxes(truth, result, { threshold }).hits.map((hit) => hit.truth)),
  );
  const places = answered.map(({ truth, result }, i) => {
    const image = sizes[i] ?? { width: 1, height: 1 };
    const truths = placesOf(truth.boxes, truth.boxes, image).map((place, m) => ({ ...place, area: truth.areas[m]! }));
    return { truths, answers: placesOf(result.boxes, truth.boxes, image) };
  });
  return GROUPINGS.flatMap(({ by, names, of }) => {
    const groups = places.map(({ truths, answers }) => ({ truths: truths.map(of), answers: answers.map(of) }));
    const counted = names.map(() => ({ objects: 0, found: 0 }));
    for (const [i, { truth }] of answered.entries()) {
      for (const [m, group] of groups[i]!.truths.entries()) {
        if (truth.ignored[m] === 1) continue;
        counted[group]!.objects++;
        if (hits[i]!.has(m)) counted[group]!.found++;
      }
    }
    // COCO's own ranges of sizes have an area at their border in both.
    const precisions =
      by === 'size' ? bySize : precisionOfGroups(labels, answered, maxDetections, { groups, count: names.length });
    return names.flatMap((group, g) =>
      counted[g]!.objects === 0 ? [] : [{ by, group, ...counted[g]!, AP: precisions[g] ?? null }],
    );
  });
}

/** Boxes with the number of truths that overlap each, less one: itself, or what it found. */
function placesOf(boxes: Float32Array | Float64Array, truths: Float64Array, image: Place['image']): readonly Place[] {
  return Array.from({ length: boxes.length / 4 }, (_, i) => {
    const [x1, y1, x2, y2] = boxAt(boxes, i);
    let overlapping = 0;
    for (let m = 0; m < truths.length / 4; m++) if (boxIou(boxes, i, truths, m) > OVERLAPS) overlapping++;
    return { box: [x1, y1, x2, y2], area: (x2 - x1) * (y2 - y1), others: Math.max(0, overlapping - 1), image };
  });
}
