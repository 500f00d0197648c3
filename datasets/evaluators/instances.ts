import { COCO, COCOeval, type InstanceAnnotation } from '#coco-ts';
import { valueAt } from '../../engine/checked.js';
import { ShapeError } from '../../engine/errors.js';
import { packPatch } from '../packedMasks.js';
import type { Instances, InstanceTruth, PackedMask } from '../sample.js';
import {
  type ClassPrecision,
  COCO_METRICS,
  classPrecision,
  type DetectionEvaluatorOptions,
  present,
} from './detection.js';
import type { Evaluator } from './evaluator.js';
import { createIdSet } from './ids.js';

/** Figures of the masks as pycocotools names them, and of the boxes; fractions, null where there is no truth to find. */
export type InstanceReport = { readonly [K in (typeof COCO_METRICS)[number]]: number | null } & {
  readonly boxAP: number | null;
  readonly boxAP50: number | null;
  /** AP of masks by class. */
  readonly perClass: readonly ClassPrecision[];
};

/** Limits of AR1, AR10 and AR100. */
const RECALL_LIMITS = [1, 10, 100] as const;

/**
 * COCO average precision of masks and of boxes, without a score threshold. Ignored truths are COCO's crowds.
 *
 * @source Lin et al. 2014, arXiv:1405.0312, through coco-ts
 */
export function createInstanceEvaluator({
  labels,
  maxDetections = 100,
}: DetectionEvaluatorOptions): Evaluator<InstanceTruth, Instances, InstanceReport> {
  const truths: InstanceAnnotation[] = [];
  const found: InstanceAnnotation[] = [];
  const claim = createIdSet();
  let images = 0;
  return {
    add: (id, truth, result) => {
      for (const label of [...truth.labels, ...result.labels]) {
        if (label >= 0 && label < labels.classes.length) continue;
        throw new ShapeError(
          `${id}: an object of class ${label}, the data set has ${labels.classes.length} classes (0..${labels.classes.length - 1}): evaluate with the label map the model was trained with`,
        );
      }
      claim(id);
      images++;
      const size = sizeOf(truth, result);
      truth.labels.forEach((label, m) => {
        const segmentation = packed(packPatch(valueAt(truth.masks, m), size));
        const [area, iscrowd] = [valueAt(truth.areas, m), valueAt(truth.ignored, m)];
        const about = { id: truths.length + 1, image_id: images, category_id: label + 1, area, iscrowd };
        truths.push({ ...about, bbox: sided(truth.boxes, m), segmentation });
      });
      result.labels.forEach((label, d) => {
        const segmentation = packed(valueAt(result.masks, d));
        const bbox = sided(result.boxes, d);
        const about = { id: found.length + 1, image_id: images, category_id: label + 1, area: bbox[2] * bbox[3] };
        found.push({ ...about, iscrowd: 0, bbox, segmentation, score: valueAt(result.scores, d) });
      });
    },
    report: () => {
      const categories = labels.classes.map(({ name }, index) => ({ id: index + 1, name }));
      const setOf = (annotations: InstanceAnnotation[]) =>
        new COCO({ images: Array.from({ length: images }, (_, i) => ({ id: i + 1 })), categories, annotations });
      const run = (kind: 'segm' | 'bbox'): COCOeval => {
        const evaluation = new COCOeval(setOf(truths), setOf(found), kind);
        evaluation.params.maxDets = [...RECALL_LIMITS, ...(maxDetections > 100 ? [maxDetections] : [])];
        evaluation.evaluate();
        evaluation.accumulate();
        evaluation.summarize({ ownLimits: true });
        return evaluation;
      };
      const [masks, boxes] = [run('segm'), run('bbox')];
      const figure = ({ stats, statNames }: COCOeval, name: string) => present(stats[statNames.indexOf(name)]);
      const numbers = COCO_METRICS.map((name) => [name, figure(masks, name)] as const);
      return {
        ...(Object.fromEntries(numbers) as { [K in (typeof COCO_METRICS)[number]]: number | null }),
        boxAP: figure(boxes, 'AP'),
        boxAP50: figure(boxes, 'AP50'),
        perClass: labels.classes.map(({ name }, index) => ({ name, ...classPrecision(masks, index) })),
      };
    },
  };
}

/** x1 y1 x2 y2 -> x y width height. */
function sided(boxes: Float32Array | Float64Array, row: number): [number, number, number, number] {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = boxes.subarray(row * 4, row * 4 + 4);
  return [x1, y1, x2 - x1, y2 - y1];
}

const packed = ({ size, counts }: PackedMask) => ({ size: [...size] as [number, number], counts });

/** Masks of truths are packed at the size of the answers; where nothing was answered, at one that holds them. */
function sizeOf({ masks }: InstanceTruth, { masks: answers }: Instances) {
  const [first] = answers;
  if (first) return { height: first.size[0], width: first.size[1] };
  const most = (ends: readonly number[]): number => ends.reduce((largest, end) => Math.max(largest, end), 1);
  return {
    width: most(masks.map(({ left, width }) => left + width)),
    height: most(masks.map(({ top, height }) => top + height)),
  };
}
