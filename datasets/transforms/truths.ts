import type { InstanceTruth, SemanticTruth, Truth } from '../sample.js';
import { type Affine, isAligned } from './affine.js';
import { moveObjects, transformBoxes } from './boxes.js';
import type { Deformation } from './deformation.js';
import { boxOf, NO_PATCH, warpPatch } from './patches.js';
import { warpMask, warpMaskLinear } from './warp.js';

/** Where an image goes, and how large the network's input is. */
export interface Movement {
  /** Original pixels -> input pixels. */
  readonly affine: Affine;
  /** Where pixels of the input are read beside their place. Absent: there. */
  readonly deformation?: Deformation;
  /** [height, width] of the input, pixels. */
  readonly size: readonly [number, number];
  /** Boxes with a smaller share of their area left are dropped, fraction. */
  readonly minVisible: number;
  /** Images are resampled cubic, class maps linear, as pixels change their size for good. Absent: bilinear, and the nearest class. */
  readonly isSmooth?: boolean;
}

/** What a loader must be able to do with one kind of truth. */
interface TruthKind<T extends Truth> {
  /** Moves the truth along with its image, into input pixels. */
  readonly move: (truth: T, movement: Movement) => T;
  /** Bytes that it holds. */
  readonly bytes: (truth: T) => number;
}

type TruthKinds = { readonly [K in Truth['kind']]: TruthKind<Extract<Truth, { readonly kind: K }>> };

/** Every kind of truth there is. */
const TRUTHS: TruthKinds = {
  boxes: {
    move: (truth, { affine, size, minVisible, deformation }) =>
      transformBoxes(truth, affine, size, minVisible, deformation),
    bytes: ({ boxes }) => boxes.byteLength,
  },
  instances: { move: moveInstances, bytes: instanceBytes },
  classMap: { move: moveClassMap, bytes: ({ mask }) => mask.byteLength },
  panoptic: {
    move: (truth, movement) => ({
      ...moveInstances(truth, movement),
      ...moveClassMap(truth, movement),
      kind: 'panoptic',
    }),
    bytes: (truth) => instanceBytes(truth) + truth.mask.byteLength,
  },
  labels: { move: (truth) => truth, bytes: ({ labels }) => labels.byteLength },
};

function instanceBytes({ boxes, masks }: Pick<InstanceTruth, 'boxes' | 'masks'>): number {
  return masks.reduce((sum, { data }) => sum + data.byteLength, boxes.byteLength);
}

function moveClassMap(
  truth: Omit<SemanticTruth, 'kind'>,
  { affine, deformation, size, isSmooth }: Movement,
): SemanticTruth {
  const warp = isSmooth ? warpMaskLinear : warpMask;
  return {
    kind: 'classMap',
    mask: warp(truth.mask, truth, affine, size, deformation),
    width: size[1],
    height: size[0],
    ...(truth.overlaps && { overlaps: truth.overlaps }),
  };
}

/**
 * An object of which the box is still seen, but no pixel, is neither learned nor background. Where the map turns, shears or bends,
 * boxes are those of the pixels that are left: the corners of a box enclose more.
 */
function moveInstances(
  truth: Omit<InstanceTruth, 'kind'>,
  { affine, deformation, size, minVisible }: Movement,
): InstanceTruth {
  const { kept, ...objects } = moveObjects(truth, affine, size, minVisible, deformation);
  const moved = kept.map((m) => warpPatch(truth.masks[m]!, affine, size, deformation));
  const isExact = isAligned(affine) && deformation === undefined;
  const boxes = isExact ? objects.boxes : Float64Array.from(objects.boxes);
  if (!isExact) {
    moved.forEach((patch, i) => {
      if (patch) boxes.set(boxOf(patch), i * 4);
    });
  }
  return {
    kind: 'instances',
    ...objects,
    boxes,
    ignored: objects.ignored.map((ignored, i) => (moved[i] === null ? 1 : ignored)),
    masks: moved.map((patch) => patch ?? NO_PATCH),
  };
}

/** The entry of the table for this truth: kind and truth belong together, which the compiler cannot see across a lookup. */
const kindOf = ({ kind }: Truth): TruthKind<Truth> => TRUTHS[kind] as TruthKind<Truth>;

/** The truth in pixels of the network's input. */
export const moveTruth = (truth: Truth, movement: Movement): Truth => kindOf(truth).move(truth, movement);

/** Bytes that a truth holds in memory. */
export const truthBytes = (truth: Truth): number => kindOf(truth).bytes(truth);
