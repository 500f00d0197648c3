import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { readText } from '../engine/files/read.js';
import { writeWhole } from '../engine/files/write.js';
import { cacheFolder } from '../engine/host/cache.js';
import { decodeImage } from './decode/decodeImage.js';

/** Bytes of a list of verified images. */
const MAX_BYTES = 2 ** 28;
/** Images after which the list is written. */
const MOST_PENDING = 5000;

/** Remembers which images of a data set could be decoded, by size and time of change, in the cache of this machine. */
export interface Verifier {
  /** Decodes an image, unless it was decoded before. @throws DataError when it cannot be */
  verify(file: string): Promise<void>;
  /** Keeps what was found; where the cache cannot be written, it is found again. */
  keep(): void;
}

/** @param root folder of the data set */
export function createVerifier(root: string): Verifier {
  const list = listOf(root);
  const known = list === null ? new Map<string, string>() : readList(list);
  let pending = 0;
  const keep = (): void => {
    if (pending === 0 || list === null) return;
    pending = 0;
    try {
      mkdirSync(dirname(list), { recursive: true });
      writeWhole(list, [new TextEncoder().encode(JSON.stringify(Object.fromEntries(known)))]);
    } catch {
      // A cache that cannot be written costs time alone.
    }
  };
  return {
    async verify(file) {
      const status = await stat(file).catch(() => null);
      const mark = `${status?.size} ${status?.mtimeMs}`;
      if (known.get(file) === mark) return;
      await decodeImage(file, { onNote: () => {} });
      known.set(file, mark);
      if (++pending >= MOST_PENDING) keep();
    },
    keep,
  };
}

/** Where what is known of a data set is kept; null: this machine has no cache. */
function listOf(root: string): string | null {
  try {
    const name = createHash('sha256').update(root).digest('hex').slice(0, 24);
    return join(cacheFolder(), 'images', `${name}.json`);
  } catch {
    return null;
  }
}

function readList(file: string): Map<string, string> {
  try {
    const text = readText(file, { maxBytes: MAX_BYTES, refuse: (problem) => new Error(problem) });
    const entries = Object.entries(JSON.parse(text) as object);
    return new Map(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
  } catch {
    return new Map();
  }
}
