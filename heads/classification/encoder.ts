import type { Encoder } from '../../datasets/encoder.js';
import type { LabelTruth } from '../../datasets/sample.js';
import { ShapeError } from '../../engine/errors.js';

export interface ClassificationEncoderConfig {
  /** K. */
  readonly classes: number;
  /** True: any number of classes at once. */
  readonly multiLabel: boolean;
}

/** 1 for the classes that are there, 0 for the others; shares of mixed images between. */
export type ClassificationTargets = { readonly classes: readonly ['float32', 1] };

/** The classes of an image -> `classes` [K] float32, 1 for those that are there. */
export function createEncoder({
  classes: count,
  multiLabel,
}: ClassificationEncoderConfig): Encoder<LabelTruth, ClassificationTargets> {
  return {
    targets: { classes: { shape: [count], dtype: 'float32' } },
    encode: ({ labels, shares }, { classes }) => {
      if (!multiLabel && labels.length !== 1 && shares === undefined) {
        throw new ShapeError(
          `an image has ${labels.length} classes, and classes that exclude each other need one: set model.head.multiLabel`,
        );
      }
      classes.fill(0);
      labels.forEach((label, i) => {
        classes[label] = shares?.[i] ?? 1;
      });
    },
    decode: ({ classes }) => ({
      kind: 'labels',
      labels: Int32Array.from([...classes].flatMap((value, label) => (value > 0 ? [label] : []))),
    }),
  };
}
