import { deflateRawSync } from 'node:zlib';

/** A DICOM file of one frame in little-endian explicit form; for tests. */
export interface DrawnDicom {
  readonly columns: number;
  readonly rows: number;
  readonly pixels: Uint8Array;
  readonly bits: 8 | 16;
  readonly photometric?: string;
  readonly planar?: boolean;
  readonly slope?: number;
  readonly intercept?: number;
  readonly position?: readonly [number, number, number];
  readonly palette?: readonly (readonly number[])[];
  readonly deflated?: boolean;
  readonly syntax?: string;
  readonly patient?: string;
  readonly signed?: boolean;
  /** Bits that are used. Defaults to all. */
  readonly stored?: number;
  /** Place of the highest used one. Defaults to the highest of all. */
  readonly high?: number;
}

const LONG = new Set(['OB', 'OW', 'SQ', 'UN', 'UT']);

function element(group: number, number: number, vr: string, value: Uint8Array | string): Uint8Array {
  const text = typeof value === 'string' ? new TextEncoder().encode(value) : value;
  const body =
    text.length % 2 === 0
      ? text
      : Buffer.concat([text, Uint8Array.of(typeof value === 'string' && vr !== 'UI' ? 32 : 0)]);
  const head = new DataView(new ArrayBuffer(LONG.has(vr) ? 12 : 8));
  head.setUint16(0, group, true);
  head.setUint16(2, number, true);
  head.setUint8(4, vr.charCodeAt(0));
  head.setUint8(5, vr.charCodeAt(1));
  if (LONG.has(vr)) head.setUint32(8, body.length, true);
  else head.setUint16(6, body.length, true);
  return Buffer.concat([new Uint8Array(head.buffer), body]);
}

const short = (...values: readonly number[]): Uint8Array => new Uint8Array(Uint16Array.from(values).buffer);

export function drawDicom(drawn: DrawnDicom): Uint8Array {
  const {
    columns,
    rows,
    pixels,
    bits,
    photometric = 'MONOCHROME2',
    planar = false,
    slope,
    intercept,
    position,
    palette,
    deflated = false,
    patient = 'DOE^JANE',
    signed = false,
  } = drawn;
  const syntax = drawn.syntax ?? (deflated ? '1.2.840.10008.1.2.1.99' : '1.2.840.10008.1.2.1');
  const meta = element(2, 0x10, 'UI', syntax);
  const body = [
    element(8, 0x60, 'CS', 'CT'),
    element(0x10, 0x10, 'PN', patient),
    element(0x10, 0x20, 'LO', 'ID-4711'),
    element(0x20, 0x0e, 'UI', '1.2.3'),
    ...(position
      ? [element(0x20, 0x32, 'DS', position.join('\\')), element(0x20, 0x37, 'DS', '1\\0\\0\\0\\1\\0')]
      : []),
    element(0x28, 2, 'US', short(photometric === 'RGB' ? 3 : 1)),
    element(0x28, 4, 'CS', photometric),
    ...(photometric === 'RGB' ? [element(0x28, 6, 'US', short(planar ? 1 : 0))] : []),
    element(0x28, 0x10, 'US', short(rows)),
    element(0x28, 0x11, 'US', short(columns)),
    element(0x28, 0x30, 'DS', '0.5\\0.5'),
    element(0x28, 0x100, 'US', short(bits)),
    element(0x28, 0x101, 'US', short(drawn.stored ?? bits)),
    element(0x28, 0x102, 'US', short(drawn.high ?? bits - 1)),
    element(0x28, 0x103, 'US', short(signed ? 1 : 0)),
    ...(intercept === undefined ? [] : [element(0x28, 0x1052, 'DS', String(intercept))]),
    ...(slope === undefined ? [] : [element(0x28, 0x1053, 'DS', String(slope))]),
    ...(palette ?? []).map((values, i) => element(0x28, 0x1101 + i, 'US', short(values.length, 0, 16))),
    ...(palette ?? []).map((values, i) => element(0x28, 0x1201 + i, 'OW', short(...values))),
    element(0x7fe0, 0x10, bits === 8 ? 'OB' : 'OW', pixels),
  ];
  const rest = Buffer.concat(body);
  const length = element(2, 0, 'UL', new Uint8Array(Uint32Array.of(meta.length).buffer));
  return Buffer.concat([
    new Uint8Array(128),
    new TextEncoder().encode('DICM'),
    length,
    meta,
    deflated ? deflateRawSync(rest) : rest,
  ]);
}
