import { createRequire } from 'node:module';
import type { DataSet, Element } from 'dicom-parser';
import { valueAt } from '../../engine/checked.js';
import { messageOf } from '../../engine/errors.js';
import { type CodecKind, codecHeader, decodePacked, woven } from '../decode/codecs.js';
import { decodeImage } from '../decode/decodeImage.js';
import type { PixelData } from '../sample.js';
import { unpackRle } from './dicomRle.js';
import { createValues, readValues, requireShape, type StoredType } from './volume.js';

type Packing = 'none' | 'rle' | 'jpeg' | 'jpeg-lossless' | CodecKind;
/** Transfer syntaxes that are read, and how their pixels are packed. @source DICOM PS3.5, PS3.6 annex A */
const SYNTAXES: { readonly [uid: string]: Packing } = {
  '1.2.840.10008.1.2': 'none',
  '1.2.840.10008.1.2.1': 'none',
  '1.2.840.10008.1.2.1.99': 'none',
  '1.2.840.10008.1.2.2': 'none',
  '1.2.840.10008.1.2.5': 'rle',
  '1.2.840.10008.1.2.4.50': 'jpeg',
  '1.2.840.10008.1.2.4.51': 'jpeg',
  '1.2.840.10008.1.2.4.57': 'jpeg-lossless',
  '1.2.840.10008.1.2.4.70': 'jpeg-lossless',
  '1.2.840.10008.1.2.4.80': 'jpeg-ls',
  '1.2.840.10008.1.2.4.81': 'jpeg-ls',
  '1.2.840.10008.1.2.4.90': 'jpeg-2000',
  '1.2.840.10008.1.2.4.91': 'jpeg-2000',
  '1.2.840.10008.1.2.4.201': 'jpeg-2000',
  '1.2.840.10008.1.2.4.202': 'jpeg-2000',
  '1.2.840.10008.1.2.4.203': 'jpeg-2000',
};
/** Those that are refused, by name. */
const OTHERS: { readonly [uid: string]: string } = {
  '1.2.840.10008.1.2.4.92': 'JPEG 2000 part 2 lossless',
  '1.2.840.10008.1.2.4.93': 'JPEG 2000 part 2',
  '1.2.840.10008.1.2.4.94': 'JPIP, a reference to pixels elsewhere',
  '1.2.840.10008.1.2.4.100': 'MPEG-2',
  '1.2.840.10008.1.2.4.102': 'MPEG-4',
  '1.2.840.10008.1.2.4.103': 'MPEG-4',
  '1.2.840.10008.1.2.4.107': 'HEVC',
  '1.2.840.10008.1.2.4.110': 'JPEG XL lossless',
  '1.2.840.10008.1.2.4.112': 'JPEG XL',
};
const BIG_ENDIAN = '1.2.840.10008.1.2.2';
/** What a file says of its pixels. */
export interface Layout {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** As stored: 1, or 3 of colours. */
  readonly samples: number;
  readonly allocated: number;
  readonly stored: number;
  /** True: the stored bits are the lowest ones, and those above may be of something else, as an overlay. */
  readonly isLow: boolean;
  readonly isSigned: boolean;
  readonly isPlanar: boolean;
  readonly photometric: string;
  readonly packing: Packing;
  readonly little: boolean;
}

/** @throws Error where pixels cannot be as they are said to be, or are packed in a way that is not read */
export function layoutOf(data: DataSet): Layout {
  const syntax = data.string('x00020010') ?? '1.2.840.10008.1.2';
  const packing = SYNTAXES[syntax];
  if (packing === undefined) {
    throw new Error(
      `its pixels are packed as ${OTHERS[syntax] ?? 'an unknown way'} (transfer syntax ${syntax.slice(0, 64)}), which is not read: unpack it, with gdcmconv --raw`,
    );
  }
  const number = (tag: string): number => data.uint16(tag) ?? 0;
  const allocated = number('x00280100');
  const frames = Number(data.string('x00280008') ?? 1);
  const stored = data.uint16('x00280101') ?? allocated;
  const layout = {
    width: number('x00280011'),
    height: number('x00280010'),
    frames: Number.isInteger(frames) && frames > 0 ? frames : 1,
    samples: data.uint16('x00280002') ?? 1,
    allocated,
    stored,
    isLow: number('x00280102') === stored - 1,
    isSigned: number('x00280103') === 1,
    isPlanar: number('x00280006') === 1,
    photometric: (data.string('x00280004') ?? 'MONOCHROME2').trim(),
    packing,
    little: syntax !== BIG_ENDIAN,
  };
  if (![1, 8, 16, 32].includes(allocated))
    throw new Error(`${allocated} bits a sample, of which 1, 8, 16 and 32 are read`);
  if (![1, 3].includes(layout.samples)) throw new Error(`${layout.samples} samples a pixel, of which 1 and 3 are read`);
  if (layout.stored < 1 || layout.stored > allocated)
    throw new Error(`${layout.stored} bits are used of ${allocated}, which cannot be`);
  requireShape({ width: layout.width, height: layout.height, depth: layout.frames, channels: layout.samples });
  return layout;
}

/** [frames, height, width, samples], of a palette its indices. */
export async function samplesOf(data: DataSet, element: Element, layout: Layout): Promise<PixelData> {
  const values = await storedSamples(data, element, layout);
  const { packing, stored, allocated, isLow, isSigned } = layout;
  if (isLow && stored < allocated && (packing === 'none' || packing === 'rle')) keepLowest(values, stored, isSigned);
  return values;
}

/** Takes out what lies above the stored bits. @source DICOM PS3.5, 8.1.1: bits outside of them may hold anything */
function keepLowest(values: PixelData, stored: number, isSigned: boolean): void {
  const shift = 32 - stored;
  for (let i = 0; i < values.length; i++) {
    const moved = (values[i] as number) << shift;
    values[i] = isSigned ? moved >> shift : moved >>> shift;
  }
}

async function storedSamples(data: DataSet, element: Element, layout: Layout): Promise<PixelData> {
  const { width, height, frames, samples, allocated, isSigned, packing, little } = layout;
  const shape = { width, height, depth: frames, channels: samples };
  const type = typeOfSamples(allocated, isSigned);
  const values = { type, little, slope: 1, intercept: 0, planar: false };
  const perFrame = width * height * samples;
  if (packing === 'none') {
    const raw = new Uint8Array(data.byteArray.buffer, data.byteArray.byteOffset + element.dataOffset, element.length);
    if (allocated === 1) return unpackBits(raw, perFrame * frames);
    const read = readValues(raw, shape, values);
    return layout.isPlanar && samples > 1 ? wovenFrames(read, perFrame, samples) : read;
  }
  if (!element.encapsulatedPixelData)
    throw new Error('its pixels are not packed as its transfer syntax says: the file is damaged');
  const packed = framesOf(data, element, frames);
  let all: PixelData | null = null;
  for (const [frame, bytes] of packed.entries()) {
    const unpacked = await unpackFrame(bytes, layout, values);
    all ??= createValues(type, perFrame * frames); // once a frame was whole
    all.set(unpacked, frame * perFrame);
  }
  return all ?? createValues(type, 0);
}

const typeOfSamples = (allocated: number, isSigned: boolean): StoredType =>
  allocated === 32
    ? isSigned
      ? 'int32'
      : 'uint32'
    : allocated === 16
      ? isSigned
        ? 'int16'
        : 'uint16'
      : isSigned
        ? 'int8'
        : 'uint8';

async function unpackFrame(
  bytes: Uint8Array,
  layout: Layout,
  values: Parameters<typeof readValues>[2],
): Promise<PixelData> {
  const { width, height, samples, allocated, packing } = layout;
  const shape = { width, height, depth: 1, channels: samples };
  if (packing === 'rle')
    return readValues(unpackRle(bytes, width * height, samples, allocated / 8), shape, { ...values, little: false });
  if (packing === 'jpeg-2000' || packing === 'jpeg-ls') return unpackCodec(bytes, layout, packing);
  const { precision } = requireFrame(bytes, width, height);
  if (packing === 'jpeg') {
    if (precision !== 8)
      throw new Error(`a JPEG with loss of ${precision} bits a sample, which is not read: unpack it, with dcmdjpeg`);
    const { data } = await decodeImage(bytes, { maxPixels: width * height });
    if (data.length !== width * height * 3) throw new Error('its JPEG is of another size than the file says');
    return samples === 3 ? data : data.filter((_, i) => i % 3 === 0);
  }
  if (bytes.length * 8 < width * height * samples)
    // a sample takes a bit at least
    throw new Error(`truncated: ${bytes.length} bytes for ${width}x${height}x${samples} samples`);
  const { Decoder } = losslessDecoder();
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  let raw: ArrayBufferLike;
  try {
    const decoded = new Decoder().decode(buffer, 0, buffer.byteLength, allocated / 8);
    raw = decoded instanceof ArrayBuffer ? decoded : decoded.buffer;
  } catch (error) {
    throw new Error(`its JPEG cannot be unpacked (${messageOf(error).slice(0, 80)})`);
  }
  return readValues(new Uint8Array(raw), shape, { ...values, little: true });
}

/** Unpacks JPEG 2000 and JPEG-LS; the file says whether values have a sign, whatever their stream says, as in pydicom. */
async function unpackCodec(
  bytes: Uint8Array,
  { width, height, samples, isSigned, allocated }: Layout,
  packing: CodecKind,
): Promise<PixelData> {
  const header = codecHeader(packing, bytes);
  if (header.width !== width || header.height !== height || header.channels !== samples) {
    const found = `${header.width}x${header.height}x${header.channels}`;
    throw new Error(`its image is ${found}, the file says ${width}x${height}x${samples}`);
  }
  if (header.bits > allocated)
    throw new Error(`its image has ${header.bits} bits a sample, the file says ${allocated}`);
  const { data, bits } = await decodePacked(packing, bytes);
  if (!isSigned) return data;
  const shift = 32 - bits;
  return Int16Array.from(data, (value) => (value << shift) >> shift);
}

/** The part of jpeg-lossless-decoder-js that is used; the package's own types are not found by its name. */
interface LosslessModule {
  readonly Decoder: new () => {
    /** @param bytes of a sample */
    decode(buffer: ArrayBuffer, offset: number, length: number, bytes: number): ArrayBuffer | ArrayBufferView;
  };
}

const require = createRequire(import.meta.url);
/** Loaded where the first such file is met. */
const losslessDecoder = (): LosslessModule => require('jpeg-lossless-decoder-js') as LosslessModule;

/** The size that a JPEG declares is that of the file, before memory is taken for it. */
function requireFrame(bytes: Uint8Array, width: number, height: number): { readonly precision: number } {
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1] as number;
    const length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xcc) {
      const [rows, columns] = [5, 7].map((i) => ((bytes[at + i] as number) << 8) | (bytes[at + i + 1] as number));
      if (rows === height && columns === width) return { precision: bytes[at + 4] as number };
      throw new Error(`its JPEG is ${columns}x${rows}, the file says ${width}x${height}`);
    }
    at += 2 + length;
  }
  throw new Error('its JPEG has no frame: the file is damaged');
}

/** The packed bytes of every frame. @throws Error where there are fewer */
function framesOf(data: DataSet, element: Element, frames: number): readonly Uint8Array[] {
  const fragments = element.fragments ?? [];
  const table = element.basicOffsetTable ?? [];
  const read = (first: number, end: number): Uint8Array => {
    const parts = fragments
      .slice(first, end)
      .map(({ position, length }) => data.byteArray.subarray(position, position + length));
    return parts.length === 1 ? valueAt(parts, 0) : Buffer.concat(parts);
  };
  if (frames === 1) return [read(0, fragments.length)];
  if (fragments.length === frames) return fragments.map((_, i) => read(i, i + 1));
  const places = new Map(fragments.map(({ offset }, i) => [offset, i]));
  const starts = table.flatMap((offset) => places.get(offset) ?? []);
  if (table.length !== frames || starts.length !== frames) {
    throw new Error(
      `${fragments.length} pieces for ${frames} frames, and no table says which belong together: unpack it, with gdcmconv --raw`,
    );
  }
  return starts.map((start, i) => read(start, starts[i + 1] ?? fragments.length));
}

/** One bit a pixel, the lowest first. */
function unpackBits(bytes: Uint8Array, count: number): Uint8Array {
  if (bytes.length * 8 < count)
    throw new Error(`truncated: ${bytes.length} bytes of values, ${Math.ceil(count / 8)} are declared`);
  const values = new Uint8Array(count);
  for (let i = 0; i < count; i++) values[i] = ((bytes[i >> 3] as number) >> (i & 7)) & 1;
  return values;
}

/** Planes of colours, frame by frame, as colours of pixels. */
function wovenFrames(values: PixelData, perFrame: number, samples: number): PixelData {
  for (let at = 0; at < values.length; at += perFrame)
    values.set(woven(values.subarray(at, at + perFrame), perFrame / samples), at);
  return values;
}
