import { createRequire } from 'node:module';
import { Worker } from 'node:worker_threads';
import { messageOf } from '../../engine/errors.js';
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

const require = createRequire(import.meta.url);

const CODECS = {
  'jpeg-2000': {
    file: () => require.resolve('@cornerstonejs/codec-openjpeg/decodewasmjs'),
    decoder: 'J2KDecoder',
    header: jpeg2000Header,
  },
  'jpeg-ls': {
    file: () => require.resolve('@cornerstonejs/codec-charls/decodewasmjs'),
    decoder: 'JpegLSDecoder',
    header: jpegLsHeader,
  },
} as const;

/** What a codec's thread runs. Of JPEG-LS `interleave` is 0 where components follow each other. */
const SCRIPT = `
const { parentPort, workerData } = require('node:worker_threads');
const opened = require(workerData.file)({ print() {}, printErr() {} });
opened.then(() => parentPort.postMessage('ready'));
parentPort.on('message', async (bytes) => {
  try {
    const decoder = new (await opened)[workerData.decoder]();
    decoder.getEncodedBuffer(bytes.length).set(bytes);
    decoder.decode();
    const data = decoder.getDecodedBuffer().slice();
    const { width, height, componentCount } = decoder.getFrameInfo();
    const [space, interleave] = [decoder.getColorSpace?.() ?? 0, decoder.getInterleaveMode?.() ?? null];
    decoder.delete();
    parentPort.postMessage({ data, width, height, channels: componentCount, space, interleave });
  } catch {
    parentPort.postMessage(null);
  }
});`;

interface Unpacked {
  readonly data: Uint8Array;
  readonly width: number;
  readonly height: number;
  readonly channels: number;
  /** Colour space of JPEG 2000: 3 and more are neither grey nor RGB. */
  readonly space: number;
  readonly interleave: number | null;
}

/** Codecs in threads of their own, which a damaged stream may keep busy for ever. */
const workers = new Map<CodecKind, Worker>();
/** Settles when a codec takes the next image. */
const turns = new Map<CodecKind, Promise<unknown>>();

async function start(kind: CodecKind): Promise<Worker> {
  const { file, decoder } = CODECS[kind];
  const worker = new Worker(SCRIPT, { eval: true, workerData: { file: file(), decoder } });
  try {
    await answerOf(worker, LOADING_MS);
  } catch (error) {
    await worker.terminate();
    throw new Error(`its codec cannot be loaded (${messageOf(error)}): install again`);
  }
  workers.set(kind, worker);
  return worker;
}

const LOADING_MS = 60_000;
/** For any image, and for each sample: fifty times what a core of 2020 takes. */
const LEAST_MS = 3000;
const SAMPLE_MS = 0.002;

/** The next message of a thread, which keeps the process alive until then. @throws Error after that time */
function answerOf(worker: Worker, milliseconds: number): Promise<unknown> {
  worker.ref();
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => end(() => reject(new Error(`no answer in ${milliseconds / 1000} s`))), milliseconds);
    const end = (settle: () => void): void => {
      clearTimeout(timer);
      worker.off('message', onMessage).off('error', onError);
      worker.unref();
      settle();
    };
    const onMessage = (message: unknown): void => end(() => resolve(message));
    const onError = (error: unknown): void => end(() => reject(error));
    worker.on('message', onMessage).on('error', onError);
  });
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
  const count = width * height * channels;
  const found = await unpack(kind, bytes, LEAST_MS + count * SAMPLE_MS);
  const isWhole = found?.width === width && found.height === height && found.channels === channels;
  if (!isWhole || found.data.length !== count * (bits > 8 ? 2 : 1)) throw new Error('it is damaged');
  if (found.space > 2) throw new Error('a JPEG 2000 whose colours are not RGB is not read');
  const raw = found.data;
  const data = bits > 8 ? new Uint16Array(raw.buffer, raw.byteOffset, count) : new Uint8Array(raw.buffer);
  return { ...header, data: found.interleave === 0 && channels > 1 ? woven(data, width * height) : data };
}

/** One image after the other. @returns null: damaged */
function unpack(kind: CodecKind, bytes: Uint8Array, milliseconds: number): Promise<Unpacked | null> {
  const work = (turns.get(kind) ?? Promise.resolve()).then(() => unpackNow(kind, bytes, milliseconds));
  turns.set(
    kind,
    work.catch(() => {}),
  );
  return work;
}

/** A codec that failed is not used again, as its memory may be in any state. */
async function unpackNow(kind: CodecKind, bytes: Uint8Array, milliseconds: number): Promise<Unpacked | null> {
  const worker = workers.get(kind) ?? (await start(kind));
  const own = new Uint8Array(bytes);
  worker.postMessage(own, [own.buffer]);
  const answer = await answerOf(worker, milliseconds).catch(() => null);
  if (answer !== null) return answer as Unpacked;
  workers.delete(kind);
  await worker.terminate();
  return null;
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
/** Bytes of the size marker of both, before the components. */
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
