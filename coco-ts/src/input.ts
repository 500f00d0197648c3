import { CocoError } from './errors.js';
import { MOST_BYTES, readFile, unpackingLimit } from './files.js';
import { nodeModule } from './runtime.js';
import { type ByteSource, fileSource, memorySource } from './scan/source.js';
import { shown } from './shown.js';

/** A file path (Node), a URL, the bytes of a file, or a stream of them; gzip is recognised by its first bytes. */
export type Input =
  | string
  | URL
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** How UTF-16 text begins: with its mark, or with a bracket and a zero byte; null: it is none. */
function wideEncoding([a, b]: Uint8Array): 'utf-16le' | 'utf-16be' | null {
  const isBracket = (byte: number | undefined): boolean => byte === 0x7b || byte === 0x5b;
  if ((a === 0xff && b === 0xfe) || (isBracket(a) && b === 0)) return 'utf-16le';
  return (a === 0xfe && b === 0xff) || (a === 0 && isBracket(b)) ? 'utf-16be' : null;
}

/** Text that may be UTF-16 as UTF-8. @throws CocoError where it is damaged, or longer than a string can be */
export function toUtf8(bytes: Uint8Array, name = 'the text'): Uint8Array {
  const encoding = wideEncoding(bytes);
  if (encoding === null) return bytes;
  try {
    return new TextEncoder().encode(new TextDecoder(encoding, { fatal: true }).decode(bytes));
  } catch {
    throw new CocoError(`${name} begins as ${encoding} and cannot be read as that: save it as UTF-8`, 'ValueError');
  }
}

const isPlain = (head: Uint8Array): boolean => !isGzip(head) && wideEncoding(head) === null;

/** Opens the input for reading now and, in parts, later; gzip and streams are held in memory. */
export async function openInput(input: Input): Promise<ByteSource> {
  if ((typeof input === 'string' || input instanceof URL) && isLocal(input)) {
    const source = fileSource(input);
    const head = new Uint8Array(2);
    source.read(head, 0);
    return isPlain(head) ? source : memorySource(await unpack(readFile(input), shown(input)));
  }
  return memorySource(await readInput(input));
}

/** The same without waiting; null for input that is no JSON text. */
export function openSync(input: unknown): ByteSource | null {
  if (typeof input === 'string' || input instanceof URL) {
    const source = fileSource(input);
    const head = new Uint8Array(2);
    source.read(head, 0);
    return isPlain(head) ? source : memorySource(readInputSync(input));
  }
  return input instanceof Uint8Array || input instanceof ArrayBuffer ? memorySource(readInputSync(input)) : null;
}

const isLocal = (path: string | URL): boolean =>
  !/^https?:|^blob:|^data:/.test(String(path)) && nodeModule('fs') !== undefined;

async function readInput(input: Input): Promise<Uint8Array> {
  if (typeof input === 'string' || input instanceof URL) return fetchBytes(String(input));
  if (input instanceof Uint8Array) return unpack(input);
  if (input instanceof ArrayBuffer) return unpack(new Uint8Array(input));
  if (typeof Blob !== 'undefined' && input instanceof Blob) return unpack(new Uint8Array(await input.arrayBuffer()));
  return unpack(await collect(input as AsyncIterable<Uint8Array>));
}

async function fetchBytes(url: string): Promise<Uint8Array> {
  const reply = await fetch(url);
  if (!reply.ok || reply.body === null)
    throw new CocoError(`${shown(url)}: ${reply.status} ${shown(reply.statusText)}`);
  return unpack(await collect(reply.body), shown(url));
}

/** Reads a file or bytes without waiting; gzip and paths need Node. */
export function readInputSync(input: string | URL | Uint8Array | ArrayBuffer, name?: string): Uint8Array {
  if (typeof input === 'string' || input instanceof URL) return readInputSync(readFile(input), shown(input));
  const bytes = input instanceof ArrayBuffer ? new Uint8Array(input) : input;
  if (!isGzip(bytes)) return toUtf8(bytes, name);
  const unpacked = unpackSync(bytes, name);
  if (unpacked === null)
    throw new CocoError('gzip is unpacked synchronously only in Node: await CocoFile.open(bytes) or unpack first');
  return toUtf8(unpacked, name);
}

async function unpack(bytes: Uint8Array, name?: string): Promise<Uint8Array> {
  return toUtf8(isGzip(bytes) ? await gunzip(bytes, name) : bytes, name);
}

async function gunzip(bytes: Uint8Array, name?: string): Promise<Uint8Array> {
  const unpacked = unpackSync(bytes, name);
  if (unpacked !== null) return unpacked;
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
  const limit = unpackingLimit(bytes.length);
  return collect(stream, limit, () => unpacksTo(limit, name));
}

/** The text of gzip by Node; null without it. @throws CocoError where it is broken, or beyond its budget */
function unpackSync(bytes: Uint8Array, name = 'the text'): Uint8Array | null {
  const zlib = nodeModule<typeof import('node:zlib')>('zlib');
  if (zlib === undefined) return null;
  const maxOutputLength = unpackingLimit(bytes.length);
  try {
    return zlib.gunzipSync(bytes, { maxOutputLength });
  } catch (error) {
    if ((error as { code?: string }).code === 'ERR_BUFFER_TOO_LARGE') throw unpacksTo(maxOutputLength, name);
    throw new CocoError(`${name} is broken gzip: ${(error as Error).message}`, 'ValueError');
  }
}

const unpacksTo = (limit: number, name = 'the text'): CocoError =>
  new CocoError(
    `${name} unpacks to more than ${Math.floor(limit / 2 ** 20)} MB: if that is meant, unpack it with gzip -d, for a plain file is not held in memory`,
    'ValueError',
  );

const tooLong = (): CocoError =>
  new CocoError(`the stream is longer than ${MOST_BYTES} bytes: save it as a file, which is not held in memory`);

async function collect(
  stream: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
  limit = MOST_BYTES,
  refusal: () => CocoError = tooLong,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunksOf(stream)) {
    chunks.push(chunk);
    length += chunk.length;
    if (length > limit) throw refusal();
  }
  const out = new Uint8Array(length);
  let p = 0;
  for (const chunk of chunks) {
    out.set(chunk, p);
    p += chunk.length;
  }
  return out;
}

/** The pieces of a stream, also where streams are not iterable; one that is left early is told. */
async function* chunksOf(stream: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>): AsyncIterable<Uint8Array> {
  if (!('getReader' in stream)) return yield* stream;
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value;
  } finally {
    await reader.cancel();
  }
}
