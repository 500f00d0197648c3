import type { TensorValues } from '#tfjs-node';
import { type Api, DataType, type Pointer } from './api.js';

export const isStrings = (dtype: number): boolean => dtype === DataType.string;

/** Size of TF_TString, the record of one string. Source: tensorflow/core/platform/ctstring_internal.h. */
const RECORD_BYTES = 24;

const record = (start: Pointer, index: number): Pointer => start + BigInt(index * RECORD_BYTES);

/** A C tensor of strings; free it with `freeStrings`, for long texts lie on TensorFlow's heap. */
export function newStrings(api: Api, shape: readonly number[], values: TensorValues): Pointer {
  const texts = Array.from(values as readonly (string | Uint8Array)[], (value) => Buffer.from(value));
  const tensor = api.TF_AllocateTensor(DataType.string, shape, shape.length, texts.length * RECORD_BYTES);
  const start = api.TF_TensorData(tensor);
  texts.forEach((text, index) => {
    api.TF_StringInit(record(start, index));
    api.TF_StringCopy(record(start, index), text, text.length);
  });
  return tensor;
}

/** The texts as UTF-8 bytes. */
export function readStrings(api: Api, tensor: Pointer): Uint8Array[] {
  const start = api.TF_TensorData(tensor);
  return Array.from({ length: api.TF_TensorByteSize(tensor) / RECORD_BYTES }, (_, index) => {
    const text = new Uint8Array(api.TF_StringGetSize(record(start, index)));
    if (text.length > 0) api.copyOut(text, api.TF_StringGetDataPointer(record(start, index)), text.length);
    return text;
  });
}

/** Frees a tensor of `newStrings` and what its records point to. */
export function freeStrings(api: Api, tensor: Pointer): void {
  const start = api.TF_TensorData(tensor);
  const count = api.TF_TensorByteSize(tensor) / RECORD_BYTES;
  for (let index = 0; index < count; index++) api.TF_StringDealloc(record(start, index));
  api.TF_DeleteTensor(tensor);
}
