/** Images of colour and depth in which something lies, and where: what the examples learn from. */
import * as tf from '@tensorflow/tfjs';
import { createRandom } from 'espalier';

const [BATCH, SIZE] = [4, 64];

/** A batch of its own for each number: [4, 64, 64, 4], red, green, blue 0..255 and millimetres; places in 0..1. */
export function drawBatch(number: number): {
  readonly images: tf.Tensor4D;
  readonly targets: { readonly place: tf.Tensor2D };
} {
  const random = createRandom([number]);
  const places = Array.from({ length: BATCH }, () => [random.integer(SIZE), random.integer(SIZE)] as const);
  const images = tf.buffer([BATCH, SIZE, SIZE, 4]);
  for (const [i, [x, y]] of places.entries()) {
    for (let row = 0; row < SIZE; row++) {
      for (let column = 0; column < SIZE; column++) {
        const isThere = (column - x) ** 2 + (row - y) ** 2 < 100;
        const values = [isThere ? 200 : 90, 90 + random.integer(30), 90, isThere ? 1200 : 2000 + 10 * row];
        for (const [channel, value] of values.entries()) images.set(value, i, row, column, channel);
      }
    }
  }
  const place = tf.tensor2d(places.map(([x, y]) => [x / SIZE, y / SIZE]));
  return { images: images.toTensor() as tf.Tensor4D, targets: { place } };
}
