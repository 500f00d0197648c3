import * as tf from '@tensorflow/tfjs-core';
import { valueAt } from './checked.js';
import { defineKernel } from './kernels/kernel.js';
import { isDifferentiating, offTape, watchingKernels, withTapeKept } from './tfjs.js';

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
    if (!isDifferentiating()) return block(...args);
    const before = Object.values(tf.engine().registeredVariables).map((variable) => ({
      variable,
      value: tf.clone(variable),
    }));
    const { value, variables } = runOffTape(() => block(...args));
    const assigned = before.filter(({ variable, value: old }) => variable.dataId !== old.dataId);
    const recompute = (dy: tf.Tensor, saved: readonly tf.Tensor[]): tf.Tensor[] => {
      const again = args.map((_, i) => afterGradient({ x: valueAt(saved, i), dy }, {}));
      const values = assigned.map(({ variable }, i) => ({ variable, value: valueAt(saved, args.length + i) }));
      const wanted = [...again.filter(({ dtype }) => dtype === 'float32'), ...variables];
      const grads = withValues(values, () => gradientsInside(() => block(...(again as unknown as Args)), wanted, dy));
      const byInput = new Map(wanted.map((input, i) => [input, grads[i]]));
      return [...again, ...variables].map((input) => byInput.get(input) ?? tf.zerosLike(input));
    };
    const forward = tf.customGrad((...inputs) => {
      const save = inputs.at(-1) as unknown as tf.GradSaveFunc;
      save([...args, ...assigned.map((each) => each.value)]);
      return {
        value: tf.clone(value),
        gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => recompute(dy, saved),
      };
    });
    return forward(...args, ...variables);
  };
}

interface VariableValue {
  readonly variable: tf.Variable;
  readonly value: tf.Tensor;
}

/** Runs `work` without recording it, so that its intermediate tensors are freed, and finds the trainable variables it reads. */
function runOffTape<T extends tf.Tensor>(
  work: () => T,
): { readonly value: T; readonly variables: readonly tf.Variable[] } {
  const read = new Set<tf.Variable>();
  const note = (inputs: object): void => {
    for (const input of Object.values(inputs)) if (input instanceof tf.Variable && input.trainable) read.add(input);
  };
  const value = watchingKernels(note, () => offTape(() => tf.tidy(work)));
  return { value, variables: [...read] };
}

/** Gradients inside the backward pass of others, whose tape stays what it is. */
function gradientsInside(
  work: () => tf.Tensor,
  wanted: tf.Tensor[],
  dy: tf.Tensor,
): readonly (tf.Tensor | null | undefined)[] {
  return withTapeKept(() => tf.engine().gradients(work, wanted, dy, true).grads);
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
