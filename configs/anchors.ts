import { boxAt } from '../datasets/boxAt.js';
import { type Finding, finding } from '../datasets/check/pitfalls.js';
import type { Dataset, Entry } from '../datasets/dataset.js';
import { objectsOf } from '../datasets/sample.js';
import { valueAt } from '../engine/checked.js';
import { headOf, headSettings } from '../heads/index.js';
import { stridesOf } from './network.js';
import type { Experiment } from './schema.js';

/** Sizes of objects, as COCO counts them. */
const SIZES = { small: 32, medium: 96, large: Number.POSITIVE_INFINITY } as const;
type Size = keyof typeof SIZES;

/** How well the anchors of a head fit the objects of a data set. */
export interface AnchorReport {
  /** Objects that were looked at: those of all images, or of the first with about 20,000. */
  readonly objects: number;
  /** Share of them that an anchor overlaps by the threshold, 0..1. */
  readonly fitted: number;
  readonly threshold: number;
  /** The same by size in the input: below 32, below 96 pixels (square root of the area), and larger. */
  readonly bySize: {
    readonly [size in Size]: {
      readonly objects: number;
      readonly fitted: number;
      /** Histogram of their IoU with the best anchor, in twentieths. */
      readonly overlaps: readonly number[];
    };
  };
  /** Settings below `model.head` with which clearly more are fitted; null: there are none. */
  readonly better: { readonly settings: { readonly [key: string]: unknown }; readonly share: number } | null;
}

/** Parts of the range of IoU. */
const OVERLAP_BINS = 20;
/** Objects that are looked at. */
const MOST = 20_000;
/** Share of objects without a fitting anchor that is worth a word. */
const WORTH_SAYING = 0.2;

/** Looks at training objects as they lie in the input; null: the head has no anchors, or there are no boxes. */
export function reportAnchors(experiment: Experiment, { entries }: Dataset): AnchorReport | null {
  const { head, inputSize } = experiment.model;
  const { audit } = headOf(head);
  const boxes = Float64Array.from(placed(entries, inputSize));
  if (audit === undefined || boxes.length === 0) return null;
  const { ious, threshold, better } = audit(
    headSettings(head),
    { inputSize, strides: stridesOf(experiment.model) },
    boxes,
  );
  const sides = Array.from(ious, (_, i) => {
    const [x1, y1, x2, y2] = boxAt(boxes, i);
    return Math.sqrt((x2 - x1) * (y2 - y1));
  });
  const between = (from: number, to: number) => {
    const found = [...ious].filter((_, i) => valueAt(sides, i) >= from && valueAt(sides, i) < to);
    const overlaps = new Array<number>(OVERLAP_BINS).fill(0);
    for (const iou of found) {
      const bin = Math.min(OVERLAP_BINS - 1, Math.floor(iou * OVERLAP_BINS));
      overlaps[bin] = valueAt(overlaps, bin) + 1;
    }
    return { objects: found.length, fitted: shareOf(found, threshold), overlaps };
  };
  return {
    objects: ious.length,
    fitted: shareOf([...ious], threshold),
    threshold,
    bySize: {
      small: between(0, SIZES.small),
      medium: between(SIZES.small, SIZES.medium),
      large: between(SIZES.medium, SIZES.large),
    },
    better,
  };
}

const shareOf = (ious: readonly number[], threshold: number): number =>
  ious.length === 0 ? 0 : ious.filter((iou) => iou >= threshold).length / ious.length;

/** x1 y1 x2 y2 of all objects that are learned, where the whole image fills the input. */
function placed(entries: readonly Entry[], [height, width]: readonly [number, number]): number[] {
  const all: number[] = [];
  for (const { truth: stored, width: columns, height: rows } of entries) {
    const truth = objectsOf(stored);
    if (all.length >= 4 * MOST) break;
    if (!truth || !columns || !rows) continue;
    const scale = Math.min(height / rows, width / columns);
    for (let i = 0; i < truth.labels.length; i++)
      if (truth.ignored[i] === 0) for (let k = 0; k < 4; k++) all.push(truth.boxes[i * 4 + k]! * scale);
  }
  return all;
}

/** What is to be said where many objects have no fitting anchor. */
export function misfits({ objects, fitted, threshold, better }: AnchorReport): Finding[] {
  if (1 - fitted < WORTH_SAYING) return [];
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const remedy =
    better === null
      ? ''
      : `; ${percent(better.share)} would have one with model.head: ${JSON.stringify(better.settings)}`;
  return [
    finding(
      42,
      'train',
      `${percent(1 - fitted)} of ${objects} objects have no anchor that overlaps them by ${threshold}, so that each has one cell to learn from${remedy}`,
    ),
  ];
}
