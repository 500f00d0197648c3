import { WeightsError } from '../engine/errors.js';
import { type HostArray, type HostTensor, sizeOf } from '../weights/hostTensor.js';
import type { LazyTensor } from '../weights/weightsFile.js';
import { fileShape, toFile } from './layout.js';
import type { AxisOrder } from './naming/scheme.js';
import type { ParameterSlot } from './slot.js';

/**
 * Whether a tensor of this shape can be a parameter. Trailing axes of PyTorch's order, or leading ones of TensorFlow's, may
 * be merged: dense layers and the convolutions that stand for them hold the same values.
 */
export function fitsParameter(
  shape: readonly number[],
  { variable, layout }: ParameterSlot,
  order: AxisOrder,
): boolean {
  if (order === 'file') return mergesInto(shape, fileShape(variable.shape, layout), 0);
  return mergesInto(shape, variable.shape, -1);
}

/** float32 values of a tensor in the layout of a state dict. @throws WeightsError when they are no numbers of use */
export function placedTensor(tensor: LazyTensor, parameter: ParameterSlot, order: AxisOrder): HostTensor {
  const { variable, layout } = parameter;
  const { data } = tensor.read();
  const values = floats(data);
  if (values.length !== sizeOf(variable.shape))
    throw new WeightsError(`[${tensor.shape}] does not fit [${variable.shape}]`);
  const placed = order === 'file' ? values : toFile(values, variable.shape, layout);
  return { dtype: 'F32', shape: fileShape(variable.shape, layout), data: placed };
}

/** Equal shapes, or equally many values with the axis at `kept` (0 the first, -1 the last) in its place. */
function mergesInto(shape: readonly number[], expected: readonly number[], kept: 0 | -1): boolean {
  if (shape.length === expected.length) return shape.every((size, axis) => size === expected[axis]);
  return sizeOf(shape) === sizeOf(expected) && shape.at(kept) === expected.at(kept);
}

function floats(data: HostArray): Float32Array {
  return data instanceof Float32Array ? data : Float32Array.from(data, Number);
}
