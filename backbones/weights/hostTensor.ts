/** Element types that weight files use. 16-bit floats are widened to float32 when read. */
export type HostArray = Float32Array | Float64Array | Int32Array | BigInt64Array | Uint8Array;

/** Names as in safetensors. */
export type HostDtype = 'F32' | 'F64' | 'I32' | 'I64' | 'U8';

/** A tensor in plain memory, row-major; what every weight reader gives. */
export interface HostTensor {
  readonly dtype: HostDtype;
  readonly shape: readonly number[];
  readonly data: HostArray;
}

/** By state-dict name. */
export type HostTensors = ReadonlyMap<string, HostTensor>;

/** Number of values. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** IEEE 754 half precision as float32. */
function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** How a stored element type becomes a host array; the width is in bytes. */
export interface Decoder {
  readonly width: number;
  readonly dtype: HostDtype;
  decode(bytes: Uint8Array): HostArray;
}

/** Little-endian element types of safetensors, by their names there. */
export const DECODERS: ReadonlyMap<string, Decoder> = new Map<string, Decoder>([
  ['F32', { width: 4, dtype: 'F32', decode: (bytes) => new Float32Array(aligned(bytes)) }],
  ['F64', { width: 8, dtype: 'F64', decode: (bytes) => new Float64Array(aligned(bytes)) }],
  ['I32', { width: 4, dtype: 'I32', decode: (bytes) => new Int32Array(aligned(bytes)) }],
  ['I64', { width: 8, dtype: 'I64', decode: (bytes) => new BigInt64Array(aligned(bytes)) }],
  ['U8', { width: 1, dtype: 'U8', decode: (bytes) => new Uint8Array(bytes) }],
  ['F16', { width: 2, dtype: 'F32', decode: (bytes) => Float32Array.from(words(bytes), halfToFloat) }],
  ['BF16', { width: 2, dtype: 'F32', decode: widenBrainFloat }],
]);

/** A copy that starts at an offset every typed array accepts; not `slice`, which does not copy where Node's Buffer is given. */
function aligned(bytes: Uint8Array): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function words(bytes: Uint8Array): Uint16Array {
  return new Uint16Array(aligned(bytes));
}

/** bfloat16 is the upper half of a float32. */
function widenBrainFloat(bytes: Uint8Array): Float32Array {
  return new Float32Array(Uint32Array.from(words(bytes), (word) => word * 0x10000).buffer);
}
