import { bootstrap, calibration, cellsOfArea, compare, outcomes, type TideCosts, tideCosts } from '#coco-ts';
import { EspalierError } from '../../engine/errors.js';
import { boxAt } from '../boxes.js';
import type { LabelMap } from '../sample.js';
import { type Answered, compareBoxes } from './compareBoxes.js';
import { boxIou, matchBoxes } from './matchBoxes.js';

/** A figure with its 95 % interval over images drawn again and again. */
export interface Estimate {
  readonly estimate: number;
  readonly low: number;
  readonly high: number;
}

/** What is to be known of a detector's answers beside its figures. Fractions. */
export interface BoxAnalysis {
  /** AP over IoU 0.50:0.95; null: nothing to find. */
  readonly interval: Estimate | null;
  /** What each kind of error costs in AP at IoU 0.5. */
  readonly costs: TideCosts;
  /** How far scores are from being the share that is right, at IoU 0.5. */
  readonly calibration: {
    readonly expectedError: number;
    readonly bins: readonly { readonly confidence: number; readonly accuracy: number; readonly count: number }[];
  };
  /** Share of the objects found at IoU 0.5 from the threshold up, by what they are like. */
  readonly found: readonly FoundShare[];
}

/** Objects that have something in common. */
export interface FoundShare {
  /** 'size', 'aspect', 'crowding' or 'position'. */
  readonly by: string;
  readonly group: string;
  readonly objects: number;
  readonly found: number;
}

export interface AnalysisOptions {
  readonly labels: LabelMap;
  readonly maxDetections: number;
  /** Lowest score that counts as an answer. */
  readonly threshold: number;
  readonly seed?: number;
}

/** @param sizes of the images in the order of the answers, pixels */
export function analyseBoxes(
  answered: readonly Answered[],
  sizes: readonly { readonly width: number; readonly height: number }[],
  { labels, maxDetections, threshold, seed = 0 }: AnalysisOptions,
): BoxAnalysis {
  const { truths, found, evaluation } = compareBoxes(labels, answered, maxDetections);
  const areas = evaluation.params.areaRng.length;
  const cells = cellsOfArea(evaluation.evalImgs, areas, answered.length);
  const { expectedError, bins } = calibration(outcomes(cells));
  const interval = bootstrap(evaluation, { seed });
  return {
    interval: Number.isFinite(interval.estimate) && interval.estimate >= 0 ? interval : null,
    costs: tideCosts(truths, found, { maxDetections }),
    calibration: { expectedError, bins: bins.filter(({ count }) => count > 0) },
    found: sharesOf(answered, sizes, threshold),
  };
}

/** AP of the first answers less that of the second on the same images, with a paired test. */
export function compareAnswers(
  first: readonly Answered[],
  second: readonly Answered[],
  { labels, maxDetections, seed = 0 }: Omit<AnalysisOptions, 'threshold'>,
): { readonly difference: Estimate; readonly pValue: number } {
  if (first.length !== second.length) {
    throw new EspalierError(
      `${first.length} and ${second.length} images cannot be compared in pairs: answer the same ones`,
    );
  }
  const evaluationOf = (answered: readonly Answered[]) => compareBoxes(labels, answered, maxDetections).evaluation;
  return compare(evaluationOf(first), evaluationOf(second), { seed });
}

const SIZES = [
  ['up to 32 pixels', 32],
  ['to 96 pixels', 96],
  ['larger', Number.POSITIVE_INFINITY],
] as const;

function sharesOf(
  answered: readonly Answered[],
  sizes: readonly { readonly width: number; readonly height: number }[],
  threshold: number,
): readonly FoundShare[] {
  const groups = new Map<string, { by: string; group: string; objects: number; found: number }>();
  for (const [i, { truth, result }] of answered.entries()) {
    const hits = new Set(matchBoxes(truth, result, { threshold }).hits.map((hit) => hit.truth));
    for (let m = 0; m < truth.labels.length; m++) {
      if (truth.ignored[m] === 1) continue;
      for (const [by, group] of groupsOf(truth.boxes, m, sizes[i] ?? { width: 1, height: 1 })) {
        const key = `${by} ${group}`;
        const counted = groups.get(key) ?? { by, group, objects: 0, found: 0 };
        groups.set(key, { ...counted, objects: counted.objects + 1, found: counted.found + (hits.has(m) ? 1 : 0) });
      }
    }
  }
  return [...groups.values()].sort((a, b) => a.by.localeCompare(b.by) || a.group.localeCompare(b.group));
}

function groupsOf(
  boxes: Float64Array,
  m: number,
  { width, height }: { readonly width: number; readonly height: number },
): readonly (readonly [by: string, group: string])[] {
  const [x1, y1, x2, y2] = boxAt(boxes, m);
  const side = Math.sqrt((x2 - x1) * (y2 - y1));
  const aspect = (x2 - x1) / Math.max(1e-9, y2 - y1);
  const others = Array.from({ length: boxes.length / 4 }, (_, other) => other).filter(
    (other) => other !== m && boxIou(boxes, m, boxes, other) > 0.05,
  ).length;
  const touches = x1 <= 1 || y1 <= 1 || x2 >= width - 1 || y2 >= height - 1;
  return [
    ['size', SIZES.find(([, limit]) => side <= limit)?.[0] ?? ''],
    ['aspect', aspect > 2 ? 'wider than 2:1' : aspect < 0.5 ? 'taller than 1:2' : 'about square'],
    ['crowding', others === 0 ? 'alone' : others < 3 ? 'one or two overlap it' : 'three or more overlap it'],
    ['position', touches ? 'touches the edge' : 'inside'],
  ];
}
