import * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

type Numbers = Float32Array | Int32Array | Uint8Array;

/** The values of a tensor where they lie, without a copy. Valid until the next tensor is made: the heap may move then. */
export function view(tensor: tf.TensorInfo): Numbers {
  return wasmBackend().typedArrayFromHeap(tensor) as Numbers;
}

/**
 * Makes a float32 tensor by a plain loop over the engine's own memory.
 *
 * @param sources float32 or int32 tensors that `fill` reads
 * @param fill receives the new values (zeros) and the sources, all row-major
 */
export function fillTensor(
  shape: readonly number[],
  sources: readonly tf.Tensor[],
  fill: (target: Float32Array, ...sources: Numbers[]) => void,
): tf.Tensor {
  if (tf.util.sizeFromShape([...shape]) === 0) return tf.zeros([...shape]);
  const info = wasmBackend().makeOutput([...shape], 'float32');
  const target = view(info) as Float32Array;
  target.fill(0);
  fill(target, ...sources.map(view));
  return tf.engine().makeTensorFromTensorInfo(info);
}

function wasmBackend(): BackendWasm {
  return tf.backend() as unknown as BackendWasm;
}
