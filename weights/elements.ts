import { need } from '../engine/checked.js';
import type { ByteSource } from './bytes/byteSource.js';
import { fromFloat16 } from './halves.js';
import { type HostMemory, newMemory } from './hostMemory.js';
import type { HostArray, HostDtype } from './hostTensor.js';

/** How a stored element type becomes a host array. */
export interface ElementType {
  /** Bytes of one stored value. */
  readonly width: number;
  /** In memory. */
  readonly dtype: HostDtype;
  /** The `count` values that lie at `offset`, in `memory`; in an array of their own without it. */
  read(source: ByteSource, offset: number, count: number, memory?: HostMemory): HostArray;
}

type Constructor = new (buffer: ArrayBuffer, offset: number, length: number) => HostArray;

const native = (dtype: HostDtype, width: number, Values: Constructor): ElementType => ({
  width,
  dtype,
  read: (source, offset, count, memory = newMemory) => {
    source.view(offset + count * width, 0); // inside, before anything is allocated
    const buffer = memory(count * width);
    source.fill(offset, new Uint8Array(buffer, 0, count * width));
    return new Values(buffer, 0, count);
  },
});

/** Words are read into the upper half of their floats and widened from the first on, which never reaches an unread word. */
const widened = (widen: (words: Uint16Array, floats: ArrayBuffer) => void): ElementType => ({
  width: 2,
  dtype: 'F32',
  read: (source, offset, count, memory = newMemory) => {
    source.view(offset + count * 2, 0);
    const buffer = memory(count * 4);
    source.fill(offset, new Uint8Array(buffer, count * 2, count * 2));
    widen(new Uint16Array(buffer, count * 2, count), buffer);
    return new Float32Array(buffer, 0, count);
  },
});

/** Little-endian element types, by their names in safetensors. */
export const ELEMENT_TYPES: ReadonlyMap<string, ElementType> = new Map<string, ElementType>([
  ['F32', native('F32', 4, Float32Array)],
  ['F64', native('F64', 8, Float64Array)],
  ['I8', native('I8', 1, Int8Array)],
  ['I16', native('I16', 2, Int16Array)],
  ['I32', native('I32', 4, Int32Array)],
  ['I64', native('I64', 8, BigInt64Array)],
  ['U8', native('U8', 1, Uint8Array)],
  ['U16', native('U16', 2, Uint16Array)],
  ['U32', native('U32', 4, Uint32Array)],
  ['U64', native('U64', 8, BigUint64Array)],
  ['BOOL', native('U8', 1, Uint8Array)],
  ['F16', widened(widenHalf)],
  ['BF16', widened(widenBrainFloat)],
]);

export type ElementName = 'F32' | 'F64' | 'F16' | 'BF16' | 'BOOL' | HostDtype;

export function elementType(name: ElementName): ElementType {
  return need(ELEMENT_TYPES, name);
}

/** The same values, each turned round: for big-endian files. */
export function swapBytes(bytes: Uint8Array, width: number): Uint8Array {
  const swapped = new Uint8Array(bytes.length);
  for (let at = 0; at < bytes.length; at += width) {
    for (let i = 0; i < width; i++) swapped[at + i] = bytes[at + width - 1 - i] as number;
  }
  return swapped;
}

let halves: Float32Array | null = null;

/** Through a table of all 65,536 values, made on first use. */
function widenHalf(words: Uint16Array, buffer: ArrayBuffer): void {
  halves ??= Float32Array.from({ length: 0x10000 }, (_, bits) => fromFloat16(bits));
  const floats = new Float32Array(buffer, 0, words.length);
  for (let i = 0; i < words.length; i++) floats[i] = halves[words[i] as number] as number;
}

/** bfloat16 is the upper half of a float32. */
function widenBrainFloat(words: Uint16Array, buffer: ArrayBuffer): void {
  const bits = new Uint32Array(buffer, 0, words.length);
  for (let i = 0; i < words.length; i++) bits[i] = (words[i] as number) << 16;
}
