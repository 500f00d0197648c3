import type * as tf from '@tensorflow/tfjs';

/** Numbers of a constant; booleans are bytes. */
export type GraphArray = Float32Array | Int32Array | Uint8Array;

/** What is known of a value before it is computed. */
export interface ValueInfo {
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
}

/** A value that does not depend on the inputs. */
export interface Constant extends ValueInfo {
  readonly values: GraphArray;
  /** Name of the parameter that it was read from. Absent: it was made on the way. */
  readonly name?: string;
}

/** One kernel of tfjs, or of `engine/kernels`, that is executed. */
export interface GraphNode {
  /** Name in the tfjs kernel registry. */
  readonly kernel: string;
  readonly attributes: tf.NamedAttrMap;
  /** Values that it reads, in the order of its rule in `engine/shapes/kernels.ts`; a convolution may have a bias as its third. */
  readonly inputs: readonly number[];
  /** Names of the inputs in the kernel registry. */
  readonly names: readonly string[];
  readonly outputs: readonly number[];
  /** True: computed in float32 whatever the precision of the rest, as coordinates of boxes are. */
  readonly isExact: boolean;
}

/** An input or output of a graph. */
export interface GraphPort {
  readonly name: string;
  readonly value: number;
}

/** A network as the kernels that it executes, in order. */
export interface Graph {
  readonly inputs: readonly GraphPort[];
  readonly outputs: readonly GraphPort[];
  readonly nodes: readonly GraphNode[];
  /** Every value: inputs, constants, results. */
  readonly values: ReadonlyMap<number, ValueInfo>;
  readonly constants: ReadonlyMap<number, Constant>;
}

/** @throws Error for a value of another graph: a defect */
export function infoOf({ values }: Pick<Graph, 'values'>, value: number): ValueInfo {
  const info = values.get(value);
  if (!info) throw new Error(`the graph has no value ${value}`);
  return info;
}

/** Number of elements. */
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);
