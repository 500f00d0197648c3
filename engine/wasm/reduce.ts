import * as tf from '@tensorflow/tfjs';
import { registerTwin } from '../kernels/kernel.js';

/** What a reduction of nothing gives, as TensorFlow has it. */
const EMPTY = {
  Sum: 0,
  Prod: 1,
  Mean: Number.NaN,
  Max: Number.NEGATIVE_INFINITY,
  Min: Number.POSITIVE_INFINITY,
  All: 1,
  Any: 0,
} as const;

/** Registers reductions that know what nothing reduces to: the stock kernels return what the memory held. */
export function registerReductions(): void {
  for (const [kernelName, value] of Object.entries(EMPTY)) registerEmpty(kernelName, value);
}

function registerEmpty(kernelName: string, value: number): void {
  const stock = tf.getKernel(kernelName, 'wasm').kernelFunc;
  registerTwin(kernelName, 'wasm', (call) => {
    const { x } = call.inputs;
    if (x === undefined || tf.util.sizeFromShape(x.shape) > 0) return stock(call);
    const { axis, reductionIndices, keepDims } = call.attrs as unknown as Reduction;
    const axes = tf.util.parseAxisParam((axis ?? reductionIndices) as number | number[], x.shape);
    const kept = x.shape.map((length, i) => (axes.includes(i) ? 1 : length));
    const shape = keepDims ? kept : x.shape.filter((_, i) => !axes.includes(i));
    return tf.fill(shape, value, kernelName === 'Mean' ? 'float32' : x.dtype);
  });
}

interface Reduction {
  readonly axis?: number | number[];
  /** The name Max has for its axes. */
  readonly reductionIndices?: number | number[];
  readonly keepDims: boolean;
}
