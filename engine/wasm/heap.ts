import * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { EngineError } from '../errors.js';
import type { Room } from '../memory.js';

type Numbers = Float32Array | Int32Array | Uint8Array;

/** The values of a tensor where they lie, without a copy. Valid until the next tensor is made: the heap may move then. */
export function view(tensor: tf.TensorInfo): Numbers {
  return wasmBackend().typedArrayFromHeap(tensor);
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

/** The engine's memory is addressed with 32 bits: it grows to 4 GiB less a page and no further. */
const HEAP_BYTES = 2 ** 32 - 2 ** 16;
/** Share of it that tensors can have: it grows by a fifth at a time, and large ones need a gap of their size. */
const USABLE = 0.9;

/** What is left for tensors; null: another engine is open. */
export function heapRoom(): Room | null {
  if (tf.getBackend() !== 'wasm') return null;
  const bytes = Math.max(0, USABLE * HEAP_BYTES - tf.memory().numBytes);
  return { bytes, words: "are left of WebAssembly's 4 GiB", holds: 'tensors' };
}

interface Heap {
  _malloc(bytes: number): number;
  _free(address: number): void;
}

/** The allocator takes a size of 2 GiB and more for a negative one, and gives memory that is not there. */
const LARGEST_TENSOR = 2 ** 31;

/** The backend takes the address 0 that a full heap gives for memory: then it breaks with "memory access out of bounds". */
export function refuseFullHeap(): void {
  const { wasm } = tf.backend() as unknown as { wasm: Heap };
  wasm._free(wasm._malloc(1)); // at its first call the function puts another in its own place
  const allocate = wasm._malloc.bind(wasm);
  wasm._malloc = (bytes) => {
    const address = bytes < LARGEST_TENSOR ? allocate(bytes) : 0;
    if (address !== 0 || bytes === 0) return address;
    throw new EngineError(
      `WebAssembly's memory of 4 GiB is full (${(bytes / 2 ** 20).toFixed(1)} MiB more were asked for): lower the batch or the image size, or use the tensorflow engine`,
    );
  };
}

function wasmBackend(): BackendWasm {
  return tf.backend() as unknown as BackendWasm;
}
