import { createHash, randomBytes } from 'node:crypto';
import { constants, readdirSync, rmSync } from 'node:fs';
import { access, type FileHandle, mkdir, open, realpath, rename, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGzip } from 'node:zlib';
import type { Dataset, Kind } from '../annotation.js';
import { CocoError } from '../errors.js';
import { shown } from '../shown.js';
import { jsonChunks } from '../write.js';

/** A text, bytes, or pieces of either. */
type Content = string | Uint8Array | Iterable<string | Uint8Array>;

/** Writes a data set piece by piece; gzipped when the name ends in .gz. @throws CocoError as `writeWhole` */
export async function writeDataset(path: string, dataset: Dataset<Kind> | readonly unknown[]): Promise<void> {
  await writeWhole(path, jsonChunks(dataset), { gzip: path.endsWith('.gz') });
}

/**
 * Writes a file as a whole or not at all: what stood there before stays until everything is written beside it. A pipe or a device, such
 * as /dev/stdout, is written directly.
 *
 * @param replaceLink a link of that name gives way to the file, instead of what it points to; for names that come from a file
 * @throws CocoError where it cannot be written
 */
export async function writeWhole(
  path: string,
  content: Content,
  { gzip = false, replaceLink = false } = {},
): Promise<void> {
  const there = replaceLink ? null : await stat(path).catch(() => null);
  try {
    if (there !== null && !there.isFile() && !there.isDirectory()) {
      await fill(await openSpecial(path), content, gzip);
      return;
    }
    if (there !== null) await access(path, constants.W_OK);
    await replace(there === null ? path : await realpath(path), there?.mode ?? 0o666, content, gzip);
  } catch (error) {
    throw unwritten(path, error, there?.isFile() ? '; what stands there is as it was' : '');
  }
}

/** Opens a device, or a pipe that somebody reads: opening one that nobody reads would wait for ever. */
async function openSpecial(path: string): Promise<FileHandle> {
  const { O_WRONLY, O_NONBLOCK = 0 } = constants;
  const asked = await open(path, O_WRONLY | O_NONBLOCK);
  try {
    return await open(path, 'w');
  } finally {
    await asked.close(); // not before: its reader would take that for the end
  }
}

/** Makes a folder, and those above it. @throws CocoError where it cannot be made */
export async function makeFolder(path: string): Promise<void> {
  try {
    // Where the disk is read-only, making the folders above tells another reason.
    await mkdir(path).catch((error: NodeJS.ErrnoException) =>
      error.code === 'ENOENT' || error.code === 'EEXIST' ? mkdir(path, { recursive: true }) : Promise.reject(error),
    );
  } catch (error) {
    throw unwritten(path, error);
  }
}

/** Names begun and not finished, for a process that is stopped. */
const begun = new Set<string>();

/** Starts the name of what this machine has begun, before the number of the process: another's are none of ours to judge. */
const OWN = `.coco-ts-${createHash('sha256').update(hostname()).digest('hex').slice(0, 8)}-`;

/** Folders where what killed processes left has been removed. */
const swept = new Set<string>();

/** Removes what processes of this machine that are no more have begun and not finished; once for each folder. */
function sweep(folder: string): void {
  if (swept.has(folder)) return;
  swept.add(folder);
  for (const name of readdirSync(folder)) {
    const [, id] = (name.startsWith(OWN) && /^(\d+)-[0-9a-f]{24}\.part$/.exec(name.slice(OWN.length))) || [];
    if (id !== undefined && !isAlive(Number(id))) rmSync(join(folder, name), { force: true });
  }
}

function isAlive(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it is another user's
  }
}

async function replace(path: string, mode: number, content: Content, gzip: boolean): Promise<void> {
  const folder = dirname(path);
  const beside = join(folder, `${OWN}${process.pid}-${randomBytes(12).toString('hex')}.part`);
  const { O_WRONLY, O_CREAT, O_EXCL, O_NOFOLLOW = 0 } = constants;
  watchSignals();
  begun.add(beside);
  try {
    await fill(await open(beside, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode & 0o777), content, gzip);
    await rename(beside, path);
    sweep(folder);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  } finally {
    begun.delete(beside);
  }
}

async function fill(handle: FileHandle, content: Content, gzip: boolean): Promise<void> {
  try {
    if (!gzip) return await writeFile(handle, content);
    await pipeline(Readable.from(content), createGzip(), (packed: AsyncIterable<Uint8Array>) =>
      writeFile(handle, packed),
    );
  } finally {
    await handle.close();
  }
}

let watched = false;

/** A process that is told to end takes with it what it has begun. */
function watchSignals(): void {
  if (watched) return;
  watched = true;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      for (const path of begun) rmSync(path, { force: true });
      process.kill(process.pid, signal);
    });
  }
}

const REASONS: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'the disk quota is used up',
  EFBIG: 'the file is larger than the system allows',
  EROFS: 'the disk is read-only',
  EACCES: 'the folder or file may not be written',
  EPERM: 'the folder or file may not be written',
  ENOENT: 'there is no such folder',
  ENOTDIR: 'a part of its path is no folder',
  EISDIR: 'it is a folder',
  ENAMETOOLONG: 'the name is too long',
  EEXIST: 'it is no folder',
  EPIPE: 'its reader has gone',
  ENXIO: 'nobody reads the pipe',
  EIO: 'the disk failed',
};

/** One sentence for a file or folder that could not be written; other errors as they are. */
function unwritten(path: string, error: unknown, besides = ''): unknown {
  const code = (error as NodeJS.ErrnoException).code ?? '';
  const reason = REASONS[code] ?? (code.startsWith('E') && !code.startsWith('ERR_') ? code : undefined);
  if (reason === undefined) return error;
  return new CocoError(`${shown(path)} was not written: ${reason}${besides}`);
}
