/** Element types of weights in plain memory. 16-bit floats are widened to float32 when read. */
export type HostArray =
  | Float32Array
  | Float64Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint16Array
  | Uint32Array
  | BigUint64Array;

/** Names as in safetensors. */
export type HostDtype = 'F32' | 'F64' | 'I8' | 'I16' | 'I32' | 'I64' | 'U8' | 'U16' | 'U32' | 'U64';

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
