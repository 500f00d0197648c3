import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync, writeSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { EspalierError } from '../../engine/errors.js';
import { printableJson } from '../../engine/printable.js';

/**
 * Writes a whole file or none of it: a temporary name beside it, flushed to the disk, then renamed.
 *
 * @throws EspalierError when the disk is full or the folder cannot be written; the old file, if any, is untouched
 */
export function writeWhole(file: string, parts: readonly Uint8Array[]): void {
  const temporary = `${file}.${process.pid}.partial`;
  try {
    const descriptor = openSync(temporary, 'w');
    try {
      for (const part of parts) writeAll(descriptor, part);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    renameSync(temporary, file);
    flushFolder(dirname(file));
  } catch (error) {
    rmSync(temporary, { force: true });
    throw writeError(file, error);
  }
}

export function writeJson(file: string, value: unknown): void {
  writeWhole(file, [new TextEncoder().encode(`${printableJson(value, 2)}\n`)]);
}

/** @throws EspalierError when the folder cannot be made */
export function makeFolder(folder: string): void {
  try {
    makeFolders(resolve(folder));
  } catch (error) {
    throw writeError(folder, error);
  }
}

/** Level by level: Node's own recursive mkdir never returns where a file system refuses with ENOENT, as /proc does. */
function makeFolders(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return;
  const parent = dirname(folder);
  if (parent !== folder) makeFolders(parent);
  mkdirSync(folder);
}

const REASONS: { readonly [code: string]: string } = {
  ENOSPC: 'the disk is full; free some space, then continue with --resume',
  EDQUOT: 'the disk quota is used up; free some space, then continue with --resume',
  EACCES: 'no permission to write there; choose another folder with --out',
  EPERM: 'no permission to write there; choose another folder with --out',
  EROFS: 'the file system is read-only; choose another folder with --out',
  ENOTDIR: 'a part of the path is a file, not a folder; choose another folder with --out',
  ENOENT: 'a folder of the path does not exist and cannot be made; choose another folder with --out',
  EEXIST: 'a file is in the way; choose another folder with --out',
  EISDIR: 'a folder is in the way; remove it or choose another folder with --out',
};

/** What the operating system said, as a sentence; an error that is not from it stays as it is. */
export function writeError(path: string, error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error)) return error;
  const reason = REASONS[String(error.code)] ?? error.message;
  return new EspalierError(`cannot write ${path}: ${reason}`);
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at);
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
