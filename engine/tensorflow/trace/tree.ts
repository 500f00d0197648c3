import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../checked.js';
import type { Tree } from '../../compile.js';
import { EngineError } from '../../errors.js';

/** The structure of a tree with its tensors taken out: a number is the position of a leaf. */
export type Shape = number | readonly Shape[] | { readonly [key: string]: Shape };

export interface Flattened {
  readonly leaves: readonly tf.Tensor[];
  readonly shape: Shape;
}

/**
 * Tensors of a tree in a fixed order, and the structure to put others in their place.
 *
 * @throws EngineError for anything but tensors, arrays and plain objects, naming its path
 */
export function flatten(tree: Tree | readonly Tree[], what = 'argument'): Flattened {
  const leaves: tf.Tensor[] = [];
  const walk = (node: Tree | readonly Tree[], path: readonly string[]): Shape => {
    if (node instanceof tf.Tensor) return leaves.push(node) - 1;
    if (Array.isArray(node)) return node.map((child: Tree, i) => walk(child, [...path, String(i)]));
    if (!isPlainObject(node)) throw new EngineError(`${[what, path.join('.')].join(' ').trim()} ${remedy(node)}`);
    return Object.fromEntries(Object.entries(node).map(([key, child]) => [key, walk(child, [...path, key])]));
  };
  return { shape: walk(tree, []), leaves };
}

/** Where each leaf stands, e.g. `0.images`, in the order of the leaves. */
export function leafPaths(shape: Shape): readonly string[] {
  const paths: string[] = [];
  const walk = (node: Shape, path: readonly string[]): void => {
    if (typeof node === 'number') paths[node] = path.join('.');
    else for (const [key, child] of Object.entries(node)) walk(child, [...path, key]);
  };
  walk(shape, []);
  return paths;
}

/** The inverse of `flatten`. */
export function unflatten(shape: Shape, leaves: readonly tf.Tensor[]): Tree {
  if (typeof shape === 'number') return valueAt(leaves, shape);
  if (Array.isArray(shape)) return shape.map((child) => unflatten(child, leaves));
  return Object.fromEntries(Object.entries(shape).map(([key, child]) => [key, unflatten(child, leaves)]));
}

function isPlainObject(node: unknown): node is { readonly [key: string]: Tree } {
  if (typeof node !== 'object' || node === null) return false;
  const prototype: unknown = Object.getPrototypeOf(node);
  return prototype === Object.prototype || prototype === null;
}

function remedy(node: unknown): string {
  if (node instanceof Promise) return 'is a promise: compile synchronous functions';
  if (node === undefined || node === null) return `is ${node}: compiled functions take and return tensors`;
  if (typeof node === 'number' || typeof node === 'boolean')
    return `is the ${typeof node} ${node}: pass tf.scalar(${node})`;
  return `is a ${typeof node}: compiled functions take and return tensors, or arrays and plain objects of them`;
}
