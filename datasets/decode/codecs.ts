import { createRequire } from 'node:module';
import type { PixelData } from '../sample.js';

/** Packings that a codec of WebAssembly unpacks. */
export type CodecKind = 'jpeg-2000' | 'jpeg-ls';

/** What the header of a packed image declares, before anything is allocated. */
export interface CodecHeader {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Bits of a sample, 1 to 16. */
  readonly bits: number;
  readonly isSigned: boolean;
}

export interface CodecImage extends CodecHeader {
  /** [height, width, channels]; in two's complement of `bits` bits where the header says signed. */
  readonly data: Uint8Array | Uint16Array;
}

/** The part of the codecs' interface that is used; they bring no types. */
interface CodecModule {
  readonly [name: string]: unknown;
}
interface CodecDecoder {
  getEncodedBuffer(length: number): Uint8Array;
  decode(): void;
  getDecodedBuffer(): Uint8Array;
  getFrameInfo(): {
    readonly width: number;
    readonly height: number;
    readonly bitsPerSample: number;
    readonly componentCount: number;
  };
  /** Of JPEG 2000: 3 and more are neither grey nor RGB. */
  getColorSpace?(): number;
  /** Of JPEG-LS: 0: components one after the other. */
  getInterleaveMode?(): number;
  delete(): void;
}
type Make = (options: { print(): void; printErr(): void }) => Promise<CodecModule>;

const require = createRequire(import.meta.url);

const CODECS = {
  'jpeg-2000': {
    load: () => require('@cornerstonejs/codec-openjpeg/decodewasmjs') as Make,
    decoder: 'J2KDecoder',
    header: jpeg2000Header,
  },
  'jpeg-ls': {
    load: () => require('@cornerstonejs/codec-charls/decodewasmjs') as Make,
    decoder: 'JpegLSDecoder',
    header: jpegLsHeader,
  },
} as const;

/** Of this thread. One that failed is not used again, as its memory may be in any state. */
const opened = new Map<CodecKind, Promise<CodecModule>>();

function open(kind: CodecKind): Promise<CodecModule> {
  const known = opened.get(kind);
  if (known !== undefined) return known;
  const made = CODECS[kind].load()({ print: () => {}, printErr: () => {} });
  opened.set(kind, made);
  return made;
}

/** @throws Error saying what is wrong, or which kind of the packing is not read */
export const codecHeader = (kind: CodecKind, bytes: Uint8Array): CodecHeader => CODECS[kind].header(bytes);

/**
 * Unpacks JPEG 2000 (HTJ2K and the boxes of a .jp2 included) or JPEG-LS.
 *
 * @throws Error for what is damaged, or of another size than its header says
 */
export async function decodePacked(kind: CodecKind, bytes: Uint8Array): Promise<CodecImage> {
  const header = codecHeader(kind, bytes);
  const { width, height, channels, bits } = header;
  const module = await open(kind);
  const create = module[CODECS[kind].decoder] as new () => CodecDecoder;
  let isDone = false;
  try {
    const decoder = new create();
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const found = decoder.getFrameInfo();
    // A view of the codec's memory, which the next image overwrites.
    const raw = decoder.getDecodedBuffer().slice();
    if ((decoder.getColorSpace?.() ?? 0) > 2) throw new Error('a JPEG 2000 whose colours are not RGB is not read');
    const isPlanar = decoder.getInterleaveMode?.() === 0 && channels > 1;
    decoder.delete();
    const count = width * height * channels;
    const isWhole = found.width === width && found.height === height && found.componentCount === channels;
    if (!isWhole || raw.length !== count * (bits > 8 ? 2 : 1)) throw new Error('it is damaged');
    isDone = true;
    const data = bits > 8 ? new Uint16Array(raw.buffer, raw.byteOffset, count) : new Uint8Array(raw.buffer);
    return { ...header, data: isPlanar ? woven(data, width * height) : data };
  } catch (error) {
    // The codecs throw addresses of C++ exceptions.
    throw error instanceof Error ? error : new Error('it is damaged');
  } finally {
    if (!isDone) opened.delete(kind);
  }
}

/** Planes of components as components of pixels. */
export function woven<T extends PixelData>(planes: T, pixels: number): T {
  const into = planes.slice() as T;
  const channels = planes.length / pixels;
  for (let c = 0, from = 0; c < channels; c++) {
    for (let i = 0; i < pixels; i++, from++) into[i * channels + c] = planes[from] as number;
  }
  return into;
}

/** Components of a pixel that are read. */
const MAX_CHANNELS = 4;
const MAX_BITS = 16;

function checked(name: string, header: CodecHeader): CodecHeader {
  const { width, height, channels, bits } = header;
  if (width < 1 || height < 1) throw new Error(`damaged ${name}: it declares ${width}x${height} pixels`);
  if (channels < 1 || channels > MAX_CHANNELS)
    throw new Error(`a ${name} of ${channels} components, of which 1 to ${MAX_CHANNELS} are read`);
  if (bits < 1 || bits > MAX_BITS)
    throw new Error(`a ${name} of ${bits} bits a sample, of which up to ${MAX_BITS} are read`);
  return header;
}

const bytesAt = (bytes: Uint8Array, at: number, count: number): DataView => {
  if (at + count > bytes.length) throw new Error('truncated image: it ends inside its header');
  return new DataView(bytes.buffer, bytes.byteOffset + at, count);
};

/** 'jP  ', after the length of its box. */
export const isJp2 = (bytes: Uint8Array): boolean =>
  bytes[4] === 0x6a && bytes[5] === 0x50 && bytes[6] === 0x20 && bytes[7] === 0x20;

const BOX_HEADER = 8;
const MAX_BOXES = 1000;

/** Where the code stream of a .jp2 begins; 0 of a bare one. @source ISO/IEC 15444-1, annex I */
function codeStream(bytes: Uint8Array): number {
  if (!isJp2(bytes)) return 0;
  for (let at = 0, boxes = 0; boxes < MAX_BOXES; boxes++) {
    const box = bytesAt(bytes, at, BOX_HEADER);
    const [length, type] = [box.getUint32(0), String.fromCharCode(...bytes.subarray(at + 4, at + BOX_HEADER))];
    const head = length === 1 ? 2 * BOX_HEADER : BOX_HEADER;
    if (type === 'jp2c') return at + head;
    const whole = length === 1 ? Number(bytesAt(bytes, at + BOX_HEADER, 8).getBigUint64(0)) : length;
    if (whole < head) break;
    at += whole;
  }
  throw new Error('damaged JPEG 2000: it has no code stream');
}

/** The markers SOC and SIZ. */
const START_AND_SIZE = 0xff4fff51;
/** Of both, before the components. */
const SIZE_BYTES = 42;

/** @source ISO/IEC 15444-1, annex A.5.1 */
function jpeg2000Header(bytes: Uint8Array): CodecHeader {
  const at = codeStream(bytes);
  const size = bytesAt(bytes, at, SIZE_BYTES);
  if (size.getUint32(0) !== START_AND_SIZE) throw new Error('damaged JPEG 2000: it does not begin with its size');
  const side = (place: number): number => size.getUint32(place) - size.getUint32(place + 8);
  const channels = size.getUint16(SIZE_BYTES - 2);
  const parts = bytesAt(bytes, at + SIZE_BYTES, 3 * Math.min(channels, MAX_CHANNELS));
  const first = channels > 0 ? parts.getUint8(0) : 0;
  const bits = (first & 0x7f) + 1;
  const header = checked('JPEG 2000', { width: side(8), height: side(12), channels, bits, isSigned: first > 0x7f });
  for (let at = 0; at < 3 * channels; at += 3) {
    if (parts.getUint8(at) !== first) throw new Error('a JPEG 2000 whose components differ in their bits is not read');
    if (parts.getUint16(at + 1) !== 0x0101) throw new Error('a JPEG 2000 with subsampled colours is not read');
  }
  return header;
}

/** @source ITU-T T.87, annex C: SOF55 as in JPEG */
function jpegLsHeader(bytes: Uint8Array): CodecHeader {
  for (let at = 2; bytes[at] === 0xff; ) {
    const segment = bytesAt(bytes, at, 4);
    if (segment.getUint8(1) === 0xf7) {
      const frame = bytesAt(bytes, at + 4, 6);
      const [bits, height, width] = [frame.getUint8(0), frame.getUint16(1), frame.getUint16(3)];
      return checked('JPEG-LS', { width, height, channels: frame.getUint8(5), bits, isSigned: false });
    }
    at += 2 + segment.getUint16(2);
  }
  throw new Error('damaged JPEG-LS: it has no frame');
}
