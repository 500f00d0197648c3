import type { ParameterLayout } from '../backbones/module.js';
import { sizeOf } from '../weights/hostTensor.js';

/** [position in memory] -> axis of the file. */
const ORDER: { readonly [L in ParameterLayout]: readonly number[] | null } = {
  convolution: [2, 3, 1, 0],
  depthwise: [2, 3, 0, 1],
  dense: [1, 0],
  plain: null,
};

/** Shape in the state dict of a parameter with this shape in memory. */
export function fileShape(memoryShape: readonly number[], layout: ParameterLayout): readonly number[] {
  const order = ORDER[layout];
  return order === null ? memoryShape : invert(order).map((axis) => memoryShape[axis] ?? 1);
}

/** Values of a state dict -> row-major values in memory. */
export function toMemory(values: Float32Array, shape: readonly number[], layout: ParameterLayout): Float32Array {
  const order = ORDER[layout];
  return order === null ? values : permute(values, shape, order);
}

/** The exact inverse of `toMemory`. */
export function toFile(values: Float32Array, memoryShape: readonly number[], layout: ParameterLayout): Float32Array {
  const order = ORDER[layout];
  return order === null ? values : permute(values, memoryShape, invert(order));
}

function invert(order: readonly number[]): number[] {
  return order.map((_, axis) => order.indexOf(axis));
}

/** Transposes up to four axes: result axis i is axis order[i] of `values`. */
function permute(values: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => sizeOf(shape.slice(axis + 1)));
  const lead = Array.from({ length: 4 - order.length }, () => ({ size: 1, stride: 0 }));
  const axes = [...lead, ...order.map((axis) => ({ size: shape[axis] ?? 1, stride: strides[axis] ?? 0 }))];
  const [a, b, c, d] = axes as [Axis, Axis, Axis, Axis];
  const result = new Float32Array(values.length);
  let position = 0;
  for (let i = 0; i < a.size; i++) {
    for (let j = 0; j < b.size; j++) {
      for (let k = 0; k < c.size; k++) {
        const base = i * a.stride + j * b.stride + k * c.stride;
        for (let l = 0; l < d.size; l++) result[position++] = values[base + l * d.stride] as number;
      }
    }
  }
  return result;
}

interface Axis {
  readonly size: number;
  readonly stride: number;
}
