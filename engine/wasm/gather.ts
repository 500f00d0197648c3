import * as tf from '@tensorflow/tfjs';
import { registerTwin, tensorKernel } from '../kernels/kernel.js';

interface Attributes {
  readonly axis: number;
  readonly batchDims?: number;
}

/** Registers gather with batch dimensions, which reads outside its buffer in the stock backend. */
export function registerGather(): void {
  const stock = tf.getKernel('GatherV2', 'wasm').kernelFunc;
  const batched = tensorKernel<{ x: tf.Tensor; indices: tf.Tensor }, Attributes>(({ x, indices }, attributes) =>
    batchedGather(x, indices, attributes.axis < 0 ? attributes.axis + x.rank : attributes.axis, attributes.batchDims),
  );
  registerTwin('GatherV2', 'wasm', (call) => {
    const { batchDims = 0 } = call.attrs as unknown as Attributes;
    return batchDims === 0 ? stock(call) : batched(call);
  });
}

/** Shared leading axes become part of one long axis to gather from, which is moved to the front first. */
function batchedGather(x: tf.Tensor, indices: tf.Tensor, axis: number, batchDims = 0): tf.Tensor {
  const batchShape = x.shape.slice(0, batchDims);
  const middleShape = x.shape.slice(batchDims, axis);
  const lastShape = x.shape.slice(axis + 1);
  const batch = tf.util.sizeFromShape(batchShape);
  const middle = tf.util.sizeFromShape(middleShape);
  const length = x.shape[axis] as number;
  const last = tf.util.sizeFromShape(lastShape);
  const ordered = tf.transpose(tf.reshape(x, [batch, middle, length, last]), [0, 2, 1, 3]);
  const starts = tf.tensor2d(
    Int32Array.from({ length: batch }, (_, i) => i * length),
    [batch, 1],
  );
  const rows = tf.reshape(tf.add(tf.reshape(indices, [batch, -1]), tf.cast(starts, 'int32')), [-1]);
  const picked = tf.gather(tf.reshape(ordered, [batch * length, middle * last]), tf.cast(rows, 'int32'));
  const restored = tf.transpose(tf.reshape(picked, [batch, -1, middle, last]), [0, 2, 1, 3]);
  return tf.reshape(restored, [...batchShape, ...middleShape, ...indices.shape.slice(batchDims), ...lastShape]);
}
