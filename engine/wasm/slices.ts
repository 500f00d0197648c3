import * as tf from '@tensorflow/tfjs';
import type { BackendWasm } from '@tensorflow/tfjs-backend-wasm';
import { registerTwin } from '../kernels/kernel.js';
import { view } from './heap.js';

/** Registers slices of neighbouring values and splits along the first axis, each of which copies all of x in the stock backend. */
export function registerSlices(): void {
  const slice = tf.getKernel('Slice', 'wasm').kernelFunc;
  registerTwin('Slice', 'wasm', (call) => {
    const x = call.inputs.x as tf.TensorInfo;
    const { begin, size } = call.attrs as unknown as { readonly begin: number[]; readonly size: number[] };
    const [from = [], shape = []] = tf.slice_util.parseSliceParams(x, begin, size);
    if (x.dtype === 'string' || !tf.slice_util.isSliceContinous(x.shape, from, shape)) return slice(call);
    tf.slice_util.assertParamsValid(x, from, shape);
    const start = tf.slice_util.computeFlatOffset(from, tf.util.computeStrides(x.shape));
    return copyOf(call.backend as BackendWasm, x, start, shape);
  });

  const split = tf.getKernel('SplitV', 'wasm').kernelFunc;
  registerTwin('SplitV', 'wasm', (call) => {
    const x = call.inputs.x as tf.Tensor;
    const { numOrSizeSplits, axis } = call.attrs as unknown as {
      readonly numOrSizeSplits: number | number[];
      readonly axis: number;
    };
    const [along = 0] = tf.util.parseAxisParam(axis, x.shape);
    if (x.dtype === 'string' || along !== 0) return split(call);
    const rest = x.shape.slice(1);
    const row = tf.util.sizeFromShape(rest);
    let start = 0;
    return tf.backend_util.prepareSplitSize(x, numOrSizeSplits, 0).map((length) => {
      const part = copyOf(call.backend as BackendWasm, x, start, [length, ...rest]);
      start += length * row;
      return part;
    });
  });
}

/** A tensor of values that lie one after another in x. */
function copyOf(backend: BackendWasm, x: tf.TensorInfo, start: number, shape: readonly number[]): tf.TensorInfo {
  const part = backend.makeOutput([...shape], x.dtype);
  const count = tf.util.sizeFromShape([...shape]);
  if (count > 0) view(part).set(view(x).subarray(start, start + count)); // both seen after the heap may have moved
  return part;
}
