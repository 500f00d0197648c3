import {
  closeSync,
  constants,
  createReadStream,
  fstatSync,
  openSync,
  type ReadStream,
  readSync,
  type Stats,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { codeOf, messageOf } from '../errors.js';

/**
 * Every file of a user is opened here: a regular file of at most so many bytes, of which never more is read than it had
 * when it was opened. Pipes, devices, sockets and folders are refused, and opening one does not wait.
 */

/** Makes the error of the caller's kind out of what is wrong, such as 'there is no such file'. */
export type Refusal = (problem: string) => Error;

/** What is read of it, at most. */
export interface ReadLimit {
  /** Size of the file, bytes. */
  readonly maxBytes: number;
  readonly refuse: Refusal;
}

/** A regular file that is open; the caller closes it. */
export interface OpenFile {
  /** Bytes, when it was opened. */
  readonly size: number;
  /** Fills `target` from `offset` on. @throws what `refuse` made when the file ends before */
  fill(offset: number, target: Uint8Array): void;
  /** The `count` bytes at `offset`, or fewer where the file ends. */
  view(offset: number, count: number): Uint8Array;
  close(): void;
}

/** Opening a pipe that nobody writes to returns at once. */
const FLAGS = constants.O_RDONLY | (process.platform === 'win32' ? 0 : constants.O_NONBLOCK);
/** Most bytes of one system call. */
const MAX_PIECE = 2 ** 30;
const SHORTER = 'it became shorter while it was read';
const SENTENCES: { readonly [code: string]: string } = {
  ENOENT: 'there is no such file',
  ENOTDIR: 'there is no such file',
  EACCES: 'no permission to read it',
  EPERM: 'no permission to read it',
  ENXIO: 'it is no regular file, but a socket or device',
  ELOOP: 'it is a link to itself',
};

/** Opens a regular file. @throws what `refuse` makes */
export function openRegular(path: string, limit: ReadLimit): OpenFile {
  const { descriptor, size } = openChecked(path, limit);
  const fill = (offset: number, target: Uint8Array): void => {
    for (let done = 0; done < target.length; ) {
      const wanted = Math.min(MAX_PIECE, target.length - done);
      const count = guarded(limit, () => readSync(descriptor, target, done, wanted, offset + done));
      if (count === 0) throw limit.refuse(SHORTER);
      done += count;
    }
  };
  const view = (offset: number, count: number): Uint8Array => {
    const bytes = new Uint8Array(Math.max(0, Math.min(count, size - offset)));
    fill(offset, bytes);
    return bytes;
  };
  return { size, fill, view, close: () => closeSync(descriptor) };
}

/** The whole file, in memory of its own. @throws what `refuse` makes */
export function readRegular(path: string, limit: ReadLimit): Uint8Array {
  const file = openRegular(path, limit);
  try {
    const bytes = new Uint8Array(file.size);
    file.fill(0, bytes);
    return bytes;
  } finally {
    file.close();
  }
}

/** The whole file as UTF-8. @throws what `refuse` makes */
export function readText(path: string, limit: ReadLimit): string {
  return new TextDecoder().decode(readRegular(path, limit));
}

/** The value of a JSON file. @throws what `refuse` makes, also of what is no JSON */
export function readJson(path: string, limit: ReadLimit): unknown {
  const text = readText(path, limit);
  try {
    return JSON.parse(text);
  } catch (error) {
    throw limit.refuse(`it is no JSON: ${messageOf(error)}`);
  }
}

/** Bytes `start` to `end`, both included, as a stream that closes the file. @throws what `refuse` makes */
export function streamRegular(path: string, limit: ReadLimit, range?: ByteRange): ReadStream {
  const { descriptor, size } = openChecked(path, limit);
  const { start, end } = range ?? { start: 0, end: Math.max(0, size - 1) };
  return createReadStream(path, { fd: descriptor, start, end, highWaterMark: 2 ** 20 });
}

interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** The first bytes of a file, and how many it has. */
export interface FileStart {
  readonly bytes: Uint8Array;
  readonly size: number;
}

/** The first `count` bytes, or all where there are fewer, without blocking the thread. @throws what `refuse` makes */
export async function readStart(path: string, limit: ReadLimit, count = limit.maxBytes): Promise<FileStart> {
  let handle: FileHandle;
  try {
    handle = await open(path, FLAGS);
  } catch (error) {
    throw limit.refuse(problemOf(error));
  }
  try {
    const { size } = checked(await handle.stat(), limit);
    const bytes = new Uint8Array(Math.min(size, count));
    for (let done = 0; done < bytes.length; ) {
      const { bytesRead } = await handle.read(bytes, done, Math.min(MAX_PIECE, bytes.length - done), done);
      if (bytesRead === 0) throw limit.refuse(SHORTER);
      done += bytesRead;
    }
    return { bytes, size };
  } catch (error) {
    throw isSystemError(error) ? limit.refuse(problemOf(error)) : error;
  } finally {
    await handle.close();
  }
}

/** What is wrong with a file, for people: one clause, without its name. */
export function problemOf(error: unknown): string {
  const code = codeOf(error) ?? String(error);
  return SENTENCES[code] ?? `cannot be read (${code})`;
}

function openChecked(path: string, limit: ReadLimit): { readonly descriptor: number; readonly size: number } {
  const descriptor = guarded(limit, () => openSync(path, FLAGS));
  try {
    return {
      descriptor,
      size: checked(
        guarded(limit, () => fstatSync(descriptor)),
        limit,
      ).size,
    };
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

function checked(stats: Stats, { maxBytes, refuse }: ReadLimit): Stats {
  if (stats.isDirectory()) throw refuse('it is a folder, a file is expected');
  if (!stats.isFile()) throw refuse(`it is ${stats.isFIFO() ? 'a pipe' : 'a device'}, a regular file is expected`);
  if (stats.size > maxBytes) throw refuse(`it has ${stats.size} bytes, at most ${maxBytes} are read`);
  return stats;
}

function guarded<T>({ refuse }: ReadLimit, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw refuse(problemOf(error));
  }
}

function isSystemError(error: unknown): boolean {
  return typeof (error as NodeJS.ErrnoException).syscall === 'string';
}
