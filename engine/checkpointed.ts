import * as tf from '@tensorflow/tfjs';
import { defineKernel } from './kernels/kernel.js';

/** A copy of x that does not exist before dy does: where there is a graph, what is computed from it waits for the backward pass. */
const afterGradient = defineKernel<{ x: tf.Tensor; dy: tf.Tensor }, Record<string, never>, tf.Tensor>({
  name: 'EspalierAfterGradient',
  portable: ({ x }) => tf.clone(x),
});

/**
 * A block whose activations are not kept for the backward pass, which computes them again: memory for time.
 * Trainable variables that the block reads get their gradients; those it assigns (moving averages) are assigned once.
 *
 * @param block tensors to one tensor; deterministic, so that its second run gives the first one's values
 * @returns     the same function, differentiable in its float32 arguments and in the trainable variables it reads
 * @source Chen et al. 2016, arXiv:1604.06174
 */
export function checkpointed<Args extends readonly tf.Tensor[], Result extends tf.Tensor>(
  block: (...args: Args) => Result,
): (...args: Args) => Result {
  return (...args) => {
    const engine = tf.engine();
    if (engine.state.gradientDepth === 0) return block(...args);
    const before = Object.values(engine.registeredVariables).map((variable) => ({
      variable,
      value: tf.clone(variable),
    }));
    const { value, variables } = runOffTape(() => block(...args));
    const assigned = before.filter(({ variable, value: old }) => variable.dataId !== old.dataId);
    const recompute = (dy: tf.Tensor, saved: readonly tf.Tensor[]): tf.Tensor[] => {
      const again = args.map((_, i) => afterGradient({ x: saved[i] as tf.Tensor, dy }, {}));
      const values = assigned.map(({ variable }, i) => ({ variable, value: saved[args.length + i] as tf.Tensor }));
      const wanted = [...again.filter(({ dtype }) => dtype === 'float32'), ...variables];
      const grads = withValues(values, () => gradientsInside(() => block(...(again as unknown as Args)), wanted, dy));
      const byInput = new Map(wanted.map((input, i) => [input, grads[i]]));
      return [...again, ...variables].map((input) => byInput.get(input) ?? tf.zerosLike(input));
    };
    const forward = tf.customGrad((...inputs) => {
      const save = inputs.at(-1) as unknown as tf.GradSaveFunc;
      save([...args, ...assigned.map((each) => each.value)]);
      return {
        value: tf.clone(value as tf.Tensor),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => recompute(dy, saved),
      };
    });
    return forward(...args, ...variables) as Result;
  };
}

interface VariableValue {
  readonly variable: tf.Variable;
  readonly value: tf.Tensor;
}

/** What of tfjs' engine its types hide. */
interface Internals {
  runKernelFunc(call: { readonly inputs: object }): unknown;
}

/** Runs `work` without recording it, so that its intermediate tensors are freed, and finds the trainable variables it reads. */
function runOffTape<T extends tf.Tensor>(
  work: () => T,
): { readonly value: T; readonly variables: readonly tf.Variable[] } {
  const engine = tf.engine();
  const internals = engine as unknown as Internals;
  const { runKernelFunc } = internals;
  const read = new Set<tf.Variable>();
  internals.runKernelFunc = (call) => {
    for (const input of Object.values(call.inputs))
      if (input instanceof tf.Variable && input.trainable) read.add(input);
    return runKernelFunc.call(engine, call);
  };
  engine.state.kernelDepth++; // inside a kernel nothing is recorded
  try {
    return { value: tf.tidy(work), variables: [...read] };
  } finally {
    engine.state.kernelDepth--;
    internals.runKernelFunc = runKernelFunc;
  }
}

/** Gradients inside the backward pass of others, whose tape stays what it is. */
function gradientsInside(
  work: () => tf.Tensor,
  wanted: tf.Tensor[],
  dy: tf.Tensor,
): readonly (tf.Tensor | null | undefined)[] {
  const { state } = tf.engine();
  const { activeTape } = state;
  try {
    return tf.engine().gradients(work, wanted, dy, true).grads;
  } finally {
    state.activeTape = activeTape;
  }
}

/** Runs `work` with variables as they were, and gives them back what they have. */
function withValues<T>(values: readonly VariableValue[], work: () => T): T {
  const current = values.map(({ variable }) => tf.clone(variable));
  for (const { variable, value } of values) variable.assign(value);
  try {
    return work();
  } finally {
    values.forEach(({ variable }, i) => {
      variable.assign(current[i] as tf.Tensor);
    });
  }
}
