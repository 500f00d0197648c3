import { closeSync, existsSync, fstatSync, openSync, readSync, realpathSync } from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { WeightsError } from '../../engine/errors.js';
import { type ByteSource, checkRange, checkSibling } from '../weights/byteSource.js';
import { openWeights } from '../weights/openWeights.js';
import type { PytorchOptions } from '../weights/pytorch.js';
import type { WeightsFile } from '../weights/weightsFile.js';

/** A file on disk that is read where it is needed. */
export interface FileSource extends ByteSource {
  /** Reading afterwards is an error. */
  close(): void;
}

/** @throws WeightsError when the file cannot be opened */
export function fileSource(path: string): FileSource {
  const { file, size } = openFile(path);
  const beside: FileSource[] = [];
  const fill = (offset: number, target: Uint8Array): void => {
    checkRange(path, size, offset, target.length);
    for (let done = 0; done < target.length; ) {
      const count = readSync(file, target, done, target.length - done, offset + done);
      if (count === 0) throw new WeightsError(`${path} became shorter while it was read`);
      done += count;
    }
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
      const found = fileSource(insideFolder(path, name));
      beside.push(found);
      return found;
    },
    close: () => {
      closeSync(file);
      for (const source of beside) source.close();
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

function openFile(path: string): { readonly file: number; readonly size: number } {
  let file: number | null = null;
  try {
    file = openSync(path, 'r');
    const { size } = fstatSync(file);
    return { file, size };
  } catch (error) {
    if (file !== null) closeSync(file);
    throw new WeightsError(`${path} cannot be read: ${(error as Error).message}`);
  }
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
