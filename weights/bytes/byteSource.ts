import { WeightsError } from '../../engine/errors.js';

/** Bytes that are read where they are needed: a file, an array in memory, or a part of either. */
export interface ByteSource {
  /** For messages, and for formats that only the ending tells. */
  readonly name: string;
  /** Bytes. */
  readonly size: number;
  /** The bytes at `offset`; may be a view of shared memory: not to be written to. @throws WeightsError outside of the source */
  view(offset: number, count: number): Uint8Array;
  /** Copies the bytes at `offset` into `target`. @throws WeightsError outside of the source */
  fill(offset: number, target: Uint8Array): void;
  /** A file beside this one. @throws WeightsError when there is none, or its path leaves the folder */
  sibling(path: string): ByteSource;
}

/** An array in memory. `files` are those beside it, by path. */
export function memorySource(
  bytes: Uint8Array,
  name = 'the file',
  files: ReadonlyMap<string, Uint8Array> = new Map(),
): ByteSource {
  const view = (offset: number, count: number): Uint8Array => {
    checkRange(name, bytes.length, offset, count);
    return bytes.subarray(offset, offset + count);
  };
  return {
    name,
    size: bytes.length,
    view,
    fill: (offset, target) => target.set(view(offset, target.length)),
    sibling: (path) => {
      const found = files.get(checkSibling(name, path));
      if (!found) throw new WeightsError(`${name} needs the file '${path}' beside it, which is not there`);
      return memorySource(found, path, files);
    },
  };
}

/** A part of a source. @throws WeightsError when it is not inside */
export function windowSource(source: ByteSource, start: number, size: number, name = source.name): ByteSource {
  checkRange(source.name, source.size, start, size);
  return {
    name,
    size,
    view: (offset, count) => {
      checkRange(name, size, offset, count);
      return source.view(start + offset, count);
    },
    fill: (offset, target) => {
      checkRange(name, size, offset, target.length);
      source.fill(start + offset, target);
    },
    sibling: (path) => source.sibling(path),
  };
}

/** @throws WeightsError when `count` bytes at `offset` are not all inside `size` */
export function checkRange(name: string, size: number, offset: number, count: number): void {
  const safe = Number.isSafeInteger(offset) && Number.isSafeInteger(count) && offset >= 0 && count >= 0;
  if (safe && offset + count <= size) return;
  throw new WeightsError(`${name} is cut off or damaged: ${count} bytes wanted at ${offset} of ${size}`);
}

/**
 * The path itself when it stays in the folder of the file that names it.
 *
 * @throws WeightsError for an absolute path, a drive, a backslash and '..'
 */
export function checkSibling(name: string, path: string): string {
  const parts = path.split('/');
  if (path === '' || /[\\:\0]/.test(path) || parts.some((part) => part === '' || part === '..' || part === '.')) {
    throw new WeightsError(`${name} names the file '${path}', which is outside of its folder: refused`);
  }
  return path;
}
