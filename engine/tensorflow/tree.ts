import * as tf from '@tensorflow/tfjs';
import type { Tree } from '../compile.js';

/** The structure of a tree with its tensors taken out: a number is the position of a leaf. */
export type Shape = number | readonly Shape[] | { readonly [key: string]: Shape };

/** Tensors of a tree in a fixed order, and the structure to put others in their place. */
export function flatten(tree: Tree | readonly Tree[]): {
  readonly leaves: readonly tf.Tensor[];
  readonly shape: Shape;
} {
  const leaves: tf.Tensor[] = [];
  const walk = (node: Tree | readonly Tree[]): Shape => {
    if (node instanceof tf.Tensor) return leaves.push(node) - 1;
    if (Array.isArray(node)) return node.map(walk);
    return Object.fromEntries(
      Object.entries(node as { [key: string]: Tree }).map(([key, child]) => [key, walk(child)]),
    );
  };
  const shape = walk(tree);
  return { leaves, shape };
}

export const leafTensors = (tree: Tree | readonly Tree[]): readonly tf.Tensor[] => flatten(tree).leaves;

/** The inverse of `flatten`. */
export function unflatten(shape: Shape, leaves: readonly tf.Tensor[]): Tree {
  if (typeof shape === 'number') return leaves[shape] as tf.Tensor;
  if (Array.isArray(shape)) return shape.map((child) => unflatten(child, leaves));
  return Object.fromEntries(Object.entries(shape).map(([key, child]) => [key, unflatten(child, leaves)]));
}
