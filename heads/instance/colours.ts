import * as tf from '@tensorflow/tfjs';
import { detached, greaterEqualMask, greaterMask } from '../../engine/kernels/index.js';

/** Neighbours of a point that lie after it, of the eight around it, in points of `REACH`: each pair is met once. */
export const PAIRS = [
  [0, 1],
  [1, -1],
  [1, 0],
  [1, 1],
] as const;
/** Points from one neighbour to the next. */
export const REACH = 2;
/** Distance of colours at which similarity has fallen to 1/e. */
const FALL = 2;

/** From linear sRGB to CIE XYZ of the white D65, divided by the white. @source IEC 61966-2-1:1999; CIE 15:2004 */
const TO_XYZ = [
  [0.4124564 / 0.95047, 0.2126729, 0.0193339 / 1.08883],
  [0.3575761 / 0.95047, 0.7151522, 0.119192 / 1.08883],
  [0.1804375 / 0.95047, 0.072175, 0.9503041 / 1.08883],
] as const;
/** Below, the cube root of CIE L*a*b* is a line. */
const [LEAST, SLOPE, OFFSET] = [216 / 24389, 24389 / 27 / 116, 16 / 116];

/**
 * Colours in CIE L*a*b*: L* 0..100.
 *
 * @param pixels [..., 3] RGB 0..255
 */
export function labOf<T extends tf.Tensor>(pixels: T): T {
  const values = tf.clipByValue(tf.div(pixels, 255), 0, 1);
  const linear = either(
    greaterMask(values, 0.04045),
    tf.pow(tf.div(tf.add(values, 0.055), 1.055), 2.4),
    tf.div(values, 12.92),
  );
  const xyz = tf.matMul(tf.reshape(linear, [-1, 3]), tf.tensor2d(TO_XYZ.map((row) => [...row])));
  const f = either(greaterMask(xyz, LEAST), tf.pow(tf.maximum(xyz, LEAST), 1 / 3), tf.add(tf.mul(xyz, SLOPE), OFFSET));
  const lab = tf.add(tf.matMul(f, TO_LAB()), tf.tensor1d([-16, 0, 0]));
  return tf.reshape(lab, pixels.shape) as T;
}

/** From the cube roots of X, Y and Z to L*, a* and b*. */
const TO_LAB = (): tf.Tensor2D =>
  tf.tensor2d([
    [0, 500, 0],
    [116, -500, 200],
    [0, 0, -200],
  ]);

const either = (mask: tf.Tensor, yes: tf.Tensor, no: tf.Tensor): tf.Tensor2D =>
  tf.add(tf.mul(mask, yes), tf.mul(tf.sub(1, mask), no));

/** Both ends of every pair in one direction: the map without what has no partner there. [..., h, w] -> two of [..., h', w']. */
export function endsOf(map: tf.Tensor, [dy, dx]: readonly [number, number]): readonly [tf.Tensor, tf.Tensor] {
  const rank = map.shape.length;
  const [height = 0, width = 0] = map.shape.slice(-2);
  const rows = Math.max(0, height - dy * REACH);
  const columns = Math.max(0, width - Math.abs(dx) * REACH);
  const cut = (top: number, left: number): tf.Tensor =>
    tf.slice(
      map,
      [...Array<number>(rank - 2).fill(0), Math.min(top, height), Math.min(left, width)],
      [...map.shape.slice(0, -2), rows, columns],
    );
  const [from, to] = dx < 0 ? [-dx * REACH, 0] : [0, dx * REACH];
  return [cut(0, from), cut(dy * REACH, to)];
}

/**
 * Which neighbouring points have about the same colour; constants to gradients.
 *
 * @param pixels    [N, H, W, 3] RGB 0..255
 * @param size      [h, w] of the points
 * @param stride    pixels between points, whose colour is the mean of so many
 * @param threshold least similarity, exp(-distance / 2) in CIE L*a*b*
 * @returns         [N, 4, h, w] of 0 and 1, for each of `PAIRS`, as many rows and columns of which count as `endsOf` gives
 * @source Tian et al. 2021, arXiv:2012.02310, equation 6
 */
export function alikePairs(
  pixels: tf.Tensor4D,
  [height, width]: readonly [number, number],
  stride: number,
  threshold: number,
): tf.Tensor4D {
  return detached(() => {
    const [batch, rows, columns] = pixels.shape;
    const [below, beside] = [height * stride - rows, width * stride - columns].map((side) => Math.max(0, side));
    const whole = tf.pad(pixels, [
      [0, 0],
      [0, below!],
      [0, beside!],
      [0, 0],
    ]);
    const means = stride === 1 ? whole : tf.avgPool(whole, stride, stride, 'valid');
    const lab = tf.transpose(labOf(tf.slice(means, [0, 0, 0, 0], [batch, height, width, 3])), [0, 3, 1, 2]);
    const found = PAIRS.map((pair) => {
      const [a, b] = endsOf(lab, pair);
      const distance = tf.sqrt(tf.sum(tf.square(tf.sub(a, b)), 1, true));
      const isAlike = greaterEqualMask(tf.exp(tf.div(distance, -FALL)), threshold);
      const [, , met = 0, across = 0] = isAlike.shape;
      return tf.pad(isAlike, [
        [0, 0],
        [0, 0],
        [0, height - met],
        [0, width - across],
      ]);
    });
    return tf.concat(found, 1) as tf.Tensor4D;
  });
}
