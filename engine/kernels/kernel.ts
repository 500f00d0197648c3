import * as tf from '@tensorflow/tfjs-core';

/** Named input tensors of a kernel. */
export type KernelInputs = { readonly [name: string]: tf.Tensor };
/** Plain values a kernel is configured with. */
export type KernelAttributes = { readonly [name: string]: number | boolean | string | readonly number[] };
/** One tensor, or a fixed tuple of them. */
export type KernelOutput = tf.Tensor | readonly tf.Tensor[];

/** Gradients by input name: tensors, or functions that are called only when that input needs its gradient. */
type Gradients<Inputs> = { readonly [Name in keyof Inputs]?: tf.Tensor | (() => tf.Tensor) };

interface Differentiation<Inputs, Attributes> {
  /** Inputs the gradient reads; the others are not kept alive for the backward pass. */
  readonly savedInputs: readonly (keyof Inputs & string)[];
  /** Positions of the outputs the gradient reads. */
  readonly savedOutputs?: readonly number[];
  /**
   * Work shared by several inputs is done here, at once, and its tensors are returned; a function is run in a `tidy` of
   * its own and must not keep tensors for another one.
   *
   * @param dys one gradient per output; zeros where an output does not reach the loss
   * @param inputs the saved ones only
   * @param outputs the saved ones only, in the order of `savedOutputs`
   */
  gradient(
    dys: readonly [tf.Tensor, ...tf.Tensor[]],
    inputs: Inputs,
    outputs: readonly tf.Tensor[],
    attributes: Attributes,
  ): Gradients<Inputs>;
}

export interface KernelDefinition<Inputs, Attributes, Output> {
  /** Name in the tfjs kernel registry. */
  readonly name: `Espalier${string}`;
  /** The kernel in plain tfjs ops: runs on every backend that has no twin, and is what twins are tested against. */
  portable(inputs: Inputs, attributes: Attributes): Output;
  /** Absent: differentiating through the kernel throws. */
  readonly differentiation?: Differentiation<Inputs, Attributes>;
}

/**
 * Runs a kernel on the current backend: its twin where one is registered, the portable version elsewhere. As with the ops of tfjs
 * the rank of its result is what the caller expects.
 */
export type Kernel<Inputs, Attributes, Output> = <Result extends Output = Output>(
  inputs: Inputs,
  attributes: Attributes,
) => Result;

type Portable = (inputs: KernelInputs, attributes: KernelAttributes) => KernelOutput;

const portables = new Map<string, Portable>();

/** The portable version of a kernel: for twins that run it in another way. */
export function portableOf(kernelName: string): Portable {
  const portable = portables.get(kernelName);
  if (!portable) throw new Error(`no kernel is called ${kernelName}`);
  return portable;
}

/** Makes a typed op of a kernel; the only place where types meet the untyped kernel registry of tfjs. */
export function defineKernel<
  Inputs extends KernelInputs,
  Attributes extends KernelAttributes,
  Output extends KernelOutput,
>(definition: KernelDefinition<Inputs, Attributes, Output>): Kernel<Inputs, Attributes, Output> {
  const { name, portable, differentiation } = definition;
  if (differentiation) registerGradient(name, differentiation);
  portables.set(name, portable as unknown as Portable);
  const kernelFunc = tensorKernel<Inputs, Attributes>(portable);
  return <Result extends Output>(inputs: Inputs, attributes: Attributes): Result => {
    const backendName = tf.getBackend();
    if (!tf.getKernel(name, backendName)) tf.registerKernel({ kernelName: name, backendName, kernelFunc });
    const output = tf
      .engine()
      .runKernel(name, inputs as unknown as tf.NamedTensorMap, attributes as unknown as tf.NamedAttrMap);
    return output as unknown as Result;
  };
}

/** Gives a backend its own version of a kernel; replaces any earlier one. Takes and returns the same as the portable one. */
export function registerTwin(kernelName: string, backendName: string, kernelFunc: tf.KernelFunc): void {
  if (tf.getKernel(kernelName, backendName)) tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ kernelName, backendName, kernelFunc });
}

/** Wraps a function of tensors as a backend kernel: intermediate tensors are freed, an input handed through is cloned. */
export function tensorKernel<Inputs extends KernelInputs, Attributes>(
  compute: (inputs: Inputs, attributes: Attributes) => KernelOutput,
): tf.KernelFunc {
  return ({ inputs, attrs }) => {
    const given = new Set<unknown>(Object.values(inputs));
    const own = (output: tf.Tensor): tf.Tensor => (given.has(output) ? tf.clone(output) : output);
    return tf.tidy(() => {
      const output = compute(inputs as unknown as Inputs, attrs as unknown as Attributes);
      return output instanceof tf.Tensor ? own(output) : output.map(own);
    });
  };
}

function registerGradient<Inputs, Attributes>(kernelName: string, rule: Differentiation<Inputs, Attributes>): void {
  const { savedInputs, savedOutputs = [] } = rule;
  const outputCount = Math.max(-1, ...savedOutputs) + 1;
  tf.registerGradient({
    kernelName,
    inputsToSave: [...savedInputs],
    outputsToSave: Array.from({ length: outputCount }, (_, i) => savedOutputs.includes(i)),
    gradFunc: (dy, saved, attrs) => {
      const inputs = Object.fromEntries(savedInputs.map((name, i) => [name, saved[i]])) as Inputs;
      const outputs = saved.slice(savedInputs.length);
      const dys = (dy instanceof tf.Tensor ? [dy] : dy) as [tf.Tensor, ...tf.Tensor[]];
      const gradients = rule.gradient(dys, inputs, outputs, attrs as Attributes);
      return Object.fromEntries(
        Object.entries<tf.Tensor | (() => tf.Tensor)>(gradients as Record<string, tf.Tensor | (() => tf.Tensor)>).map(
          ([name, gradient]) => [name, gradient instanceof tf.Tensor ? () => gradient : gradient],
        ),
      );
    },
  });
}
