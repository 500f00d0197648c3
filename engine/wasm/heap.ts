import * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';

type Numbers = Float32Array | Int32Array | Uint8Array;

/** The values of a tensor where they lie, without a copy. Valid until the next tensor is made: the heap may move then. */
export function view(tensor: tf.TensorInfo): Numbers {
  return wasmBackend().typedArrayFromHeap(tensor) as Numbers;
}

/** Fills values from the values of the sources, all row-major. */
type Fill = (target: Float32Array, ...sources: Numbers[]) => void;

/** Makes a float32 tensor by a plain loop over the engine's own memory; `fill` receives zeros and adds to them. */
export function fillTensor(shape: readonly number[], sources: readonly tf.Tensor[], fill: Fill): tf.Tensor {
  return writeTensor(shape, sources, (target, ...values) => {
    target.fill(0);
    fill(target, ...values);
  });
}

/** The same for a loop that writes every value: it receives what the memory held. */
export function writeTensor(shape: readonly number[], sources: readonly tf.Tensor[], fill: Fill): tf.Tensor {
  if (tf.util.sizeFromShape([...shape]) === 0) return tf.zeros([...shape]);
  const info = wasmBackend().makeOutput([...shape], 'float32');
  fill(view(info) as Float32Array, ...sources.map(view));
  return tf.engine().makeTensorFromTensorInfo(info);
}

/** The memory the engine works on; undefined where the platform does not show it. */
export function engineMemory(): WebAssembly.Memory | undefined {
  const { wasm } = tf.backend() as unknown as { wasm: { asm?: { memory?: WebAssembly.Memory } } };
  const memory = wasm.asm?.memory;
  return memory instanceof WebAssembly.Memory && memory.buffer instanceof ArrayBuffer ? memory : undefined;
}

function wasmBackend(): BackendWasm {
  return tf.backend() as unknown as BackendWasm;
}
