import type * as tf from '@tensorflow/tfjs-core';

/**
 * Attributes of kernels, which tfjs leaves untyped, read as what their kernels state. An attribute of another type is a mistake
 * in the op that gave it: a TypeError names both.
 */
export type Attributes = { readonly [name: string]: unknown };

const refuse = (name: string, expected: string, value: unknown): TypeError =>
  new TypeError(`attribute '${name}' is ${JSON.stringify(value) ?? 'absent'}, expected ${expected}`);

export function numberOf(attributes: Attributes, name: string, otherwise?: number): number {
  const value = attributes[name] ?? otherwise;
  if (typeof value === 'number') return value;
  throw refuse(name, 'a number', value);
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((one) => typeof one === 'number');

export function numbersOf(attributes: Attributes, name: string, otherwise?: readonly number[]): number[] {
  const value = attributes[name];
  if (value === undefined && otherwise !== undefined) return [...otherwise];
  if (isNumbers(value)) return value;
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Int32Array);
  throw refuse(name, 'numbers', value);
}

/** Value for both axes of an image; one number stands for both. */
export function pairOf(attributes: Attributes, name: string, otherwise?: number): [number, number] {
  const value = attributes[name] ?? otherwise;
  if (typeof value === 'number') return [value, value];
  const [vertical, horizontal] = numbersOf(attributes, name);
  if (vertical !== undefined && horizontal !== undefined) return [vertical, horizontal];
  throw refuse(name, 'two numbers', value);
}

/** Padding of each axis: how much is added before and behind. */
export function paddingsOf(attributes: Attributes, name = 'paddings'): [number, number][] {
  const value = attributes[name];
  if (!Array.isArray(value)) throw refuse(name, 'pairs of numbers', value);
  return value.map((amounts: unknown) => {
    if (isNumbers(amounts) && amounts.length === 2) return [amounts[0] ?? 0, amounts[1] ?? 0];
    throw refuse(name, 'pairs of numbers', value);
  });
}

/** Axes of a reduction; null: all. */
export function axesOf({ axis, reductionIndices }: Attributes): number[] | null {
  const value = axis ?? reductionIndices ?? null;
  if (value === null) return null;
  return typeof value === 'number' ? [value] : numbersOf({ axis: value }, 'axis');
}

const DTYPES = ['float32', 'int32', 'bool', 'complex64', 'string'] as const satisfies readonly (keyof tf.DataTypeMap)[];

export function dtypeOf(attributes: Attributes, name = 'dtype', otherwise?: tf.DataType): tf.DataType {
  const value = attributes[name] ?? otherwise;
  const dtype = DTYPES.find((one) => one === value);
  if (dtype !== undefined) return dtype;
  throw refuse(name, `one of ${DTYPES.join(', ')}`, value);
}
