import * as tf from '@tensorflow/tfjs';
import { resizeBilinear } from '../../engine/kernels/index.js';
import type { Seen } from '../head.js';

/** Mean of class maps' logits on the grid of the first, mirrored ones turned back. */
export function averageLogits(seen: readonly Seen<tf.Tensor4D>[]): tf.Tensor4D {
  const [, height = 0, width = 0] = seen[0]?.raw.shape ?? [];
  const brought = seen.map(({ raw, isMirrored }) =>
    resizeBilinear(isMirrored ? tf.reverse(raw, 2) : raw, height, width),
  );
  return tf.div(
    brought.reduce((sum, one) => tf.add(sum, one)),
    seen.length,
  );
}
