interface BuiltinModules {
  getBuiltinModule?(name: string): unknown;
}

/** Zeroed bytes: in Node such as threads can share, for a browser shares memory only with pages that ask for it. */
export const sharedBytes = (length: number): ArrayBuffer | SharedArrayBuffer =>
  nodeModule('worker_threads') === undefined ? new ArrayBuffer(length) : new SharedArrayBuffer(length);

/** Columns of numbers. */
export type Column = Float64Array | Float32Array | Uint32Array | Int32Array | Uint8Array;

/** The first `length` numbers in bytes that threads can share, in Node without copying what is there already. */
export function sharedColumn<A extends Column>(column: A, length = column.length): A {
  if (typeof SharedArrayBuffer !== 'undefined' && column.buffer instanceof SharedArrayBuffer) return column;
  const kind = column.constructor as new (bytes: ArrayBufferLike) => A;
  const out = new kind(sharedBytes(length * column.BYTES_PER_ELEMENT));
  out.set(column.subarray(0, length));
  return out;
}

/** A module of Node, or undefined in a browser. */
export function nodeModule<T>(name: string): T | undefined {
  const runtime = (globalThis as { process?: BuiltinModules }).process;
  return runtime?.getBuiltinModule?.(`node:${name}`) as T | undefined;
}
