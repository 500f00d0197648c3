import { createRequire } from 'node:module';
import { inflateRawSync } from 'node:zlib';
import dicomParser, { type DataSet, type Element } from 'dicom-parser';
import { decodeImage } from '../decode/decodeImage.js';
import type { PixelData } from '../sample.js';
import { unpackRle } from './dicomRle.js';
import { keptType, MAX_VALUES, readValues, requireShape, type StoredType, type Volume } from './volume.js';

/** Transfer syntaxes that are read, and how their pixels are packed. @source DICOM PS3.5, PS3.6 annex A */
const SYNTAXES: { readonly [uid: string]: Packing } = {
  '1.2.840.10008.1.2': 'none',
  '1.2.840.10008.1.2.1': 'none',
  '1.2.840.10008.1.2.1.99': 'none',
  '1.2.840.10008.1.2.2': 'none',
  '1.2.840.10008.1.2.5': 'rle',
  '1.2.840.10008.1.2.4.50': 'jpeg',
  '1.2.840.10008.1.2.4.57': 'jpeg-lossless',
  '1.2.840.10008.1.2.4.70': 'jpeg-lossless',
};
type Packing = 'none' | 'rle' | 'jpeg' | 'jpeg-lossless';
/** Those that are refused, by name. */
const OTHERS: { readonly [uid: string]: string } = {
  '1.2.840.10008.1.2.4.51': 'JPEG extended (12 bits)',
  '1.2.840.10008.1.2.4.80': 'JPEG-LS lossless',
  '1.2.840.10008.1.2.4.81': 'JPEG-LS near-lossless',
  '1.2.840.10008.1.2.4.90': 'JPEG 2000 lossless',
  '1.2.840.10008.1.2.4.91': 'JPEG 2000',
  '1.2.840.10008.1.2.4.201': 'HTJ2K lossless',
  '1.2.840.10008.1.2.4.202': 'HTJ2K lossless RPCL',
  '1.2.840.10008.1.2.4.203': 'HTJ2K',
};
const BIG_ENDIAN = '1.2.840.10008.1.2.2';
/** Bytes that a deflated file may unpack to. */
const MAX_INFLATED = 2 ** 30;

/** A DICOM file, with what puts it in its place of a series. */
export interface DicomImage extends Volume {
  /** Names the series; no word about the patient. */
  readonly series: string;
  /** Position along the normal of the slices, millimetres; null: not known. */
  readonly position: number | null;
  readonly instance: number;
  /** Two letters, such as CT or MR. */
  readonly modality: string;
}

export const isDicom = (bytes: Uint8Array): boolean =>
  bytes[128] === 0x44 && bytes[129] === 0x49 && bytes[130] === 0x43 && bytes[131] === 0x4d;

/** The data set without reading pixels. Tags that name a patient are not looked at. */
function parse(bytes: Uint8Array): DataSet {
  try {
    return dicomParser.parseDicom(bytes, {
      inflater: (packed: Uint8Array, position: number) => {
        const rest = inflateRawSync(packed.subarray(position), { maxOutputLength: MAX_INFLATED });
        const whole = new Uint8Array(position + rest.length);
        whole.set(packed.subarray(0, position));
        whole.set(rest, position);
        return whole;
      },
    });
  } catch (error) {
    const problem = typeof error === 'string' ? error : error instanceof Error ? error.message : 'it is damaged';
    throw new Error(`cannot be parsed (${problem.replace(/^dicomParser\.\S*\s?/, '').slice(0, 120)})`);
  }
}

interface Layout {
  readonly width: number;
  readonly height: number;
  readonly frames: number;
  /** As stored: 1, or 3 of colours. */
  readonly samples: number;
  readonly allocated: number;
  readonly stored: number;
  readonly isSigned: boolean;
  readonly isPlanar: boolean;
  readonly photometric: string;
  readonly little: boolean;
}

/** What a file says of its pixels. @throws Error where it has none, or such as cannot be */
function layoutOf(data: DataSet, syntax: string): Layout {
  const number = (tag: string): number => data.uint16(tag) ?? 0;
  const allocated = number('x00280100');
  const frames = Number(data.string('x00280008') ?? 1);
  const layout = {
    width: number('x00280011'),
    height: number('x00280010'),
    frames: Number.isInteger(frames) && frames > 0 ? frames : 1,
    samples: data.uint16('x00280002') ?? 1,
    allocated,
    stored: data.uint16('x00280101') ?? allocated,
    isSigned: number('x00280103') === 1,
    isPlanar: number('x00280006') === 1,
    photometric: (data.string('x00280004') ?? 'MONOCHROME2').trim(),
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

/**
 * Reads a DICOM file of one or more frames: values after the modality's rescale, MONOCHROME1 turned so that more is brighter,
 * palettes and YBR as RGB.
 *
 * @throws Error that names the transfer syntax and the remedy where pixels are packed in a way that is not read
 * @source DICOM PS3.3 C.7.6.3 (pixels), C.11.1 (rescale), C.7.6.2 (plane)
 */
export async function readDicom(bytes: Uint8Array): Promise<DicomImage> {
  const data = parse(bytes);
  const syntax = data.string('x00020010') ?? '1.2.840.10008.1.2';
  const element = data.elements.x7fe00010;
  if (element === undefined) {
    const isFloat = data.elements.x7fe00008 ?? data.elements.x7fe00009;
    throw new Error(isFloat ? 'its pixels are floats, which are not read: save it as NIfTI' : 'it holds no pixels');
  }
  const layout = layoutOf(data, syntax);
  const packing = SYNTAXES[syntax];
  if (packing === undefined) {
    throw new Error(
      `its pixels are packed as ${OTHERS[syntax] ?? 'an unknown way'} (transfer syntax ${syntax.slice(0, 64)}), which is not read: unpack it, with dcmdjpeg, dcmdjpls or gdcmconv --raw`,
    );
  }
  const stored = await samplesOf(data, element, layout, packing);
  const { width, height, frames } = layout;
  const { values, channels } = coloured(data, stored, layout);
  const shape = { width, height, depth: frames, channels };
  return { data: rescaled(data, values, layout, channels), ...shape, ...placeOf(data), ...namesOf(data) };
}

/** [frames, height, width, samples], of a palette its indices. */
async function samplesOf(data: DataSet, element: Element, layout: Layout, packing: Packing): Promise<PixelData> {
  const { width, height, frames, samples, allocated, isSigned, little } = layout;
  const shape = { width, height, depth: frames, channels: samples };
  const type = typeOfSamples(allocated, isSigned);
  const values = { type, little, slope: 1, intercept: 0, planar: false };
  const perFrame = width * height * samples;
  if (packing === 'none') {
    const raw = new Uint8Array(data.byteArray.buffer, data.byteArray.byteOffset + element.dataOffset, element.length);
    if (allocated === 1) return unpackBits(raw, perFrame * frames);
    const read = readValues(raw, shape, values);
    return layout.isPlanar && samples > 1 ? woven(read, perFrame, samples) : read;
  }
  if (!element.encapsulatedPixelData)
    throw new Error('its pixels are not packed as its transfer syntax says: the file is damaged');
  const packed = framesOf(data, element, frames);
  const all = readTypeArray(type, perFrame * frames);
  for (let frame = 0; frame < frames; frame++) {
    const bytes = packed[frame] as Uint8Array;
    all.set(await unpackFrame(bytes, layout, packing, values), frame * perFrame);
  }
  return all;
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

function readTypeArray(type: StoredType, count: number): PixelData {
  const kept = keptType(type);
  if (kept === 'uint8') return new Uint8Array(count);
  return kept === 'uint16'
    ? new Uint16Array(count)
    : kept === 'int16'
      ? new Int16Array(count)
      : new Float32Array(count);
}

async function unpackFrame(
  bytes: Uint8Array,
  layout: Layout,
  packing: Packing,
  values: Parameters<typeof readValues>[2],
): Promise<PixelData> {
  const { width, height, samples, allocated } = layout;
  const shape = { width, height, depth: 1, channels: samples };
  if (packing === 'rle')
    return readValues(unpackRle(bytes, width * height, samples, allocated / 8), shape, { ...values, little: false });
  if (packing === 'jpeg') {
    if (allocated !== 8) throw new Error(`a JPEG of ${allocated} bits is not read: unpack it, with dcmdjpeg`);
    const { data } = await decodeImage(bytes, { maxPixels: width * height });
    if (data.length !== width * height * 3) throw new Error('its JPEG is of another size than the file says');
    return samples === 3 ? data : data.filter((_, i) => i % 3 === 0);
  }
  const { Decoder } = losslessDecoder();
  const buffer = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  requireFrame(bytes, width, height);
  let raw: ArrayBufferLike;
  try {
    const decoded = new Decoder().decode(buffer, 0, buffer.byteLength, allocated / 8);
    raw = decoded instanceof ArrayBuffer ? decoded : decoded.buffer;
  } catch (error) {
    throw new Error(
      `its JPEG cannot be unpacked (${String(error instanceof Error ? error.message : error).slice(0, 80)})`,
    );
  }
  return readValues(new Uint8Array(raw), shape, { ...values, little: true });
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

/** The size that a lossless JPEG declares is that of the file, before memory is taken for it. */
function requireFrame(bytes: Uint8Array, width: number, height: number): void {
  for (let at = 2; at + 9 < bytes.length && bytes[at] === 0xff; ) {
    const marker = bytes[at + 1] as number;
    const length = ((bytes[at + 2] as number) << 8) | (bytes[at + 3] as number);
    if (marker >= 0xc0 && marker <= 0xcf && marker !== 0xc4 && marker !== 0xcc) {
      const [rows, columns] = [5, 7].map((i) => ((bytes[at + i] as number) << 8) | (bytes[at + i + 1] as number));
      if (rows === height && columns === width) return;
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
    return parts.length === 1 ? (parts[0] as Uint8Array) : Buffer.concat(parts);
  };
  if (frames === 1) return [read(0, fragments.length)];
  if (fragments.length === frames) return fragments.map((_, i) => read(i, i + 1));
  const starts = table.map((offset) => fragments.findIndex((fragment) => fragment.offset === offset));
  if (starts.length !== frames || starts.includes(-1)) {
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
  return Uint8Array.from({ length: count }, (_, i) => ((bytes[i >> 3] as number) >> (i & 7)) & 1);
}

/** Planes of colours, frame by frame, as colours of pixels. */
function woven(values: PixelData, perFrame: number, samples: number): PixelData {
  const into = values.slice() as PixelData;
  const pixels = perFrame / samples;
  for (let i = 0; i < values.length; i++) {
    const [frame, inside] = [Math.floor(i / perFrame), i % perFrame];
    into[frame * perFrame + (inside % pixels) * samples + Math.floor(inside / pixels)] = values[i] as number;
  }
  return into;
}

/** Palettes and YBR as RGB, what is brightest at 0 turned. */
function coloured(
  data: DataSet,
  values: PixelData,
  layout: Layout,
): { readonly values: PixelData; readonly channels: number } {
  const { photometric, samples, stored, isSigned } = layout;
  const isPacked = data.elements.x7fe00010?.encapsulatedPixelData === true;
  if (photometric === 'PALETTE COLOR') return { values: paletteOf(data, values), channels: 3 };
  // JPEG's colours were turned where it was decoded.
  if (
    photometric.startsWith('YBR_FULL') &&
    samples === 3 &&
    !(isPacked && SYNTAXES[data.string('x00020010') ?? ''] === 'jpeg')
  ) {
    if (photometric === 'YBR_FULL_422')
      throw new Error('its colours are subsampled (YBR_FULL_422), which is not read: save it as RGB');
    return { values: fromYbr(values), channels: 3 };
  }
  if (photometric === 'MONOCHROME1') {
    const top = isSigned ? -1 : 2 ** stored - 1;
    for (let i = 0; i < values.length; i++) values[i] = top - (values[i] as number);
  }
  return { values, channels: samples };
}

/** @source DICOM PS3.3 C.7.6.3.1.2 */
function fromYbr(values: PixelData): PixelData {
  const into = new Uint8Array(values.length);
  const byte = (value: number): number => Math.min(255, Math.max(0, Math.round(value)));
  for (let i = 0; i + 2 < values.length; i += 3) {
    const [y, b, r] = [values[i] as number, (values[i + 1] as number) - 128, (values[i + 2] as number) - 128];
    into[i] = byte(y + 1.402 * r);
    into[i + 1] = byte(y - 0.344136 * b - 0.714136 * r);
    into[i + 2] = byte(y + 1.772 * b);
  }
  return into;
}

/** @source DICOM PS3.3 C.7.6.3.1.5 and .6 */
function paletteOf(data: DataSet, values: PixelData): PixelData {
  const tables = ['x00281201', 'x00281202', 'x00281203'].map((tag, i) => {
    const described = `x0028110${i + 1}`;
    const [count = 0, first = 0, bits = 16] = [0, 1, 2].map((at) => data.uint16(described, at));
    const element = data.elements[tag];
    const entries = count === 0 ? 65_536 : count;
    if (element === undefined || element.length < (bits === 8 ? entries : 2 * entries))
      throw new Error('its palette is not whole');
    const at = (index: number): number =>
      bits === 8 && element.length < 2 * entries
        ? (data.byteArray[element.dataOffset + index] as number)
        : (data.uint16(tag, index) ?? 0);
    return { first, entries, at };
  });
  const into = new Uint16Array(values.length * 3);
  for (let i = 0; i < values.length; i++) {
    for (let c = 0; c < 3; c++) {
      const { first, entries, at } = tables[c] as (typeof tables)[number];
      into[i * 3 + c] = at(Math.min(entries - 1, Math.max(0, (values[i] as number) - first)));
    }
  }
  return into;
}

/** Values of the modality, such as Hounsfield units. Whole numbers stay whole where they can. */
function rescaled(data: DataSet, values: PixelData, { isSigned, stored }: Layout, channels: number): PixelData {
  const [slope, intercept] = ['x00281053', 'x00281052'].map((tag) => Number(data.string(tag) ?? Number.NaN));
  const isGiven = channels === 1 && Number.isFinite(slope) && Number.isFinite(intercept) && slope !== 0;
  if (!isGiven || (slope === 1 && intercept === 0)) return values;
  const [a, b] = [slope as number, intercept as number];
  const [least, most] = isSigned ? [-(2 ** (stored - 1)), 2 ** (stored - 1) - 1] : [0, 2 ** stored - 1];
  const ends = [least * a + b, most * a + b];
  const isWhole = Number.isInteger(a) && Number.isInteger(b) && ends.every((end) => end >= -32_768 && end <= 32_767);
  const into = isWhole ? new Int16Array(values.length) : new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) into[i] = (values[i] as number) * a + b;
  return into;
}

function numbersOf(data: DataSet | undefined, tag: string): readonly number[] {
  const text = data?.string(tag);
  const found = (text ?? '').split('\\').map(Number);
  return text !== undefined && found.every(Number.isFinite) ? found : [];
}

/** The first item of a sequence, for files of many frames. */
const itemOf = (data: DataSet | undefined, tag: string): DataSet | undefined =>
  data?.elements[tag]?.items?.[0]?.dataSet;

function placeOf(data: DataSet): Pick<DicomImage, 'spacing' | 'affine' | 'position'> {
  const shared = itemOf(data, 'x52009229');
  const frame = itemOf(data, 'x52009230');
  const pick = (sequence: string, tag: string): readonly number[] => {
    const ways = [
      numbersOf(data, tag),
      numbersOf(itemOf(shared, sequence), tag),
      numbersOf(itemOf(frame, sequence), tag),
    ];
    return ways.find(({ length }) => length > 0) ?? [];
  };
  const positive = (value: number | undefined): number => (value !== undefined && value > 0 ? value : 1);
  const [rows, columns] = pick('x00289110', 'x00280030');
  const [between = pick('x00289110', 'x00180050')[0]] = pick('x00289110', 'x00180088');
  const spacing = [positive(columns), positive(rows), positive(Math.abs(between ?? 1))] as const;
  const cosines = pick('x00209116', 'x00200037');
  const at = pick('x00209113', 'x00200032');
  if (cosines.length !== 6 || at.length !== 3) return { spacing, affine: null, position: null };
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = cosines;
  const normal = [b * f - c * e, c * d - a * f, a * e - b * d];
  // DICOM's axes run to the left and to the back.
  const affine = [0, 1, 2].flatMap((row) => {
    const sign = row < 2 ? -1 : 1;
    const [across, down] = [cosines[row] as number, cosines[3 + row] as number];
    return [across * spacing[0], down * spacing[1], (normal[row] as number) * spacing[2], at[row] as number].map(
      (value) => sign * value,
    );
  });
  const position = normal.reduce((sum, value, i) => sum + value * (at[i] as number), 0);
  return { spacing, affine, position };
}

function namesOf(data: DataSet): Pick<DicomImage, 'series' | 'instance' | 'modality'> {
  return {
    series: (data.string('x0020000e') ?? '').slice(0, 64),
    instance: Number(data.string('x00200013') ?? 0) || 0,
    modality: (data.string('x00080060') ?? '').slice(0, 16),
  };
}

/**
 * The slices of a series as one volume, sorted by where they lie in the patient.
 *
 * @throws Error where slices are of different sizes or places
 */
export function joinSeries(images: readonly DicomImage[]): DicomImage {
  const isPlaced = images.every(({ position }) => position !== null);
  const sorted = [...images].sort(
    (a, b) => (isPlaced ? (a.position ?? 0) - (b.position ?? 0) : 0) || a.instance - b.instance,
  );
  const [first] = sorted;
  if (first === undefined) throw new Error('it holds no image');
  if (sorted.length === 1) return first;
  const { width, height, channels } = first;
  const odd = sorted.find(
    (one) => one.width !== width || one.height !== height || one.channels !== channels || one.depth !== 1,
  );
  if (odd)
    throw new Error(
      `slices of ${width}x${height}x${channels} and ${odd.width}x${odd.height}x${odd.channels} do not make one volume`,
    );
  const count = width * height * channels;
  if (count * sorted.length > MAX_VALUES)
    throw new Error(`${sorted.length} slices of ${width}x${height} are more than ${MAX_VALUES} values`);
  const isSame = sorted.every(({ data }) => data.constructor === first.data.constructor);
  const data = isSame
    ? new (first.data.constructor as Float32ArrayConstructor)(count * sorted.length)
    : new Float32Array(count * sorted.length);
  for (const [i, one] of sorted.entries()) data.set(one.data, i * count);
  const last = sorted.at(-1) as DicomImage;
  const step = isPlaced
    ? ((last.position as number) - (first.position as number)) / (sorted.length - 1)
    : first.spacing[2];
  const z = step > 0 ? step : first.spacing[2];
  const affine = first.affine?.map((value, i) => (i % 4 === 2 ? (value / first.spacing[2]) * z : value)) ?? null;
  return {
    ...first,
    data: data as PixelData,
    depth: sorted.length,
    spacing: [first.spacing[0], first.spacing[1], z],
    affine,
  };
}
