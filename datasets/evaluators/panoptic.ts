import { meanQuality, type PanopticImage, type Quality, tallyPanoptic } from '#coco-ts';
import { valueAt } from '../../engine/checked.js';
import { ShapeError } from '../../engine/errors.js';
import { patchOfMask } from '../packedMasks.js';
import { type ClassMap, IGNORED, type LabelMap, type MaskPatch, type Panoptic, type PanopticTruth } from '../sample.js';
import { eachPixel } from '../transforms/patches.js';
import type { EvaluatorOptions } from './detection.js';
import type { Evaluator } from './evaluator.js';
import { createIdSet } from './ids.js';

/** Panoptic quality of one class; null: neither truths nor answers have it. */
export interface SegmentFigures {
  readonly name: string;
  readonly PQ: number | null;
  readonly SQ: number | null;
  readonly RQ: number | null;
}

/** Means over the classes that occur: of all, of those with objects (Th), of the others (St); null where there is none. */
export interface PanopticReport {
  readonly PQ: number | null;
  readonly SQ: number | null;
  readonly RQ: number | null;
  readonly PQTh: number | null;
  readonly SQTh: number | null;
  readonly RQTh: number | null;
  readonly PQSt: number | null;
  readonly SQSt: number | null;
  readonly RQSt: number | null;
  readonly perClass: readonly SegmentFigures[];
}

/**
 * Panoptic quality at the original resolution. Pixels without a class are void, ignored objects are COCO's crowds.
 *
 * @source Kirillov et al. 2019, arXiv:1801.00868, through coco-ts
 */
export function createPanopticEvaluator({
  labels,
}: EvaluatorOptions): Evaluator<PanopticTruth, Panoptic, PanopticReport> {
  const claim = createIdSet();
  const tally = tallyPanoptic();
  return {
    add: (id, truth, result) => {
      if (result.stuff.width !== truth.width || result.stuff.height !== truth.height) {
        throw new ShapeError(
          `${id}: the truth is ${truth.width}x${truth.height}, the answer ${result.stuff.width}x${result.stuff.height}: answer in pixels of the original image`,
        );
      }
      claim(id);
      tally.add(truthSegments(truth, labels), answerSegments(result, labels));
    },
    report: () => {
      const { perCategory } = tally.quality();
      const found = labels.classes.map(({ name, isStuff }, label) => ({
        name,
        isStuff: isStuff === true,
        quality: perCategory.get(label + 1),
      }));
      const meanOf = (isWanted: (isStuff: boolean) => boolean) => {
        const own = found.flatMap(({ isStuff, quality }) => (quality && isWanted(isStuff) ? [quality] : []));
        return figuresOf(own.length === 0 ? undefined : meanQuality(own));
      };
      const [all, things, stuff] = [meanOf(() => true), meanOf((isStuff) => !isStuff), meanOf((isStuff) => isStuff)];
      return {
        ...all,
        PQTh: things.PQ,
        SQTh: things.SQ,
        RQTh: things.RQ,
        PQSt: stuff.PQ,
        SQSt: stuff.SQ,
        RQSt: stuff.RQ,
        perClass: found.map(({ name, quality }) => ({ name, ...figuresOf(quality) })),
      };
    },
  };
}

const figuresOf = (quality: Quality | undefined) => ({
  PQ: quality?.pq ?? null,
  SQ: quality?.sq ?? null,
  RQ: quality?.rq ?? null,
});

/** Segments with a pixel: classes without objects are numbered by their class from 1, objects after them. */
export function answerSegments({ things, stuff }: Panoptic, labels: LabelMap): PanopticImage {
  const objects = Array.from(things.labels, (label, d) => {
    return { label, isCrowd: false, patch: patchOfMask(valueAt(things.masks, d)) };
  });
  return segmentsOf(stuff, objects, labels);
}

function truthSegments({ masks, labels: own, ignored, ...map }: PanopticTruth, labels: LabelMap): PanopticImage {
  const objects = Array.from(own, (label, m) => ({ label, isCrowd: ignored[m] === 1, patch: masks[m] ?? null }));
  const isThing = (label: number): boolean => labels.classes[label]?.isStuff !== true;
  return segmentsOf({ ...map, mask: map.mask.map((label) => (isThing(label) ? IGNORED : label)) }, objects, labels);
}

function segmentsOf(
  map: ClassMap,
  objects: readonly { readonly label: number; readonly isCrowd: boolean; readonly patch: MaskPatch | null }[],
  { classes }: LabelMap,
): PanopticImage {
  const ids = Int32Array.from(map.mask, (label) => (label === IGNORED ? 0 : label + 1));
  objects.forEach(({ patch }, index) => {
    if (patch === null) return;
    eachPixel(patch, map, (at) => {
      ids[at] = classes.length + 1 + index;
    });
  });
  const present = new Set(ids);
  const all = [
    ...classes.map((_, label) => ({ id: label + 1, category: label + 1, iscrowd: false })),
    ...objects.map(({ label, isCrowd }, index) => ({
      id: classes.length + 1 + index,
      category: label + 1,
      iscrowd: isCrowd,
    })),
  ];
  return { ids, segments: all.filter(({ id }) => present.has(id)) };
}
