import { valueAt } from '../engine/checked.js';
import { boxAt } from './boxAt.js';
import { classOf, type MaskFileTruth, maskFileOf } from './classMap.js';
import type { Dataset, Entry } from './dataset.js';
import { sliceMaskOf } from './medical/slices.js';
import { segmentsOf } from './panoptic.js';
import type { StoredTruth } from './read.js';
import { drawRegions, type RegionsTruth, regionsOf, type Segmentation } from './regions.js';
import { IGNORED, labelsOf, objectsOf } from './sample.js';

/** How much there is to learn from in a data set. */
export interface Census {
  readonly counted: 'objects' | 'regions' | 'pixels' | 'images';
  /** Objects of each class. */
  readonly counts: readonly number[];
  /** Crowd and difficult objects, or pixels that are not labelled. */
  readonly ignored: number;
}

/** Counts what the entries say; the pixels of mask files were counted when they were opened. */
export function takeCensus(dataset: Dataset): Census {
  const entries = dataset.entries as readonly Entry<StoredTruth>[];
  const counts = dataset.labels.classes.map(() => 0);
  const [first] = entries;
  if (!first) return countObjects(entries, counts);
  if (sliceMaskOf(first.truth) || first.truth.kind === 'mask-files') {
    for (const [index, pixels] of dataset.maskValues ?? []) counts[index]! += pixels;
    return { counted: 'pixels', counts, ignored: 0 };
  }
  const [masks, regions] = [maskFileOf(first.truth), regionsOf(first.truth)];
  if (masks) return countPixels(dataset, masks, counts);
  if (labelsOf(first.truth)) return countLabels(entries, counts);
  return regions ? countRegions(entries, regions, counts) : countObjects(entries, counts);
}

function countPixels({ maskValues }: Dataset, table: MaskFileTruth, counts: number[]): Census {
  let ignored = 0;
  for (const [value, pixels] of maskValues ?? []) {
    const label = classOf(value, table) ?? IGNORED;
    if (label === IGNORED) ignored += pixels;
    else if (label >= 0) counts[label]! += pixels;
  }
  return { counted: 'pixels', counts, ignored };
}

/** The background counts 1 where it may matter: beside regions of one class, if there is a pixel that none covers. */
function countRegions(entries: readonly Entry<StoredTruth>[], first: RegionsTruth, counts: number[]): Census {
  const { uncovered } = first;
  for (const { truth } of entries) for (const { label } of regionsOf(truth)?.regions ?? []) counts[label]!++;
  const classes = counts.filter((regions) => regions > 0).length;
  if (!first.overlaps && uncovered !== IGNORED && (classes !== 1 || entries.some(hasUncovered))) counts[uncovered]!++;
  return { counted: 'regions', counts, ignored: 0 };
}

function countLabels(entries: readonly Entry<StoredTruth>[], counts: number[]): Census {
  for (const { truth } of entries) for (const label of labelsOf(truth)?.labels ?? []) counts[label]!++;
  return { counted: 'images', counts, ignored: 0 };
}

function countObjects(entries: readonly Entry<StoredTruth>[], counts: number[]): Census {
  let ignored = 0;
  for (const { truth } of entries) {
    const objects = objectsOf(truth);
    for (const { label, object } of segmentsOf(truth)) {
      if (object === null && label !== IGNORED) counts[label]!++;
    }
    objects?.labels.forEach((label, i) => {
      if (objects.ignored[i] === 1) ignored++;
      else counts[label]!++;
    });
  }
  return { counted: 'objects', counts, ignored };
}

function hasUncovered({ truth, width, height, file }: Entry<StoredTruth>): boolean {
  const regions = regionsOf(truth);
  return regions !== null && drawRegions(regions, width ?? 0, height ?? 0, file).includes(regions.uncovered);
}

/**
 * Objects of which both sides are shorter than a limit; of regions, those that are polygons.
 *
 * @param limitOf pixels of an image of this size
 */
export function countSmaller(
  { entries }: Dataset,
  limitOf: (height: number, width: number) => readonly [height: number, width: number],
): { readonly smaller: number; readonly total: number } {
  let [smaller, total] = [0, 0];
  for (const { truth, width, height } of entries as readonly Entry<StoredTruth>[]) {
    const [rows, columns] = limitOf(height ?? 0, width ?? 0);
    for (const [objectWidth, objectHeight] of sidesOf(truth)) {
      total++;
      if (objectWidth < columns && objectHeight < rows) smaller++;
    }
  }
  return { smaller, total };
}

/** Width and height of the objects that are learned from. */
function sidesOf(truth: StoredTruth): (readonly [width: number, height: number])[] {
  const boxes = objectsOf(truth);
  if (!boxes) return regionsOf(truth)?.regions.flatMap(({ segmentation }) => extentOf(segmentation)) ?? [];
  const sides: [number, number][] = [];
  for (let i = 0; i < boxes.labels.length; i++) {
    const [x1, y1, x2, y2] = boxAt(boxes.boxes, i);
    if (boxes.ignored[i] === 0) sides.push([x2 - x1, y2 - y1]);
  }
  return sides;
}

function extentOf(segmentation: Segmentation): (readonly [width: number, height: number])[] {
  if ('size' in segmentation) return [];
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const polygon of segmentation) {
    for (let i = 0; i + 1 < polygon.length; i += 2) {
      left = Math.min(left, valueAt(polygon, i));
      right = Math.max(right, valueAt(polygon, i));
      top = Math.min(top, valueAt(polygon, i + 1));
      bottom = Math.max(bottom, valueAt(polygon, i + 1));
    }
  }
  return [[right - left, bottom - top]];
}
