import { CocoError } from './errors.js';
import { nodeModule } from './runtime.js';
import { type ByteSource, fileSource, memorySource, readRange } from './scan/source.js';

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

/** Opens the input for reading now and, in parts, later; gzip and streams are held in memory. */
export async function openInput(input: Input): Promise<ByteSource> {
  if ((typeof input === 'string' || input instanceof URL) && isLocal(input)) {
    const source = fileSource(input);
    const head = new Uint8Array(2);
    source.read(head, 0);
    return isGzip(head) ? memorySource(await unpack(readRange(source, 0, source.length))) : source;
  }
  return memorySource(await readInput(input));
}

/** The same without waiting; null for input that is no JSON text. */
export function openSync(input: unknown): ByteSource | null {
  if (typeof input === 'string' || input instanceof URL) {
    const source = fileSource(input);
    const head = new Uint8Array(2);
    source.read(head, 0);
    return isGzip(head) ? memorySource(readInputSync(input)) : source;
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
  if (!reply.ok) throw new CocoError(`${url}: ${reply.status} ${reply.statusText}`);
  return unpack(new Uint8Array(await reply.arrayBuffer()));
}

/** Reads a file or bytes without waiting; gzip and paths need Node. */
export function readInputSync(input: string | URL | Uint8Array | ArrayBuffer): Uint8Array {
  if (typeof input === 'string' || input instanceof URL) {
    const fs = nodeModule<typeof import('node:fs')>('fs');
    if (fs === undefined) throw new CocoError('reading a path needs Node: pass the bytes of the file');
    return readInputSync(fs.readFileSync(input));
  }
  const bytes = input instanceof ArrayBuffer ? new Uint8Array(input) : input;
  if (!isGzip(bytes)) return bytes;
  const zlib = nodeModule<typeof import('node:zlib')>('zlib');
  if (zlib === undefined)
    throw new CocoError('gzip is unpacked synchronously only in Node: await COCO.load(bytes) or unpack first');
  return zlib.gunzipSync(bytes);
}

async function unpack(bytes: Uint8Array): Promise<Uint8Array> {
  if (!isGzip(bytes)) return bytes;
  const zlib = nodeModule<typeof import('node:zlib')>('zlib');
  if (zlib !== undefined) return zlib.gunzipSync(bytes);
  const stream = new Blob([bytes as Uint8Array<ArrayBuffer>]).stream().pipeThrough(new DecompressionStream('gzip'));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

async function collect(stream: AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    length += chunk.length;
  }
  const out = new Uint8Array(length);
  let p = 0;
  for (const chunk of chunks) {
    out.set(chunk, p);
    p += chunk.length;
  }
  return out;
}
