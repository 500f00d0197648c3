import { createHash } from 'node:crypto';

/** Value representations that are written. @source DICOM PS3.5, 6.2 */
type Kind =
  | 'AT'
  | 'CS'
  | 'DA'
  | 'DS'
  | 'FD'
  | 'IS'
  | 'LO'
  | 'OB'
  | 'OW'
  | 'PN'
  | 'SH'
  | 'SQ'
  | 'TM'
  | 'UI'
  | 'UL'
  | 'US';
/** The elements of a data set; of a sequence the items. */
export type DicomElements = readonly DicomElement[];
export type DicomElement = readonly [
  tag: number,
  kind: Kind,
  value: string | Uint8Array | readonly number[] | readonly DicomElements[],
];

/** Those with a length of four bytes after two that are zero. */
const LONG: ReadonlySet<Kind> = new Set(['OB', 'OW', 'SQ']);
const NUMBERS = {
  US: (values: readonly number[]) => Uint16Array.from(values),
  UL: (values: readonly number[]) => Uint32Array.from(values),
  FD: (values: readonly number[]) => Float64Array.from(values),
  // A tag is a group and an element of two bytes each.
  AT: (values: readonly number[]) => Uint16Array.from(values.flatMap((tag) => [tag >>> 16, tag & 0xffff])),
} as const;
const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1';
const IMPLEMENTATION = '2.25.201719420398473920';
const ITEM = 0xfffee000;

/** A file of elements, explicit and little-endian. @param elements in any order @source DICOM PS3.10, 7.1 */
export function encodeDicom(sopClass: string, sopInstance: string, elements: DicomElements): Uint8Array {
  const meta = encoded([
    [0x00020001, 'OB', Uint8Array.of(0, 1)],
    [0x00020002, 'UI', sopClass],
    [0x00020003, 'UI', sopInstance],
    [0x00020010, 'UI', EXPLICIT_LITTLE_ENDIAN],
    [0x00020012, 'UI', IMPLEMENTATION],
  ]);
  const body = encoded([[0x00080016, 'UI', sopClass], [0x00080018, 'UI', sopInstance], ...elements]);
  const start = new Uint8Array(132);
  start.set([0x44, 0x49, 0x43, 0x4d], 128);
  return Buffer.concat([start, encoded([[0x00020000, 'UL', [meta.length]]]), meta, body]);
}

const encoded = (elements: DicomElements): Uint8Array =>
  Buffer.concat([...elements].sort(([a], [b]) => a - b).flatMap(([tag, kind, value]) => encode(tag, kind, value)));

function encode(tag: number, kind: Kind, value: DicomElement[2]): readonly Uint8Array[] {
  const body = bodyOf(kind, value);
  const isLong = LONG.has(kind);
  const head = new DataView(new ArrayBuffer(isLong ? 12 : 8));
  writeTag(head, tag);
  head.setUint8(4, kind.charCodeAt(0));
  head.setUint8(5, kind.charCodeAt(1));
  if (isLong) head.setUint32(8, body.length, true);
  else head.setUint16(6, body.length, true);
  return [new Uint8Array(head.buffer), body];
}

function bodyOf(kind: Kind, value: DicomElement[2]): Uint8Array {
  if (typeof value === 'string') {
    const bytes = new TextEncoder().encode(value);
    return bytes.length % 2 === 0 ? bytes : Buffer.concat([bytes, Uint8Array.of(kind === 'UI' ? 0 : 0x20)]);
  }
  if (value instanceof Uint8Array) return value.length % 2 === 0 ? value : Buffer.concat([value, Uint8Array.of(0)]);
  if (isItems(kind, value)) return Buffer.concat(value.flatMap(itemOf));
  const numbers = NUMBERS[kind as keyof typeof NUMBERS](value);
  return new Uint8Array(numbers.buffer);
}

const isItems = (kind: Kind, _value: unknown): _value is readonly DicomElements[] => kind === 'SQ';

function itemOf(elements: DicomElements): readonly Uint8Array[] {
  const body = encoded(elements);
  const head = new DataView(new ArrayBuffer(8));
  writeTag(head, ITEM);
  head.setUint32(4, body.length, true);
  return [new Uint8Array(head.buffer), body];
}

function writeTag(head: DataView, tag: number): void {
  head.setUint16(0, tag >>> 16, true);
  head.setUint16(2, tag & 0xffff, true);
}

/** A unique identifier of what a text names: the same for the same text. @source DICOM PS3.5, annex B.2 */
export const uidOf = (text: string): string =>
  `2.25.${BigInt(`0x${createHash('sha256').update(text).digest('hex').slice(0, 31)}`)}`;
