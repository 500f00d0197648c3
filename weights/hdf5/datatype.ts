import { WeightsError } from '../../engine/errors.js';
import { type ByteReader, createByteReader } from '../bytes/byteReader.js';
import { type ElementName, type ElementType, elementType } from '../elements.js';

/** A datatype of weights and their attributes. */
export type Datatype =
  | { readonly kind: 'number'; readonly size: number; readonly element: ElementType; readonly bigEndian: boolean }
  | { readonly kind: 'string'; readonly size: number }
  /** Text in the global heap. */
  | { readonly kind: 'heapString'; readonly size: number }
  | { readonly kind: 'other'; readonly size: number; readonly what: string };

const CLASSES = [
  'integer',
  'float',
  'time',
  'string',
  'bits',
  'opaque',
  'compound',
  'reference',
  'enum',
  'list',
  'array',
];
const INTEGERS: Readonly<Record<string, ElementName>> = {
  s1: 'I8',
  s2: 'I16',
  s4: 'I32',
  s8: 'I64',
  u1: 'U8',
  u2: 'U16',
  u4: 'U32',
  u8: 'U64',
};
const MAX_ELEMENT_BYTES = 1 << 20;

/** @source HDF5 File Format Specification 3.0, section IV.A.2.d */
export function readDatatype(body: Uint8Array): Datatype {
  const reader = createByteReader(body);
  const kind = CLASSES[reader.u8() & 15] ?? 'unknown';
  const [bits, bits1] = [reader.u8(), reader.u8()];
  reader.skip(1);
  const size = reader.u32();
  if (size === 0 || size > MAX_ELEMENT_BYTES) throw new WeightsError(`an HDF5 element of ${size} bytes: refused`);
  const bigEndian = (bits & 1) === 1;
  const number = (name: ElementName | undefined): Datatype =>
    name ? { kind: 'number', size, element: elementType(name), bigEndian } : { kind: 'other', size, what: kind };
  if (kind === 'integer') return number(INTEGERS[`${bits & 8 ? 's' : 'u'}${size}`]);
  if (kind === 'float') return number(floatName(reader, size, (bits & 0x40) !== 0 || bits1 === 0));
  if (kind === 'enum') {
    const base = readDatatype(reader.bytes(body.length - reader.position));
    return base.size === size ? base : { kind: 'other', size, what: kind };
  }
  if (kind === 'string') return { kind: 'string', size };
  if (kind === 'list' && (bits & 15) === 1 && size === 16) return { kind: 'heapString', size };
  return { kind: 'other', size, what: kind };
}

/** IEEE floats and bfloat16, by where their exponent lies. */
function floatName(reader: ByteReader, size: number, unusual: boolean): ElementName | undefined {
  reader.skip(4);
  const [exponentAt, exponentBits, mantissaAt, mantissaBits] = [reader.u8(), reader.u8(), reader.u8(), reader.u8()];
  const layout = `${size}:${exponentAt},${exponentBits},${mantissaAt},${mantissaBits}`;
  return unusual ? undefined : FLOATS[layout];
}
const FLOATS: Readonly<Record<string, ElementName>> = {
  '4:23,8,0,23': 'F32',
  '8:52,11,0,52': 'F64',
  '2:10,5,0,10': 'F16',
  '2:7,8,0,7': 'BF16',
};

const MAX_RANK = 8;

/** Sizes of a dataspace; null: none at all. @source section IV.A.2.b */
export function readDataspace(body: Uint8Array): readonly number[] | null {
  const reader = createByteReader(body);
  const version = reader.u8();
  const rank = reader.u8();
  reader.skip(1);
  const type = reader.u8();
  if (version < 1 || version > 2 || rank > MAX_RANK)
    throw new WeightsError(`the HDF5 file is damaged: a dataspace of version ${version} and rank ${rank}`);
  if (version === 1) reader.skip(4);
  else if (type === 2) return null;
  return Array.from({ length: rank }, () => reader.size64());
}
