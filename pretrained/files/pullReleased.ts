import { statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { EspalierError, WeightsError } from '../../engine/errors.js';
import { type OpenFile, openRegular } from '../../engine/files/read.js';
import { makeFolder, writeWhole } from '../../engine/files/write.js';
import { CACHE_REMEDY, cacheFolder } from '../../engine/host/cache.js';
import { sha256Of } from '../../engine/tensorflow/runtime/pip.js';
import type { ReleasedWeights } from '../released.js';
import { wrongDigest } from './digest.js';
import { type DownloadOptions, downloadFile, MAX_BYTES } from './download.js';

export interface PullReleasedOptions extends Pick<DownloadOptions, 'onBytes' | 'signal'> {
  /** True: the cache or nothing. */
  readonly offline?: boolean;
  /** A file fetched by hand, instead of the network. */
  readonly from?: string;
  /** Address of a folder with files of the same names. Defaults to ESPALIER_WEIGHTS_MIRROR, else to the publisher's. */
  readonly mirror?: string | undefined;
}

/** Where a checkpoint is once pulled; its name ends with the first digits of its SHA-256. */
export function releasedPath({ url }: ReleasedWeights): string {
  return join(cacheFolder(), 'weights', fileOf(url));
}

/**
 * Fetches a published checkpoint into the cache, if it is not there, and checks its digest. A file of the cache that is not
 * the one it should be is fetched again.
 *
 * @returns path of the file, as published
 * @throws EspalierError offline, or when the server cannot be reached; WeightsError for a wrong digest
 */
export async function pullReleased(entry: ReleasedWeights, options: PullReleasedOptions = {}): Promise<string> {
  const path = releasedPath(entry);
  const problem = await problemOf(path, entry);
  if (problem === null) return path;
  const { offline = false, from, mirror = process.env.ESPALIER_WEIGHTS_MIRROR, ...download } = options;
  if (offline && from === undefined) {
    throw new EspalierError(
      `the weights ${entry.name} ${problem} (${path}) and fetching is off: run 'espalier weights pull ${entry.name}' online once, or with --from FILE`,
    );
  }
  makeFolder(dirname(path), CACHE_REMEDY);
  if (from !== undefined) return takeFile(entry, from, path);
  const url = mirror ? `${mirror.replace(/\/+$/, '')}/${fileOf(entry.url)}` : entry.url;
  await downloadFile(url, path, { ...download, digits: entry.digits });
  return path;
}

/** Why the cached file cannot be used; null: it is the published one. */
async function problemOf(path: string, { digits }: ReleasedWeights): Promise<string | null> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return 'are not in the cache';
  const found = await wrongDigest(path, digits);
  return found === null ? null : `in the cache are damaged or were changed, their sha256 is ${found}`;
}

async function takeFile({ name, digits }: ReleasedWeights, from: string, path: string): Promise<string> {
  const digest = await sha256Of(from);
  if (!digest.startsWith(digits)) {
    throw new WeightsError(
      `${from} has the SHA-256 ${digest}, ${name} has one that starts with ${digits}: another file`,
    );
  }
  const limit = { maxBytes: MAX_BYTES, refuse: (problem: string) => new EspalierError(`${from}: ${problem}`) };
  const file = openRegular(from, limit);
  try {
    writeWhole(path, piecesOf(file), CACHE_REMEDY);
  } finally {
    file.close();
  }
  return path;
}

/** Bytes held in memory at a time. */
const PIECE = 16 * 2 ** 20;

function* piecesOf({ size, view }: OpenFile): Generator<Uint8Array, void> {
  for (let at = 0; at < size; at += PIECE) yield view(at, Math.min(PIECE, size - at));
}

const fileOf = (url: string): string => url.slice(url.lastIndexOf('/') + 1);
