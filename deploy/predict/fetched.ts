import { messageOf, WeightsError } from '../../engine/errors.js';
import { bundleFiles, graphModelNetwork, type NetworkFiles, networkInBytes, type ReadFile } from './networkFiles.js';

/** An exported network: the address of its file or folder, its bytes, or a file that a user chose. */
export type NetworkSource = string | URL | Uint8Array | ArrayBuffer | Blob;

/** Largest file that is opened. */
const MAX_BYTES = 2 ** 31;

/** The network of a source, as a page has it. @throws WeightsError when it cannot be had or is none */
export async function networkFiles(source: NetworkSource, signal?: AbortSignal): Promise<NetworkFiles> {
  if (source instanceof Uint8Array) return networkInBytes(source, 'the file');
  if (source instanceof ArrayBuffer) return networkInBytes(new Uint8Array(source), 'the file');
  if (source instanceof Blob) return networkInBytes(await bytesOf(source, nameOf(source)), nameOf(source));
  return networkAt(source, signal);
}

/** The network at an address: `.onnx` and `.espalier` are files, `model.json` is a GraphModel, anything else a folder. */
export async function networkAt(address: string | URL, signal?: AbortSignal): Promise<NetworkFiles> {
  const named = new URL(address, globalThis.location?.href);
  const read: ReadFile = async (name) => download(new URL(name, folderOf(named)), signal);
  if (/\.(onnx|espalier)$/.test(named.pathname)) return networkInBytes(await download(named, signal), named.href);
  if (named.pathname.endsWith('.json')) return graphModelNetwork(await download(named, signal), read, named.href);
  return bundleFiles(read, named.href);
}

/** Where the files beside a `model.json` are, and those of a bundle; queries are not carried over. */
const folderOf = ({ origin, protocol, pathname }: URL): string => {
  const folder = pathname.endsWith('.json') ? pathname.replace(/[^/]*$/, '') : `${pathname.replace(/\/$/, '')}/`;
  return `${origin === 'null' ? protocol : origin}${folder}`;
};

async function download(address: URL, signal?: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(address, signal ? { signal } : {}).catch((error: unknown) => {
    signal?.throwIfAborted();
    throw new WeightsError(`${address} cannot be fetched (${messageOf(error)})`);
  });
  if (!response.ok)
    throw new WeightsError(
      `${address} cannot be fetched: the server answers ${response.status} ${response.statusText}`,
    );
  if (response.headers.get('content-type')?.startsWith('text/html'))
    throw new WeightsError(`${address}: the server answers with a page, not with the file: is it served from there?`);
  return bytesOf(response, String(address));
}

/** The bytes of a body, which are counted while they come: a server need not say how many they are once unpacked. */
export async function bytesOf(body: Blob | Response, name: string, limit = MAX_BYTES): Promise<Uint8Array> {
  const refuse = (size: number): never => {
    throw new WeightsError(`${name} has ${size} bytes or more, ${limit} at most are opened`);
  };
  const isBlob = body instanceof Blob;
  const told = isBlob ? body.size : Number(body.headers.get('content-length') ?? 0);
  if (told > limit) refuse(told);
  if (isBlob || !body.body) return new Uint8Array(await body.arrayBuffer());
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = body.body.getReader();
  for (let part = await reader.read(); !part.done; part = await reader.read()) {
    size += part.value.length;
    if (size > limit) {
      await reader.cancel();
      refuse(size);
    }
    parts.push(part.value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

const nameOf = (blob: Blob): string => (typeof File !== 'undefined' && blob instanceof File ? blob.name : 'the file');
