import { type Constant, type Graph, infoOf, sizeOf } from '../../engine/graph/graph.js';
import type { OnnxAttribute, OnnxNode, OnnxTensor, OnnxType } from './model.js';

/**
 * How a value lies: `last` as tfjs has it, [N, H, W, C] for maps; `first` as ONNX's convolutions want maps, [N, C, H, W]. Only
 * values of four axes have both.
 */
export type Layout = 'last' | 'first';

/** Axes of `last` in the order of `first`, and the other way. */
export const TO_FIRST = [0, 3, 1, 2] as const;
export const TO_LAST = [0, 2, 3, 1] as const;
/** In the shape of a Reshape: as long as this axis of what is reshaped. */
export const COPIED = 0;
/** Where an axis of `last` is in `first`. */
export const axisInFirst = (axis: number): number => TO_FIRST.indexOf(axis as 0);

type FloatType = 'float32' | 'float16';

/** Writes the operators of a graph, and moves values between layouts and types where the next operator wants another one. */
export class OnnxBuilder {
  readonly nodes: OnnxNode[] = [];
  readonly tensors: OnnxTensor[] = [];
  readonly graph: Graph;
  /** Names by value, layout and type. */
  readonly #names = new Map<string, string>();
  /** Types of values that are computed, where they are floats. */
  readonly #types = new Map<number, FloatType>();
  readonly #shared = new Map<string, string>();
  readonly #taken = new Set<string>();
  #made = 0;
  /** Float type that the operators being written compute with. */
  float: FloatType = 'float32';

  constructor(graph: Graph) {
    this.graph = graph;
  }

  /** An input of the graph. */
  input(value: number, name: string): void {
    this.#taken.add(name);
    this.set(value, name);
  }

  shapeOf(value: number): readonly number[] {
    return infoOf(this.graph, value).shape;
  }

  constantOf(value: number): Constant | undefined {
    return this.graph.constants.get(value);
  }

  /** The type of a value in operators that are written now. */
  typeOf(value: number): OnnxType {
    const { dtype } = infoOf(this.graph, value);
    if (dtype === 'float32') return this.float;
    return dtype === 'bool' ? 'bool' : 'int32';
  }

  /** Whether a value is there in this layout, so that no transposition is needed. */
  has(value: number, layout: Layout): boolean {
    return ['float32', 'float16', 'int32', 'bool'].some((type) => this.#names.has(`${value} ${layout} ${type}`));
  }

  /** The name of a value in a layout, of the type in use. */
  get(value: number, layout: Layout = 'last'): string {
    const type = this.typeOf(value);
    const key = `${value} ${layout} ${type}`;
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = this.#constant(value, layout, type) ?? this.#cast(value, layout, type) ?? this.#moved(value, layout);
    this.#names.set(key, name);
    return name;
  }

  /** Says that a value has been computed. */
  set(value: number, name: string, layout: Layout = 'last'): void {
    const type = this.typeOf(value);
    if (type === 'float32' || type === 'float16') this.#types.set(value, type);
    this.#names.set(`${value} ${layout} ${type}`, name);
  }

  /** One operator. @returns the name of its first output */
  node(
    operator: string,
    inputs: readonly string[],
    attributes: { readonly [name: string]: OnnxAttribute } = {},
    outputs: readonly string[] = [this.fresh(operator)],
  ): string {
    this.nodes.push({ operator, inputs, outputs, attributes });
    return outputs[0]!;
  }

  fresh(hint: string): string {
    const plain = hint.replaceAll(/[^\w.]/g, '_');
    let name = plain;
    while (this.#taken.has(name)) name = `${plain}_${++this.#made}`;
    this.#taken.add(name);
    return name;
  }

  /** A constant tensor; equal small ones are stored once. */
  tensor(values: OnnxTensor['values'], shape: readonly number[], type: OnnxType, hint = 'constant'): string {
    const key = values.length <= 8 ? `${type} ${shape} : ${Array.from(values)}` : '';
    const known = key ? this.#shared.get(key) : undefined;
    if (known !== undefined) return known;
    const name = this.fresh(hint);
    this.tensors.push({ name, type, shape, values });
    if (key) this.#shared.set(key, name);
    return name;
  }

  /** Whole numbers, for shapes and axes. */
  integers(values: readonly number[]): string {
    return this.tensor(values, [values.length], 'int64', 'shape');
  }

  /** One float of the type in use, without axes. */
  scalar(value: number): string {
    return this.tensor([value], [], this.float, 'scalar');
  }

  #constant(value: number, layout: Layout, type: OnnxType): string | null {
    const constant = this.constantOf(value);
    if (!constant) return null;
    const { shape, name } = constant;
    if (layout === 'last') return this.tensor(constant.values, shape, type, name);
    const moved = transposed(constant, TO_FIRST);
    return this.tensor(moved.values, moved.shape, type, name);
  }

  /** From the other type of float. */
  #cast(value: number, layout: Layout, type: OnnxType): string | null {
    const made = this.#types.get(value);
    if (made === undefined || made === type || (type !== 'float32' && type !== 'float16')) return null;
    const source = this.#names.get(`${value} ${layout} ${made}`);
    if (source === undefined) return null;
    return this.node('Cast', [source], { to: type === 'float32' ? 1 : 10 });
  }

  #moved(value: number, layout: Layout): string {
    const other = layout === 'last' ? 'first' : 'last';
    if (!this.has(value, other)) throw new Error(`value ${value} is read before it is computed`);
    const source = this.get(value, other);
    const [, height = 1, width = 1, channels = 1] = this.shapeOf(value);
    if (height * width === 1) {
      const shape = layout === 'first' ? [COPIED, channels, 1, 1] : [COPIED, 1, 1, channels];
      return this.node('Reshape', [source, this.integers(shape)]); // the same values in the same order
    }
    return this.node('Transpose', [source], { perm: layout === 'first' ? TO_FIRST : TO_LAST });
  }
}

/** A constant with its axes in another order. */
export function transposed({ values, shape }: Constant, order: readonly number[]): Pick<Constant, 'values' | 'shape'> {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const outShape = order.map((axis) => shape[axis] ?? 1);
  const steps = order.map((axis) => strides[axis] ?? 1);
  const result = values.slice();
  const index = outShape.map(() => 0);
  let from = 0;
  for (let at = 0; at < result.length; at++) {
    result[at] = values[from]!;
    for (let axis = outShape.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      index[axis] = index[axis]! + 1;
      if (index[axis]! < outShape[axis]!) break;
      from -= steps[axis]! * outShape[axis]!;
      index[axis] = 0;
    }
  }
  return { values: result, shape: outShape };
}
