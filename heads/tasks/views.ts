import { packPatch, patchOfMask } from '../../datasets/packedMasks.js';
import type { ClassScores, Detections, Instances, MaskPatch, PackedMask } from '../../datasets/sample.js';
import { cutAt, eachPixel, NO_PATCH } from '../../datasets/transforms/patches.js';
import { valueAt } from '../../engine/checked.js';
import { fuseBoxes, type Member } from '../boxes/fusion.js';

interface Size {
  readonly width: number;
  readonly height: number;
}

/** How several answers for one image become one: of several networks, or of one that saw it in several ways. */
export interface Views<Result> {
  readonly combine: (results: readonly Result[], limits: { readonly maxDetections: number }) => Result;
  /** The answer for the image that was seen mirrored, left and right exchanged. */
  readonly mirrored: (result: Result, image: Size) => Result;
  /** The answer for an image in the upper left corner of a larger one. */
  readonly cropped: (result: Result, image: Size) => Result;
}

/** IoU above which boxes of several answers are one object, as the authors of the fusion use it. */
const SAME = 0.55;

export const detectionViews: Views<Detections> = {
  combine: (results, { maxDetections }) => fuse(results, maxDetections).detections,
  mirrored: ({ boxes, ...rest }, { width }) => ({
    ...rest,
    boxes: boxes.map((value, i) => (i % 2 === 1 ? value : width - valueAt(boxes, i % 4 === 0 ? i + 2 : i - 2))),
  }),
  cropped: (result, image) => inside(result, image).result,
};

export const instanceViews: Views<Instances> = {
  combine: (results, { maxDetections }) => {
    const { detections, members } = fuse(results, maxDetections);
    return { ...detections, masks: members.map((own) => agreed(own, results)) };
  },
  mirrored: (result, image) => ({
    ...detectionViews.mirrored(result, image),
    masks: result.masks.map((mask) =>
      repacked(mask, image, (patch) => ({
        ...patch,
        left: image.width - patch.left - patch.width,
        data: patch.data.map((_, at) => {
          const column = at % patch.width;
          return patch.data[at - column + (patch.width - 1 - column)]!;
        }),
      })),
    ),
  }),
  cropped: (given, image) => {
    const { result, rows } = inside(given, image);
    const masks = rows.map((row) => repacked(valueAt(given.masks, row), image, (patch) => cutAt(patch, image)));
    return { ...result, masks };
  },
};

export const classificationViews: Views<ClassScores> = {
  combine: (results) => {
    const [first] = results;
    const { isExclusive = true, probabilities = new Float32Array(0) } = first ?? {};
    const mean = probabilities.map(
      (_, label) => results.reduce((sum, one) => sum + valueAt(one.probabilities, label), 0) / results.length,
    );
    return { isExclusive, probabilities: mean };
  },
  mirrored: (result) => result,
  cropped: (result) => result,
};

const fuse = (results: readonly Detections[], limit: number) => fuseBoxes(results, { iouThreshold: SAME, limit });

/** The boxes that lie in the image, clipped to it, and their rows. */
function inside({ boxes, labels, scores }: Detections, { width, height }: Size) {
  const clipped = boxes.map((value, i) => Math.min(value, i % 2 === 0 ? width : height));
  const rows = Array.from(labels.keys()).filter(
    (row) =>
      valueAt(clipped, row * 4 + 2) > valueAt(clipped, row * 4) &&
      valueAt(clipped, row * 4 + 3) > valueAt(clipped, row * 4 + 1),
  );
  const result: Detections = {
    boxes: Float32Array.from(rows.flatMap((row) => Array.from(clipped.subarray(row * 4, row * 4 + 4)))),
    labels: Int32Array.from(rows, (row) => valueAt(labels, row)),
    scores: Float32Array.from(rows, (row) => valueAt(scores, row)),
  };
  return { result, rows };
}

const patchOf = (mask: PackedMask): MaskPatch => patchOfMask(mask) ?? NO_PATCH;
const repacked = (mask: PackedMask, image: Size, move: (patch: MaskPatch) => MaskPatch): PackedMask =>
  packPatch(move(patchOf(mask)), image);

/** The pixels that at least half of the members have, by their scores. */
function agreed(members: readonly Member[], results: readonly Instances[]): PackedMask {
  const masks = members.map(({ answer, row }) => valueAt(valueAt(results, answer).masks, row));
  const [first] = masks;
  if (first === undefined || masks.length === 1) return first ?? { size: [0, 0], counts: '' };
  const [height, width] = first.size;
  const votes = new Float64Array(width * height);
  masks.forEach((mask, i) => {
    const { score } = valueAt(members, i);
    eachPixel(patchOf(mask), { width, height }, (at) => {
      votes[at]! += score;
    });
  });
  const half = members.reduce((sum, { score }) => sum + score, 0) / 2;
  const data = Uint8Array.from(votes, (vote) => (vote > 0 && vote >= half ? 1 : 0));
  return packPatch({ left: 0, top: 0, width, height, data }, { width, height });
}
