import * as tf from '@tensorflow/tfjs';
import { allocateTargets, type Encoder, type TargetSpec, type TargetTypes } from '../datasets/encoder.js';
import type { TargetTensors } from './head.js';

/** One target of a batch on the host: [N, ...shape]. */
export interface HostTarget {
  readonly data: Float32Array | Int32Array;
  readonly shape: readonly number[];
}

/** Targets of a batch on the device. The caller owns the tensors. */
export function toTargets<Types extends TargetTypes>(targets: {
  readonly [name: string]: HostTarget;
}): TargetTensors<Types> {
  const tensors = Object.entries(targets).map(([name, { data, shape }]) => {
    return [name, tf.tensor(data, [...shape], data instanceof Float32Array ? 'float32' : 'int32')] as const;
  });
  return Object.fromEntries(tensors) as unknown as TargetTensors<Types>;
}

/**
 * Encodes truths in this thread, for a training loop without loader workers.
 *
 * @param truths one per image, in pixels of the network's input
 * @returns      targets of the batch, owned by the caller
 */
export function encodeTargets<Truth, Types extends TargetTypes>(
  encoder: Encoder<Truth, Types>,
  truths: readonly Truth[],
): TargetTensors<Types> {
  const batch = allocateTargets(encoder.targets, truths.length);
  for (const [i, truth] of truths.entries()) {
    const rows = Object.entries<Float32Array | Int32Array>(batch).map(([name, values]) => {
      const size = values.length / truths.length;
      return [name, values.subarray(i * size, (i + 1) * size)] as const;
    });
    encoder.encode(truth, Object.fromEntries(rows) as unknown as typeof batch);
  }
  const host = Object.entries<TargetSpec>(encoder.targets).map(([name, { shape }]) => {
    return [name, { data: batch[name] as Float32Array | Int32Array, shape: [truths.length, ...shape] }] as const;
  });
  return toTargets<Types>(Object.fromEntries(host));
}
