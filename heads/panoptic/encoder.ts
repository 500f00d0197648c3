import type { Encoder } from '../../datasets/encoder.js';
import { IGNORED, type PanopticTruth } from '../../datasets/sample.js';
import { eachPixel } from '../../datasets/transforms/patches.js';
import {
  createEncoder as createInstanceEncoder,
  type InstanceEncoderConfig,
  type InstanceTargets,
} from '../instance/encoder.js';
import {
  createEncoder as createSemanticEncoder,
  type SemanticEncoderConfig,
  type SemanticTargets,
} from '../semantic/encoder.js';

/** Those of objects, and the class of every pixel, all classes of objects being one. */
export type PanopticTargets = InstanceTargets & SemanticTargets;

export interface PanopticEncoderConfig {
  readonly instance: InstanceEncoderConfig;
  readonly semantic: SemanticEncoderConfig;
  /** Classes that have objects, the first. */
  readonly things: number;
}

/** Class of the pixels of all objects in the branch of classes; those without objects follow. */
const ANY_THING = 0;

/** A class in the branch of classes. */
export const branchClass = (label: number, things: number): number => {
  if (label === IGNORED) return IGNORED;
  return label < things ? ANY_THING : label - things + 1;
};

/** The class that it stands for; IGNORED for pixels of objects, whose classes it does not tell apart. */
export const ownClass = (label: number, things: number): number =>
  label === IGNORED || label === ANY_THING ? IGNORED : label + things - 1;

/** Truth in input pixels -> the targets of `instance`, and those of `semantic` in which all objects are one class. */
export function createEncoder({
  instance,
  semantic,
  things,
}: PanopticEncoderConfig): Encoder<PanopticTruth, PanopticTargets> {
  const objects = createInstanceEncoder(instance);
  const classes = createSemanticEncoder(semantic);
  return {
    targets: { ...objects.targets, ...classes.targets },
    encode: (truth, into) => {
      objects.encode({ ...truth, kind: 'instances' }, into);
      const mask = truth.mask.map((label) => branchClass(label, things));
      classes.encode({ kind: 'classMap', mask, width: truth.width, height: truth.height }, into);
    },
    decode: (targets) => {
      const taught = (objects.decode as NonNullable<typeof objects.decode>)(targets);
      const map = (classes.decode as NonNullable<typeof classes.decode>)(targets);
      const mask = map.mask.map((label) => ownClass(label, things));
      for (const [m, patch] of taught.masks.entries()) {
        eachPixel(patch, map, (at) => {
          mask[at] = taught.labels[m]!;
        });
      }
      return { ...map, ...taught, kind: 'panoptic', mask };
    },
  };
}
