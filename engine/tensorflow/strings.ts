import type { TensorValues } from '#tfjs-node';
import { DataType } from './api.js';

export const isStrings = (dtype: number): boolean => dtype === DataType.string;

/** Longest string that fits into TensorFlow's 24-byte string record itself. */
const INLINE_BYTES = 22;
const RECORD_BYTES = 24;

/**
 * String tensors hold TF_TString records, whose longer texts lie on TensorFlow's heap: only records that fit inline can
 * be written from here.
 *
 * @source tensorflow/core/platform/ctstring_internal.h (small strings: size << 2 in the first byte, then the text)
 */
export function encodeStrings(values: TensorValues): Uint8Array {
  const texts = Array.from(values as readonly (string | Uint8Array)[], (value) => Buffer.from(value));
  const records = new Uint8Array(texts.length * RECORD_BYTES);
  texts.forEach((text, index) => {
    if (text.length > INLINE_BYTES) {
      throw new Error(`string tensors hold at most ${INLINE_BYTES} bytes an element, this one has ${text.length}`);
    }
    records[index * RECORD_BYTES] = text.length << 2;
    records.set(text, index * RECORD_BYTES + 1);
  });
  return records;
}

/** The inverse, for records that fit inline. */
export function decodeStrings(records: Uint8Array): Uint8Array[] {
  return Array.from({ length: records.length / RECORD_BYTES }, (_, index) => {
    const start = index * RECORD_BYTES;
    const header = records[start] as number;
    if ((header & 3) !== 0) throw new Error(`only strings of at most ${INLINE_BYTES} bytes can be read`);
    return records.slice(start + 1, start + 1 + (header >> 2));
  });
}
