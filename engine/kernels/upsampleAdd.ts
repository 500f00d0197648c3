import * as tf from '@tensorflow/tfjs-core';
import { ShapeError } from '../errors.js';
import { defineKernel } from './kernel.js';
import { resizeNearest, resizeNearestGrad } from './resizeNearest.js';

const kernel = defineKernel<{ small: tf.Tensor4D; large: tf.Tensor4D }, Record<string, never>, tf.Tensor>({
  name: 'EspalierUpsampleAdd',
  portable: ({ small, large }) => {
    const [batch = 0, height = 0, width = 0, channels = 0] = small.shape;
    const [, toHeight = 0, toWidth = 0] = large.shape;
    if (toHeight % height !== 0 || toWidth % width !== 0) {
      return tf.add(large, resizeNearest(small, toHeight, toWidth));
    }
    // Each pixel meets its block by broadcasting: the upsampled map is never stored.
    const blocks = tf.reshape(large, [batch * height, toHeight / height, width, toWidth / width, channels]);
    const pixels = tf.reshape(small, [batch * height, 1, width, 1, channels]);
    return tf.reshape(tf.add(blocks, pixels), large.shape);
  },
  differentiation: {
    savedInputs: ['small'],
    gradient: ([dy], { small }) => {
      const [, height = 0, width = 0] = small.shape;
      return { small: () => resizeNearestGrad({ dy }, { height, width, centred: false }), large: () => tf.clone(dy) };
    },
  },
});

/**
 * large + small brought to its grid by nearest neighbour: one edge pair of a top-down pyramid. A fusion weight is cheaper
 * on `small` before than on the map after.
 *
 * @param small [N, h, w, C] float32
 * @param large [N, H, W, C] float32
 * @returns     [N, H, W, C] float32
 * @throws ShapeError when batch or channels differ, or the first map is larger than the second
 * @source Lin et al. 2017, arXiv:1612.03144, section 3; Tan et al. 2020, arXiv:1911.09070, section 3.3
 */
export function upsampleAdd(small: tf.Tensor4D, large: tf.Tensor4D): tf.Tensor4D {
  const [batch, height, width, channels] = small.shape;
  const [toBatch, toHeight, toWidth, toChannels] = large.shape;
  if (batch !== toBatch || channels !== toChannels || height > toHeight || width > toWidth) {
    throw new ShapeError(
      `upsampleAdd got maps [${small.shape}] and [${large.shape}]: the second must be the larger grid`,
    );
  }
  return kernel({ small, large }, {});
}
