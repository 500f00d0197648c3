import type { Id, KeypointAnnotation } from '../annotation.js';
import { CocoError } from '../errors.js';
import { polygonArea } from '../formats/record.js';
import { type Rle, runsArea, toRuns } from '../mask/runs.js';
import { shown } from '../shown.js';

/** Counts of annotations with a derived value, of truths with the id 0, and of images with more truths than are counted. */
export type Tally = Record<'area' | 'iscrowd' | 'num_keypoints' | 'idZero' | 'overfull', number>;

export const emptyTally = (): Tally => ({ area: 0, iscrowd: 0, num_keypoints: 0, idZero: 0, overfull: 0 });

/** Area of a segmentation, square pixels, by the shoelace formula or counted; null where there is none. */
export function segmentationArea(segmentation: unknown): number | null {
  if (typeof segmentation !== 'object' || segmentation === null) return null;
  if (!Array.isArray(segmentation)) return runsArea(toRuns(segmentation as Rle));
  if (segmentation.length === 0) return null;
  const areas = segmentation.map((part: unknown) =>
    Array.isArray(part) ? polygonArea(part) : runsArea(toRuns(part as Rle)),
  );
  return areas.reduce((sum, area) => sum + area, 0);
}

/** The area an annotation has without saying so: that of its segmentation, failing that of its box; null without either. */
export function derivedArea({ segmentation, bbox }: Pick<KeypointAnnotation, 'segmentation' | 'bbox'>): number | null {
  const area = segmentationArea(segmentation);
  if (area !== null) return area;
  return Array.isArray(bbox) && bbox.length === 4 ? bbox[2]! * bbox[3]! : null;
}

/** Number of labelled points among `per` numbers x, y, visibility from `at` on. */
export function labelledPoints(numbers: ArrayLike<number>, at = 0, per = numbers.length): number {
  let count = 0;
  for (let i = at + 2; i < at + per; i += 3) if (numbers[i]! > 0) count++;
  return count;
}

const have = (count: number): string => (count === 1 ? 'an annotation has' : `${count} annotations have`);

const SENTENCES: Readonly<Record<keyof Tally, (count: number) => string>> = {
  area: (count) => `${have(count)} no area: that of the segmentation, or else of the box, is taken`,
  iscrowd: (count) => `${have(count)} no iscrowd: 0 is taken`,
  num_keypoints: (count) => `${have(count)} no num_keypoints: labelled points are counted`,
  idZero: () =>
    'an annotation has the id 0: as in pycocotools, what finds it counts as false; number annotations from 1, or set params.strictIds = false (--no-strict-ids)',
  overfull: (count) =>
    `${count === 1 ? 'an image has' : `${count} images have`} more objects of a category than the last of maxDets (--max-dets) lets be found`,
};

/** A sentence for each count that is not 0. */
export const tallyNotes = (tally: Tally): string[] =>
  (Object.keys(SENTENCES) as (keyof Tally)[]).filter((key) => tally[key] > 0).map((key) => SENTENCES[key](tally[key]));

const INSTEAD: Readonly<Record<string, string>> = {
  score: ': detections have a score each, truths have none',
  area: ', and no segmentation or box whose area could be taken',
};

/** The error for an annotation without a value that cannot be derived. */
export const missing = (id: Id, key: string): CocoError =>
  new CocoError(`annotation ${shown(id)} has no ${key}${INSTEAD[key] ?? ''}`, 'KeyError');
