import * as tf from '@tensorflow/tfjs';

/** Tensors, or arrays or plain objects of them. */
export type Tree = tf.Tensor | readonly Tree[] | { readonly [key: string]: Tree };

/** A compiled function: called like the original; the caller owns what it returns. */
export interface Compiled<Args extends readonly Tree[], Result extends Tree> {
  (...args: Args): Result;
  /** The same call off the event loop. */
  async(...args: Args): Promise<Result>;
  /** Frees the traces. */
  dispose(): void;
}

export interface CompileOptions {
  /** Shown in errors and logs. */
  readonly name?: string;
  /** Weights are baked in as constants (inference): TensorFlow folds batch norm into the convolutions. */
  readonly constants?: boolean;
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
 */
export function compile<Args extends readonly Tree[], Result extends Tree>(
  fn: (...args: Args) => Result,
  options: CompileOptions = {},
): Compiled<Args, Result> {
  const compiler = compilers.get(tf.getBackend());
  if (compiler) return compiler(fn, options);
  const eager = (...args: Args): Result => tf.tidy(() => fn(...args) as tf.TensorContainer) as Result;
  return Object.assign(eager, { async: async (...args: Args) => eager(...args), dispose: () => {} });
}
