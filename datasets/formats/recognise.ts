import { join } from 'node:path';
import { naturalOrder, openRoot } from '../paths.js';
import type { Truth } from '../sample.js';
import { isImageName, listFiles } from '../stated/images.js';
import type { Format, Listing, Recognised } from './format.js';
import { headOf } from './parts.js';

/** Files by which a folder is recognised. */
const MOST_LISTED = 50_000;

/** What a folder was recognised as, and by which format. */
export interface Recognition extends Recognised {
  readonly format: Format;
}

/** What a folder holds that no format recognises. */
export interface Unrecognised {
  readonly images: number;
  readonly files: number;
}

/**
 * The format of a folder: the first that recognises it and whose own truth is the one asked for, or else one that can give it.
 *
 * @param truth what is to be learned from; null: whatever there is
 * @returns counts where no format recognises it
 * @throws DataError when there is no such folder
 */
export async function recognise(
  formats: readonly Format[],
  path: string,
  truth: Truth['kind'] | null,
): Promise<Recognition | Unrecognised> {
  const root = await openRoot(path);
  const paths = (await listFiles(root.path)).sort(naturalOrder);
  const listing: Listing = {
    root: root.path,
    paths: paths.slice(0, MOST_LISTED),
    head: async (file) => headOf(join(root.path, file)),
  };
  let second: Recognition | null = null;
  for (const format of formats) {
    if (truth !== null && format.readers[truth] === undefined) continue;
    const found = await format.recognise(listing);
    if (found === null) continue;
    if (truth === null || found.truth === truth) return { ...found, format };
    second ??= { ...found, format };
  }
  return second ?? { images: paths.filter(isImageName).length, files: paths.length };
}
