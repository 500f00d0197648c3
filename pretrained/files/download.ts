import { createHash, type Hash } from 'node:crypto';
import { closeSync, constants, fstatSync, fsyncSync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { codeOf, EspalierError, messageOf, WeightsError } from '../../engine/errors.js';
import { streamRegular } from '../../engine/files/read.js';
import { writeError } from '../../engine/files/write.js';
import { CACHE_REMEDY } from '../../engine/host/cache.js';

/** No published checkpoint is larger. */
export const MAX_BYTES = 8 * 2 ** 30;
const MAX_REDIRECTS = 10;

export interface DownloadOptions {
  /** First hexadecimal digits that the file's SHA-256 must have. */
  readonly digits: string;
  /** Bytes received so far, those of an earlier attempt included, and all there are; null: the server does not say. */
  readonly onBytes?: (received: number, total: number | null) => void;
  readonly signal?: AbortSignal;
}

/**
 * Downloads a file over https and checks its digest; the file appears whole or not at all. What an interrupted download left
 * beside it (`<path>.part`) is continued. Proxies are those of HTTPS_PROXY, HTTP_PROXY and NO_PROXY.
 *
 * @returns hexadecimal SHA-256 of the file
 * @throws EspalierError when the server cannot be reached or refuses; WeightsError when the digest is another one
 */
export async function downloadFile(url: string, path: string, options: DownloadOptions): Promise<string> {
  const part = `${path}.part`;
  const file = openPart(part);
  try {
    let digest = await receive(url, file, part, true, options);
    // A remainder of another file than the server has now: once more from the start.
    if (!digest.startsWith(options.digits)) digest = await receive(url, file, part, false, options);
    if (!digest.startsWith(options.digits)) {
      await rm(part, { force: true });
      throw new WeightsError(
        `${url} has the SHA-256 ${digest}, expected one that starts with ${options.digits}: it was changed on the way or replaced; nothing was kept`,
      );
    }
    fsyncSync(file);
    await rename(part, path);
    return digest;
  } finally {
    const isEmpty = fstatSync(file).size === 0;
    closeSync(file);
    if (isEmpty) await rm(part, { force: true }); // nothing to go on from
  }
}

/** A regular file of our own: a link is not followed. */
function openPart(part: string): number {
  let file: number;
  try {
    file = openSync(part, constants.O_RDWR | constants.O_CREAT | constants.O_NOFOLLOW | constants.O_NONBLOCK, 0o644);
  } catch (error) {
    throw new EspalierError(`${part} cannot be written (${codeOf(error)}): remove it, or free the way`);
  }
  if (fstatSync(file).isFile()) return file;
  closeSync(file);
  throw new EspalierError(`${part} is not a regular file: remove it`);
}

async function receive(
  url: string,
  file: number,
  part: string,
  resume: boolean,
  { onBytes, signal }: DownloadOptions,
): Promise<string> {
  const size = resume ? fstatSync(file).size : 0;
  const response = await request(url, size > 0 ? { range: `bytes=${size}-` } : {}, signal);
  const { status, headers } = response;
  const continues = size > 0 && status === 206;
  if (status === 416) {
    await response.body?.cancel();
    const all = await hashOf(part, fstatSync(file).size);
    return all.digest('hex'); // everything was there already, or the digest says otherwise
  }
  if (!continues && status !== 200) {
    await response.body?.cancel();
    throw new EspalierError(
      `${url} answered ${status} ${response.statusText}: try again later, or fetch the file by hand and use --from FILE`,
    );
  }
  const before = continues ? size : 0;
  const length = headers.get('content-length');
  const total = length === null ? null : before + Number(length);
  if (total !== null && !(total <= MAX_BYTES)) {
    await response.body?.cancel();
    throw new EspalierError(
      `${url} has ${total} bytes, more than the ${MAX_BYTES} that a checkpoint may have: refused`,
    );
  }
  const hash = await hashOf(part, before);
  ftruncateSync(file, before);
  let received = before;
  try {
    for await (const chunk of response.body ?? []) {
      received += chunk.length;
      if (received > (total ?? MAX_BYTES))
        throw new EspalierError(`${url} sends more bytes than it announced: refused`);
      writeAll(part, file, chunk, received - chunk.length);
      hash.update(chunk);
      onBytes?.(received, total);
    }
  } catch (error) {
    throw unreachable(url, error);
  }
  if (total !== null && received < total) {
    throw new EspalierError(
      `${url} ended after ${received} of ${total} bytes: run the command again, it goes on from there`,
    );
  }
  return hash.digest('hex');
}

async function request(url: string, headers: Record<string, string>, signal: AbortSignal | undefined) {
  const { EnvHttpProxyAgent, fetch } = await import('undici');
  const dispatcher = new EnvHttpProxyAgent();
  let address = checked(url);
  for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
    const response = await fetch(address, {
      headers: { 'accept-encoding': 'identity', ...headers },
      redirect: 'manual',
      dispatcher,
      ...(signal ? { signal } : {}),
    }).catch((error) => {
      throw unreachable(url, error);
    });
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) return response;
    await response.body?.cancel();
    address = checked(new URL(location, address).href);
  }
  throw new EspalierError(`${url} redirects more than ${MAX_REDIRECTS} times: refused`);
}

const LOOPBACK = /^(127(\.\d+){3}|localhost|\[::1\])$/;

/** @throws EspalierError for what is neither https nor on this machine */
function checked(address: string): URL {
  const url = new URL(address);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && LOOPBACK.test(url.hostname))) return url;
  throw new EspalierError(`${address} is not https: weights are fetched over https, or from a server on this machine`);
}

function unreachable(url: string, error: unknown): unknown {
  if (error instanceof EspalierError) return error;
  if (error instanceof Error && error.name === 'AbortError')
    return new EspalierError(`fetching ${url} was interrupted`);
  const { cause } = error as { readonly cause?: unknown };
  const reason = cause instanceof Error ? cause.message : messageOf(error);
  return new EspalierError(
    `${url} cannot be fetched (${reason}): check the network and HTTPS_PROXY, name a mirror in ESPALIER_WEIGHTS_MIRROR, or fetch the file by hand and use --from FILE`,
  );
}

async function hashOf(path: string, bytes: number): Promise<Hash> {
  const hash = createHash('sha256');
  if (bytes === 0) return hash;
  const limit = { maxBytes: MAX_BYTES, refuse: (problem: string) => new EspalierError(`${path}: ${problem}`) };
  for await (const chunk of streamRegular(path, limit, { start: 0, end: bytes - 1 })) hash.update(chunk as Buffer);
  return hash;
}

function writeAll(path: string, file: number, bytes: Uint8Array, position: number): void {
  try {
    for (let done = 0; done < bytes.length; )
      done += writeSync(file, bytes, done, bytes.length - done, position + done);
  } catch (error) {
    throw writeError(path, error, CACHE_REMEDY);
  }
}
