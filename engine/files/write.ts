import { randomBytes } from 'node:crypto';
import {
  closeSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import { WriteError } from '../errors.js';
import { printableJson } from '../printable.js';

/** After a file's name and 16 random hexadecimal digits: a file that is not whole yet. */
const PARTIAL = 'partial';
/** Bytes of one call to the operating system, which takes less than 2 GiB. */
const CHUNK = 2 ** 30;

/**
 * Writes a whole file or none of it: under a random name beside it that nothing had before, flushed to the disk, then
 * renamed. A link in its place is replaced, not followed.
 *
 * @param remedy what to do where nothing can be written, e.g. 'choose another folder with --out'
 * @throws WriteError when the disk is full or the place cannot be written; the old file, if any, is untouched
 */
export function writeWhole(file: string, parts: Iterable<Uint8Array>, remedy?: string): void {
  const temporary = `${file}.${randomBytes(8).toString('hex')}.${PARTIAL}`;
  let isOurs = false;
  try {
    refuseSpecial(file);
    const descriptor = openSync(temporary, 'wx');
    isOurs = true;
    try {
      for (const part of parts) writeAll(descriptor, part);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
    flushFolder(dirname(file));
  } catch (error) {
    if (isOurs) rmSync(temporary, { force: true });
    throw writeError(file, error, remedy);
  }
}

/** Writes a value as indented JSON, whole or not at all; errors as of `writeWhole`. */
export function writeJson(file: string, value: unknown, remedy?: string): void {
  writeWhole(file, [new TextEncoder().encode(`${printableJson(value, 2)}\n`)], remedy);
}

/** Removes what killed processes left of these files: call it where no other process may be writing them. */
export function removePartials(files: readonly string[]): void {
  for (const folder of new Set(files.map((file) => dirname(file)))) {
    const names = new Set(files.filter((file) => dirname(file) === folder).map((file) => basename(file)));
    for (const entry of entriesOf(folder)) {
      const [, name = ''] = /^(.+)\.[0-9a-f]{16}\.partial$/.exec(entry) ?? [];
      if (names.has(name)) rmSync(join(folder, entry), { force: true });
    }
  }
}

/** The same of every file in folders that nobody else writes to. */
export function removePartialsIn(folders: readonly string[]): void {
  for (const folder of folders) {
    for (const entry of entriesOf(folder)) {
      if (/.\.[0-9a-f]{16}\.partial$/.test(entry)) rmSync(join(folder, entry), { force: true });
    }
  }
}

/** Work folders older than this belong to a process that was killed, milliseconds. */
const ABANDONED = 24 * 60 * 60 * 1000;

/** Removes what killed processes left in a folder that several may work in: entries of such names that are a day old. */
export function removeAbandoned(folder: string, isOurs: (name: string) => boolean): void {
  for (const name of entriesOf(folder).filter(isOurs)) {
    const path = join(folder, name);
    const age = Date.now() - (lstatSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (age > ABANDONED) rmSync(path, { recursive: true, force: true });
  }
}

function entriesOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // it does not exist, or cannot be read: then nothing of ours is in it
  }
}

/**
 * Makes a folder and those above it.
 *
 * @returns those that did not exist before, the outermost first
 * @throws WriteError when it cannot be made
 */
export function makeFolder(folder: string, remedy?: string): readonly string[] {
  const made: string[] = [];
  try {
    makeFolders(resolve(folder), made);
  } catch (error) {
    removeEmpty(made);
    throw writeError(folder, error, remedy);
  }
  return made;
}

/** Removes those of the folders that are empty, the innermost, which stands last, first. */
export function removeEmpty(folders: readonly string[]): void {
  for (const folder of [...folders].reverse()) {
    try {
      rmdirSync(folder);
    } catch {
      return; // something is in it, or it is gone
    }
  }
}

/** Level by level: Node's own recursive mkdir never returns where a file system refuses with ENOENT, as /proc does. */
function makeFolders(folder: string, made: string[]): void {
  if (isFolder(folder)) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolders(parent, made);
  try {
    mkdirSync(folder);
    made.push(folder);
  } catch (error) {
    if (!isFolder(folder)) throw error; // another process may have made it a moment ago
  }
}

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;

/** What the operating system refuses with, in words; what helps against it, where it is not another place. */
const REASONS: { readonly [code: string]: readonly [reason: string, remedy?: string] } = {
  ENOSPC: ['the disk is full', 'free some space'],
  EDQUOT: ['the disk quota is used up', 'free some space'],
  EFBIG: ['a file of this size is not allowed here', 'raise the limit (ulimit -f)'],
  EACCES: ['no permission to write there'],
  EPERM: ['no permission to write there'],
  EROFS: ['the file system is read-only'],
  ENOTDIR: ['a part of the path is a file, not a folder'],
  ENOENT: ['a folder of the path does not exist and cannot be made'],
  EEXIST: ['a file, or a link that leads nowhere, is in the way'],
  EISDIR: ['a folder is in the way'],
  ELOOP: ['links of the path lead in a circle'],
  ENAMETOOLONG: ['the path is too long'],
};

/** What the operating system said, as a sentence; an error that is not from it stays as it is. */
export function writeError(path: string, error: unknown, remedy = 'choose another place'): unknown {
  if (!(error instanceof Error && 'code' in error)) return error;
  const code = String(error.code);
  const [reason, own] = REASONS[code] ?? [error.message];
  return new WriteError(path, `${reason}: ${own ?? remedy}`, own !== undefined);
}

/** The same for work that reads, too: only what reading cannot be refused with, that there is no room, becomes a sentence. */
export function fullError(path: string, error: unknown): unknown {
  const said = writeError(path, error);
  return said instanceof WriteError && said.isFull ? said : error;
}

/** Makes a folder of a name that starts so and that nothing had before; errors as of `writeWhole`. */
export function makeWorkFolder(start: string, remedy?: string): string {
  try {
    return mkdtempSync(start);
  } catch (error) {
    throw writeError(start, error, remedy);
  }
}

/** A rename would put a file in the place of a device or a pipe. */
function refuseSpecial(file: string): void {
  const found = lstatSync(file, { throwIfNoEntry: false });
  if (!found || found.isFile() || found.isSymbolicLink() || found.isDirectory()) return;
  throw new WriteError(file, 'it is a device, a pipe or a socket: name a file', false);
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) {
    at += writeSync(descriptor, bytes, at, Math.min(CHUNK, bytes.length - at));
  }
}

/** Makes the rename itself durable; not every platform can open a folder. */
function flushFolder(folder: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
