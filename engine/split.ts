import * as tf from '@tensorflow/tfjs-core';

interface Tuples<Part> {
  readonly 2: [Part, Part];
  readonly 3: [Part, Part, Part];
  readonly 4: [Part, Part, Part, Part];
}
type Count = keyof Tuples<unknown>;

/** So many equal parts along an axis. */
export const splitInto = <T extends tf.Tensor, N extends Count>(x: T, count: N, axis: number): Tuples<T>[N] =>
  tf.split(x, count, axis) as unknown as Tuples<T>[N];

/** The parts of an axis of that length, without it. */
export const unstackInto = <N extends Count>(x: tf.Tensor, _count: N, axis: number): Tuples<tf.Tensor>[N] =>
  tf.unstack(x, axis) as unknown as Tuples<tf.Tensor>[N];
