import { type HostTensor, sizeOf } from './hostTensor.js';

/** value = (stored - zero) * scale; one pair for the tensor, or one for each index of `axis`. */
export interface Quantisation {
  readonly scale: ArrayLike<number>;
  /** Missing ones are 0. */
  readonly zero: ArrayLike<number>;
  readonly axis: number;
}

/** Stored whole numbers as float32. @source TensorFlow Lite 8-bit quantization specification */
export function dequantise({ shape, data }: HostTensor, { scale, zero, axis }: Quantisation): HostTensor {
  const inner = sizeOf(shape.slice(axis + 1));
  const values = new Float32Array(data.length);
  for (let i = 0; i < values.length; i++) {
    const channel = scale.length === 1 ? 0 : Math.floor(i / inner) % scale.length;
    values[i] = (Number(data[i]) - (zero[channel] ?? 0)) * scale[channel]!;
  }
  return { dtype: 'F32', shape, data: values };
}
