import { CocoError } from './errors.js';

/** A file path (Node), a URL, the bytes of a file, or a stream of them; gzip is recognised by its first bytes. */
export type Input =
  | string
  | URL
  | Uint8Array
  | ArrayBuffer
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array>;

interface BuiltinModules {
  getBuiltinModule?(name: string): unknown;
}

/** A module of Node, or undefined in a browser. */
export function nodeModule<T>(name: string): T | undefined {
  const runtime = (globalThis as { process?: BuiltinModules }).process;
  return runtime?.getBuiltinModule?.(`node:${name}`) as T | undefined;
}

const isGzip = (bytes: Uint8Array): boolean => bytes[0] === 0x1f && bytes[1] === 0x8b;

/** Reads all bytes of the input, unpacked. */
export async function readInput(input: Input): Promise<Uint8Array> {
  if (typeof input === 'string' || input instanceof URL) return readPath(input);
  if (input instanceof Uint8Array) return unpack(input);
  if (input instanceof ArrayBuffer) return unpack(new Uint8Array(input));
  if (typeof Blob !== 'undefined' && input instanceof Blob) return unpack(new Uint8Array(await input.arrayBuffer()));
  return unpack(await collect(input as AsyncIterable<Uint8Array>));
}

async function readPath(path: string | URL): Promise<Uint8Array> {
  const text = String(path);
  if (/^https?:|^blob:|^data:/.test(text) || nodeModule('fs') === undefined) {
    const reply = await fetch(text);
    if (!reply.ok) throw new CocoError(`${text}: ${reply.status} ${reply.statusText}`);
    return unpack(new Uint8Array(await reply.arrayBuffer()));
  }
  const { readFile } = await import('node:fs/promises');
  return unpack(await readFile(path));
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
