import { existsSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { WeightsError } from '../engine/errors.js';
import { openRegular } from '../engine/files/read.js';
import { type ByteSource, checkRange, checkSibling } from './bytes/byteSource.js';
import { openWeights } from './openWeights.js';
import type { PytorchOptions } from './pytorch/pytorch.js';
import type { WeightsFile } from './weightsFile.js';

/** A file on disk that is read where it is needed. */
export interface FileSource extends ByteSource {
  /** Reading afterwards is an error. */
  close(): void;
}

/** @throws WeightsError when the file cannot be opened */
export function fileSource(path: string): FileSource {
  const file = openRegular(path, {
    maxBytes: Number.MAX_SAFE_INTEGER, // formats check what they take of it
    refuse: (problem) => new WeightsError(`${path} cannot be read: ${problem}`),
  });
  const { size } = file;
  const beside = new Map<string, FileSource>();
  const fill = (offset: number, target: Uint8Array): void => {
    checkRange(path, size, offset, target.length);
    file.fill(offset, target);
  };
  return {
    name: path,
    size,
    fill,
    view: (offset, count) => {
      checkRange(path, size, offset, count);
      const bytes = new Uint8Array(count);
      fill(offset, bytes);
      return bytes;
    },
    sibling: (name) => {
      const found = beside.get(name) ?? fileSource(insideFolder(path, name));
      beside.set(name, found);
      return found;
    },
    close: () => {
      file.close();
      for (const source of beside.values()) source.close();
    },
  };
}

/** @throws WeightsError when a link leads out of the folder */
function insideFolder(path: string, name: string): string {
  const beside = join(dirname(path), checkSibling(path, name));
  if (!existsSync(beside)) throw new WeightsError(`${path} needs the file '${name}' beside it, which is not there`);
  const real = realpathSync(beside);
  if (real.startsWith(realpathSync(dirname(path)) + sep)) return real;
  throw new WeightsError(`${path} names the file '${name}', which leads out of its folder: refused`);
}

/**
 * `openWeights` of a file on disk, closed when `use` is done: read inside it what is needed.
 *
 * @throws WeightsError when the file cannot be read or is damaged
 */
export async function withWeights<T>(
  path: string,
  use: (file: WeightsFile) => T | Promise<T>,
  options: PytorchOptions = {},
): Promise<T> {
  const source = fileSource(path);
  try {
    return await use(openWeights(source, options));
  } finally {
    source.close();
  }
}
