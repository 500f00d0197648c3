import type { Encoder } from '../../datasets/encoder.js';
import { planeOf } from '../../datasets/overlap.js';
import { IGNORED, type SemanticTruth } from '../../datasets/sample.js';
import { ShapeError } from '../../engine/errors.js';
import { signedDistances } from './signedDistances.js';

export interface SemanticEncoderConfig {
  /** [height, width] of the network input, pixels. */
  readonly inputSize: readonly [height: number, width: number];
  /** Classes whose signed distances are written, for a boundary loss. Defaults to 0: none are. */
  readonly distances?: number;
  /** True: bit k of a map's value is class k. Defaults to false. */
  readonly overlaps?: boolean;
}

/** The class of every pixel, and its distance to the boundary of every class where a loss asks for it. */
export type SemanticTargets = {
  readonly mask: readonly ['int32', 2];
  readonly distances?: readonly ['float32', 3];
};

/**
 * A class map of the input's size -> `mask` [H, W] int32, -1 where it is ignored, and `distances` [H, W, classes] float32 pixels,
 * below 0 inside of a class.
 */
export function createEncoder({
  inputSize,
  distances: classes = 0,
  overlaps = false,
}: SemanticEncoderConfig): Encoder<SemanticTruth, SemanticTargets> {
  const [height, width] = inputSize;
  return {
    targets: {
      mask: { shape: [height, width], dtype: 'int32' },
      ...(classes > 0 && { distances: { shape: [height, width, classes], dtype: 'float32' } as const }),
    },
    encode: (truth, into) => {
      if (truth.width !== width || truth.height !== height) {
        throw new ShapeError(
          `a class map is ${truth.height} x ${truth.width} pixels, the network input ${height} x ${width}: transform it with its image`,
        );
      }
      const { mask, distances } = into;
      for (let i = 0; i < mask.length; i++) mask[i] = truth.mask[i] === IGNORED ? -1 : truth.mask[i]!;
      for (let label = 0; distances && label < classes; label++) {
        const own = overlaps
          ? signedDistances(planeOf(truth.mask, label), 1, inputSize)
          : signedDistances(truth.mask, label, inputSize);
        for (let i = 0; i < own.length; i++) distances[i * classes + label] = own[i]!;
      }
    },
    decode: ({ mask }) => ({
      kind: 'classMap',
      mask: Uint8Array.from(mask, (label) => (label < 0 ? IGNORED : label)),
      width,
      height,
      ...(overlaps && { overlaps }),
    }),
  };
}
