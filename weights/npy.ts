import { WeightsError } from '../engine/errors.js';
import { createByteReader } from './bytes/byteReader.js';
import { type ByteSource, memorySource, windowSource } from './bytes/byteSource.js';
import { type ElementName, elementType, swapBytes } from './elements.js';
import type { HostMemory } from './hostMemory.js';
import { type HostDtype, type HostTensor, sizeOf } from './hostTensor.js';
import { copyStrided } from './stridedTensor.js';
import type { LazyTensor } from './weightsFile.js';

const MAGIC = '\x93NUMPY';

/** More than any header of weights. */
export const HEAD_BYTES = 4096;
const MAX_RANK = 8;
const ALIGNMENT = 64;

/** NumPy's type letters and widths. */
const TYPES = {
  f4: 'F32',
  f8: 'F64',
  f2: 'F16',
  i1: 'I8',
  i2: 'I16',
  i4: 'I32',
  i8: 'I64',
  u1: 'U8',
  u2: 'U16',
  u4: 'U32',
  u8: 'U64',
  b1: 'BOOL',
} as const satisfies Readonly<Record<string, ElementName>>;

export function isNpy(source: ByteSource): boolean {
  if (source.size < MAGIC.length) return false;
  return String.fromCharCode(...source.view(0, MAGIC.length)) === MAGIC;
}

/**
 * Opens one NumPy array (`.npy`), of numbers in either byte order and axis order.
 *
 * @throws WeightsError when the file is damaged, or holds Python objects
 * @source NumPy, NEP 1 and numpy/lib/format.py
 */
export function openNpy(source: ByteSource): LazyTensor {
  return lazyArray(source, source.size, () => source);
}

/** The same of a packed array: `head` holds its first bytes, `open` unpacks all `size` of them. */
export function openPackedNpy(head: ByteSource, size: number, open: () => ByteSource): LazyTensor {
  return lazyArray(head, size, open);
}

function lazyArray(source: ByteSource, size: number, open: () => ByteSource): LazyTensor {
  const { name } = source;
  if (!isNpy(source)) throw new WeightsError(`${name} is not a NumPy array`);
  const reader = createByteReader(source, MAGIC.length);
  const version = reader.u8();
  reader.skip(1);
  const length = version === 1 ? reader.u16() : reader.u32();
  if (version < 1 || version > 3 || length > HEAD_BYTES - 16)
    throw new WeightsError(`${name}: a NumPy header of version ${version} with ${length} bytes: refused`);
  const { type, bigEndian, fortran, shape } = parseHeader(name, reader.text(length));
  const { width, dtype } = elementType(type);
  const count = sizeOf(shape);
  const start = reader.position;
  const body = size - start;
  if (body !== count * width)
    throw new WeightsError(`${name} [${shape}] needs ${count * width} bytes, the file holds ${Math.max(0, body)}`);
  const read = (memory?: HostMemory): HostTensor => {
    const values = windowSource(open(), start, body, name);
    const ordered = bigEndian && width > 1 ? memorySource(swapBytes(values.view(0, body), width)) : values;
    const data = elementType(type).read(ordered, 0, count, memory);
    if (!fortran || shape.length < 2) return { dtype, shape, data };
    return {
      dtype,
      shape,
      data: copyStrided(
        data,
        shape,
        shape.map((_, axis) => sizeOf(shape.slice(0, axis))),
      ),
    };
  };
  return { dtype, shape, read };
}

interface Header {
  readonly type: ElementName;
  readonly bigEndian: boolean;
  readonly fortran: boolean;
  readonly shape: readonly number[];
}

/** The header is a Python dictionary of three known entries. */
function parseHeader(name: string, text: string): Header {
  const descr = /'descr':\s*'([<>|=])([a-zA-Z]\d{1,2})'/.exec(text);
  const fortran = /'fortran_order':\s*(True|False)/.exec(text)?.[1];
  const sizes = /'shape':\s*\(([\d,\s]*)\)/.exec(text)?.[1];
  const type = TYPES[descr?.[2] as keyof typeof TYPES];
  if (!type || fortran === undefined || sizes === undefined)
    throw new WeightsError(`${name}: not an array of numbers: '${text.trim().slice(0, 80)}'`);
  const shape = sizes.split(',').flatMap((size) => (size.trim() === '' ? [] : [Number(size)]));
  if (shape.length > MAX_RANK || !shape.every(Number.isSafeInteger))
    throw new WeightsError(`${name}: a NumPy array of shape [${shape}]: refused`);
  return { type, bigEndian: descr?.[1] === '>', fortran: fortran === 'True', shape };
}

/** The bytes of a `.npy` file, version 1. */
export function writeNpy({ dtype, shape, data }: HostTensor): Uint8Array {
  if (data.length !== sizeOf(shape)) throw new Error(`${data.length} values for shape [${shape}]`);
  const letters = LETTERS[dtype];
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(', ');
  const start = `{'descr': '${data.BYTES_PER_ELEMENT === 1 ? '|' : '<'}${letters}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const prefix = MAGIC.length + 4;
  const total = Math.ceil((prefix + start.length + 1) / ALIGNMENT) * ALIGNMENT;
  const file = new Uint8Array(total + data.byteLength);
  const header = `${MAGIC}\x01\x00  ${start.padEnd(total - prefix - 1)}\n`;
  for (let i = 0; i < header.length; i++) file[i] = header.charCodeAt(i);
  new DataView(file.buffer).setUint16(MAGIC.length + 2, total - prefix, true);
  file.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), total);
  return file;
}

const LETTERS: { readonly [D in HostDtype]: keyof typeof TYPES } = {
  F32: 'f4',
  F64: 'f8',
  I8: 'i1',
  I16: 'i2',
  I32: 'i4',
  I64: 'i8',
  U8: 'u1',
  U16: 'u2',
  U32: 'u4',
  U64: 'u8',
};
