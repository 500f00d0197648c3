import type { Encoder } from '../../datasets/encoder.js';
import { IGNORED, type SemanticTruth } from '../../datasets/sample.js';
import { ShapeError } from '../../engine/errors.js';

export interface SemanticEncoderConfig {
  /** [height, width] of the network input, pixels. */
  readonly inputSize: readonly [height: number, width: number];
}

/** The class of every pixel. */
export type SemanticTargets = { readonly mask: readonly ['int32', 2] };

/** A class map of the input's size -> `mask` [H, W] int32, -1 where it is ignored. */
export function createEncoder({ inputSize }: SemanticEncoderConfig): Encoder<SemanticTruth, SemanticTargets> {
  const [height, width] = inputSize;
  return {
    targets: { mask: { shape: [height, width], dtype: 'int32' } },
    encode: (truth, into) => {
      if (truth.width !== width || truth.height !== height) {
        throw new ShapeError(
          `a class map is ${truth.height} x ${truth.width} pixels, the network input ${height} x ${width}: transform it with its image`,
        );
      }
      const { mask } = into;
      for (let i = 0; i < mask.length; i++) mask[i] = truth.mask[i] === IGNORED ? -1 : truth.mask[i]!;
    },
    decode: ({ mask }) => ({
      kind: 'classMap',
      mask: Uint8Array.from(mask, (label) => (label < 0 ? IGNORED : label)),
      width,
      height,
    }),
  };
}
