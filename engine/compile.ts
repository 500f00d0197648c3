import * as tf from '@tensorflow/tfjs-core';
import { EngineError } from './errors.js';
import { requireEngine } from './guard.js';
import { bytesOf } from './shapes/bytes.js';

/** Tensors, or arrays or plain objects of them. */
export type Tree = tf.Tensor | readonly Tree[] | { readonly [key: string]: Tree };

/** One end of a compiled graph. */
export interface GraphEnd {
  /** Name of the node; its first output is meant. */
  readonly name: string;
  readonly shape: readonly number[];
  readonly dtype: tf.DataType;
  /** The variable that is read or assigned; null: an argument or a result. */
  readonly variable: tf.Variable | null;
  /** Where it stands among the arguments or in the result, e.g. `0.images`; empty for a single tensor and for variables. */
  readonly path: string;
}

/** A traced function as data. */
export interface CompiledGraph {
  /** A serialized `tensorflow.GraphDef` of plain TensorFlow ops; tensors made outside the function are constants in it. */
  readonly graphDef: Uint8Array;
  /** Placeholders: the arguments and variables that are used, in the order of first use. */
  readonly inputs: readonly GraphEnd[];
  /** Results, then the new values of assigned variables. */
  readonly outputs: readonly GraphEnd[];
}

/** A compiled function: called like the original; the caller owns what it returns. */
export interface Compiled<Args extends readonly Tree[], Result extends Tree> {
  (...args: Args): Result;
  /** The same call off the event loop. Calls of one function wait for each other; its arguments may be disposed at once. */
  async(...args: Args): Promise<Result>;
  /**
   * The graph for arguments of these shapes and types, traced anew; nothing is executed.
   *
   * @throws EngineError on an engine without a graph compiler
   */
  graph(...args: Args): CompiledGraph;
  /**
   * Bytes that a call with arguments of these shapes needs at its peak, beyond the arguments and variables; an estimate
   * from the graph, nothing is executed. Asked before the first call it costs nothing: that call uses the same trace. On
   * an engine without a graph compiler the function is run on shapes alone.
   *
   * @throws EngineError on such an engine, when the function runs an op whose shapes are not known
   */
  memory(...args: Args): number;
  /** Frees the traces. A call that is under way ends first, a later one throws an EngineError. */
  dispose(): void;
}

/** 16-bit types in which matrix products and convolutions may be computed. */
export type MixedPrecision = 'bf16' | 'f16';

export interface CompileOptions {
  /** Shown in errors and logs. */
  readonly name?: string;
  /** Weights are baked in as constants (inference): TensorFlow folds batch norm into the convolutions. */
  readonly constants?: boolean;
  /** Threads the function needs: an error unless the engine was opened with as many (`ready({ threads })`). */
  readonly threads?: number;
  /**
   * Matrix products and convolutions take and give 16-bit values, everything else and all variables stay float32. With
   * 'f16' gradients are scaled against underflow; a step whose gradients overflow assigns nothing and halves the scale.
   * An engine without a graph compiler computes in float32.
   */
  readonly mixedPrecision?: MixedPrecision;
  /**
   * Batch norm by `tf.moments` and `tf.batchNorm`, swish and gates by `tf.mul` and `tf.sigmoid`, and relu6 run as this library's own kernels,
   * forward and backward: the same results within rounding in less time and memory. Defaults to true; an engine without a graph
   * compiler, and inference with `constants`, run what is written.
   */
  readonly patterns?: boolean;
  /** Gets one line for each retrace, with its reason. Defaults to `console.warn`. */
  readonly log?: (line: string) => void;
}

/** True: the engine that is open compiles, so that `graph` and `memory` of a compiled function work. */
export function hasGraphs(): boolean {
  return compilers.has(tf.getBackend());
}

/** What an engine with a graph compiler provides. */
export type Compiler = <Args extends readonly Tree[], Result extends Tree>(
  fn: (...args: Args) => Result,
  options: CompileOptions,
) => Compiled<Args, Result>;

const compilers = new Map<string, Compiler>();

/** Called by an engine that has a graph compiler, with the tfjs backend's name. */
export function registerCompiler(backendName: string, compiler: Compiler): void {
  compilers.set(backendName, compiler);
}

/**
 * Turns a function of plain TensorFlow.js ops, gradients and variable assignments included, into one graph call where
 * the engine has a compiler; elsewhere it runs op by op inside `tf.tidy`, with the same results.
 *
 * The function runs once for each signature (structure, shapes and types of its arguments) on tensors without values, and
 * once more where it creates variables, as optimizers do in their first step. JavaScript numbers become constants of
 * the graph: what changes from call to call must be a tensor or a variable.
 *
 * @throws EngineError when the function reads values, has a result or an op of data-dependent shape, draws random numbers in
 *   JavaScript, or creates variables each time; it names the TensorFlow.js call and the line; and before `ready()`
 */
export function compile<Args extends readonly Tree[], Result extends Tree>(
  fn: (...args: Args) => Result,
  options: CompileOptions = {},
): Compiled<Args, Result> {
  requireEngine();
  const compiler = compilers.get(tf.getBackend());
  if (compiler) return compiler(fn, options);
  const name = options.name ?? (fn.name || 'function');
  let disposed = false;
  const eager = (...args: Args): Result => {
    if (disposed) throw new EngineError(`${name} was disposed: compile it anew`);
    return tf.tidy(() => fn(...args) as tf.TensorContainer) as Result;
  };
  const noGraph = (): never => {
    throw new EngineError(
      `the ${tf.getBackend()} engine has no graphs: open the tensorflow engine (await ready({ engine: 'tensorflow' }))`,
    );
  };
  return Object.assign(eager, {
    async: async (...args: Args) => eager(...args),
    graph: noGraph,
    memory: (...args: Args) =>
      bytesOf(() => {
        fn(...args);
      }),
    dispose: () => {
      disposed = true;
    },
  });
}
