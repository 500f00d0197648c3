import type { HostMemory } from './hostMemory.js';
import type { HostDtype, HostTensor, HostTensors } from './hostTensor.js';

/** Formats that `openWeights` recognises. */
export type WeightsFormat = 'safetensors' | 'pytorch' | 'keras' | 'tflite' | 'tfjs' | 'onnx' | 'npz' | 'npy';

/** A tensor of a file: described at once, read when asked for, every time anew. */
export interface LazyTensor {
  /** After reading: 16-bit floats become float32, quantised integers too. */
  readonly dtype: HostDtype;
  readonly shape: readonly number[];
  /**
   * Row-major values in an array of their own; with `memory`, they may be in its buffer.
   *
   * @throws WeightsError when the file is damaged there
   */
  read(memory?: HostMemory): HostTensor;
}

/** A layer of a graph, by the names of its tensors. */
export interface WeightedLayer {
  readonly kind: 'convolution' | 'depthwise' | 'dense';
  readonly weight: string;
  readonly bias: string | null;
  /** Axes of the weight: [out, kh, kw, in] of TFLite, [out, in, kh, kw] of PyTorch, or the [in, out] of a product of matrices. */
  readonly axes: 'tflite' | 'pytorch' | 'product';
  /** Path of the module that it was exported from, e.g. 'blocks.0.0.conv_dw'; null: the file does not say. */
  readonly path: string | null;
  /** Names of what it reads and of what it computes. */
  readonly input: string;
  readonly output: string;
}

export interface WeightsFile {
  readonly format: WeightsFormat;
  /** By the name in the file, in the file's order. */
  readonly tensors: ReadonlyMap<string, LazyTensor>;
  /** Text that travels with the weights; keys are the format's own. */
  readonly metadata: Readonly<Record<string, string>>;
  /** In the order of computing, where the format tells. */
  readonly layers?: readonly WeightedLayer[];
}

/** Reads every tensor of a file. */
export function readAll({ tensors }: WeightsFile): HostTensors {
  return new Map([...tensors].map(([name, tensor]) => [name, tensor.read()]));
}

/** A tensor that is in memory already. */
export function heldTensor(tensor: HostTensor): LazyTensor {
  return { dtype: tensor.dtype, shape: tensor.shape, read: () => tensor };
}
