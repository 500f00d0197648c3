import * as tf from '@tensorflow/tfjs-core';
import { EngineError, messageOf } from '../errors.js';
import { withoutVariables } from '../tfjs.js';
import { withoutValues } from './shapes.js';

/** What engines' own kernels keep and need beside the plain ones, and gaps between tensors, as a multiple of the tensors. */
const ALLOCATION = 1.28;

/**
 * Bytes that running a function op by op takes at its peak, beyond its arguments and the variables: it is run on shapes
 * alone, as the function itself would keep and free its tensors; measured on training steps of EfficientDets on
 * WebAssembly. No variable changes.
 *
 * @throws EngineError when it reads values, makes variables, or runs a kernel whose shapes are not known
 */
export function bytesOf(run: () => void): number {
  const variables = Object.values(tf.engine().registeredVariables);
  const kept = variables.map((variable) => tf.keep(tf.clone(variable)));
  const refuse = (): never => {
    throw new EngineError('a function that makes variables has no estimate of its memory: call it once before');
  };
  try {
    const { peakBytes } = withoutVariables(refuse, () => withoutValues(() => tf.tidy(run)));
    return Math.round(ALLOCATION * peakBytes);
  } catch (error) {
    if (error instanceof EngineError) throw error;
    throw new EngineError(`its memory cannot be estimated: ${messageOf(error)}`);
  } finally {
    variables.forEach((variable, i) => {
      const before = kept[i] as tf.Tensor;
      if (variable.dataId !== before.dataId) variable.assign(before);
    });
    tf.dispose(kept);
  }
}

/**
 * A tensor of the same type and another shape for `bytesOf` and `Compiled.memory`, which look at no value: it takes no
 * memory, and must not be read.
 */
export function hollow(tensor: tf.Tensor, shape: readonly number[]): tf.Tensor {
  const { dataId, dtype } = tensor;
  const { backend } = tf.engine();
  backend.incRef(dataId);
  return tf.engine().makeTensorFromDataId(dataId, [...shape], dtype, backend);
}
