/**
 * Runs plain tfjs code on shapes alone: every kernel says what it would give, none computes. The largest network is
 * built and run in milliseconds, for its sizes, parameters and multiply-accumulates.
 */

import * as tf from '@tensorflow/tfjs-core';
import { valueAt } from '../checked.js';
import { EngineError } from '../errors.js';
import { forgetBackend } from '../tfjs.js';
import { SHAPE_RULES, type ShapeKernel, type ShapeRule } from './kernels.js';
import type { Operand, Operation } from './operation.js';

export type { Operand, Operation } from './operation.js';

const NAME = 'espalier-shapes';

/** Kernels whose output is their input's memory. */
const VIEWS = new Set(['ExpandDims', 'Identity', 'Reshape']);

/** A kernel that is called: its name, those of its inputs, and what it gives. */
export interface Call {
  readonly kernel: string;
  readonly names: readonly string[];
  readonly rule: ShapeRule;
}

interface Block {
  readonly bytes: number;
  /** Tensors that lie in it. */
  views: number;
}

/** A tfjs backend whose kernels say what they would give. */
export class ShapeBackend extends tf.KernelBackend {
  readonly #references = new Map<object, number>();
  readonly #varying = new WeakSet<object>();
  readonly #ids = new WeakMap<object, number>();
  /** What a tensor without values would take; views of one another share it. */
  readonly #blocks = new WeakMap<object, Block>();
  #made = 0;
  operations: Operation[] = [];
  /** Bytes that the tensors alive would take, and the most they would have taken. */
  taken = { now: 0, peak: 0 };

  override write(_values: unknown, shape: number[], dtype: tf.DataType): object {
    return this.create(false, this.allocate(shape, dtype));
  }
  override move(dataId: object, _values: unknown, _shape: number[], _dtype: tf.DataType, references: number): void {
    this.#references.set(dataId, references);
  }
  override refCount(dataId: object): number {
    return this.#references.get(dataId) ?? 0;
  }
  override incRef(dataId: object): void {
    this.#references.set(dataId, this.refCount(dataId) + 1);
  }
  override disposeData(dataId: object, force = false): boolean {
    const left = this.refCount(dataId) - 1;
    if (left > 0 && !force) {
      this.#references.set(dataId, left);
      return false;
    }
    this.#references.delete(dataId);
    const block = this.#blocks.get(dataId);
    if (block && --block.views === 0) this.taken.now -= block.bytes;
    return true;
  }
  override numDataIds(): number {
    return this.#references.size;
  }
  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }
  override floatPrecision(): 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
  override readSync(): never {
    throw new EngineError('a run without values has no values to read: only shapes may be asked for');
  }

  create(varies: boolean, block?: Block): object {
    const dataId = {};
    this.#references.set(dataId, 1);
    this.#ids.set(dataId, ++this.#made);
    if (varies) this.#varying.add(dataId);
    if (block) {
      block.views++;
      this.#blocks.set(dataId, block);
    }
    return dataId;
  }

  allocate(shape: readonly number[], dtype: tf.DataType): Block {
    const bytes = shape.reduce((product, side) => product * side, dtype === 'bool' ? 1 : 4);
    this.taken.now += bytes;
    this.taken.peak = Math.max(this.taken.peak, this.taken.now);
    return { bytes, views: 0 };
  }

  run({ kernel, rule }: Call, inputs: readonly tf.TensorInfo[], attributes: tf.NamedAttrMap): tf.TensorInfo[] {
    const operands = inputs.map(
      ({ shape, dataId }): Operand => ({ id: this.idOf(dataId), shape, varies: this.#varying.has(dataId) }),
    );
    const { shapes, dtype, macs, window } = rule(
      inputs.map(({ shape }) => shape),
      attributes,
    );
    const type = dtype ?? inputs[0]?.dtype ?? 'float32';
    const varies = operands.some((operand) => operand.varies);
    const viewed = VIEWS.has(kernel) && inputs[0] ? inputs[0].dataId : null;
    return shapes.map((shape) => {
      const block = viewed ? this.#blocks.get(viewed) : this.allocate(shape, type);
      const dataId = this.create(varies, block);
      const operation = { kernel, id: this.idOf(dataId), inputs: operands, output: shape, macs: macs ?? 0 };
      this.operations.push(window ? { ...operation, window } : operation);
      return { dataId, shape: [...shape], dtype: type };
    });
  }

  /** 0: made before, by a backend that moved it here. */
  idOf(dataId: object): number {
    return this.#ids.get(dataId) ?? 0;
  }
}

let plain: ShapeBackend | undefined;
/** In use, or last used. */
let backend: ShapeBackend | undefined;
let depth = 0;

/** Whether the code that asks is run by `withoutValues`. */
export const isWithoutValues = (): boolean => depth > 0;

/**
 * @param compute builds and runs a network; tensors it makes have shapes but no values, and must be disposed by it;
 *                variables that it leaves are freed
 * @returns       what it returned, and every kernel it executed, in order
 * @throws EngineError when it reads a value
 */
export function withoutValues<T>(compute: () => T): {
  readonly result: T;
  readonly operations: readonly Operation[];
  /** The most that tensors made in it would take at one time; what was made before is not counted. */
  readonly peakBytes: number;
} {
  plain ??= register(NAME, new ShapeBackend(), SHAPE_RULES);
  if (depth > 0) return runOn(plain, NAME, compute);
  const before = new Set(variablesAlive());
  try {
    return runOn(plain, NAME, compute);
  } finally {
    for (const variable of variablesAlive()) if (!before.has(variable)) variable.dispose();
  }
}

/** With the engine's values later computations would meet a variable that has none. */
const variablesAlive = (): tf.Variable[] => Object.values(tf.engine().registeredVariables);

/** `withoutValues` on a backend that `register` made. */
export function runOn<T>(
  own: ShapeBackend,
  name: string,
  compute: () => T,
): { readonly result: T; readonly operations: readonly Operation[]; readonly peakBytes: number } {
  const outer = backend;
  backend = own;
  const before = tf.getBackend();
  const earlier = own.operations;
  const operations: Operation[] = [];
  const outside = own.taken;
  own.taken = { now: 0, peak: 0 };
  own.operations = operations;
  depth++;
  void tf.setBackend(name); // nothing to wait for: the backend is there
  try {
    const result = compute();
    return { result, operations, peakBytes: own.taken.peak };
  } finally {
    depth--;
    if (depth > 0) backend = outer; // idOf may still be asked of what ran last
    own.taken = outside;
    own.operations = earlier;
    if (before) void tf.setBackend(before);
    else forgetBackend(); // as it was before `ready`
  }
}

/** A float32 tensor without values that marks everything computed from it as varying. Only inside `withoutValues`. */
export function placeholder<R extends tf.Rank>(shape: tf.ShapeMap[R]): tf.Tensor<R> {
  if (!backend || depth === 0) throw new EngineError('a placeholder exists only inside a run without values');
  return tf
    .engine()
    .makeTensorFromDataId(
      backend.create(true, backend.allocate(shape, 'float32')),
      [...shape],
      'float32',
      backend,
    ) as tf.Tensor<R>;
}

/** What a tensor made in a run without values is called in `Operation`. */
export function idOf(tensor: tf.Tensor): number {
  return backend?.idOf(tensor.dataId) ?? 0;
}

/** Gives tfjs a backend of shapes alone, with kernels of its own. */
export function register<Own extends ShapeBackend>(
  backendName: string,
  own: Own,
  rules: { readonly [kernel: string]: ShapeKernel },
): Own {
  tf.registerBackend(backendName, () => own, -1); // never chosen by itself
  for (const [kernelName, { inputs, rule }] of Object.entries(rules)) {
    tf.registerKernel({
      kernelName,
      backendName,
      kernelFunc: ({ inputs: given, attrs }) => {
        const names = inputs?.filter((name) => given[name] !== undefined) ?? Object.keys(given);
        const list = names.flatMap((name) => given[name] ?? []);
        const outputs = own.run({ kernel: kernelName, names, rule }, list, attrs ?? {});
        return outputs.length === 1 ? valueAt(outputs, 0) : outputs;
      },
    });
  }
  return own;
}
