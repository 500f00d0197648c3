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
/** Images after which the list is written, and share of those known: written whole, it would cost the square of their number. */
const [MOST_PENDING, SHARE] = [5000, 0.25];

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Remembers which images of a data set could be decoded, by size and time of change, in the cache of this machine. */
export interface Verifier {
  /** Size of an image that was decoded before and has not changed; null: it has to be looked at. */
  sizeOf(file: string): Promise<Size | null>;
  /** Decodes an image. @param size of its header; null: more than the size is to be told of it each time. @throws DataError when it cannot be */
  verify(file: string, size: Size | null): Promise<void>;
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
    sizeOf: async (file) => {
      const mark = known.get(file);
      if (mark === undefined) return null;
      const [stamp = '', width, height] = mark.split(',');
      if (width === undefined || height === undefined || stamp !== (await stampOf(file))) return null;
      return { width: Number(width), height: Number(height) };
    },
    verify: async (file, size) => {
      const stamp = await stampOf(file);
      const before = known.get(file);
      if (before === stamp || before?.startsWith(`${stamp},`)) return;
      await decodeImage(file, { onNote: () => {} });
      known.set(file, size === null ? stamp : `${stamp},${size.width},${size.height}`);
      if (++pending >= Math.max(MOST_PENDING, SHARE * known.size)) keep();
    },
    keep,
  };
}

/** Size and time of change of a file. */
async function stampOf(file: string): Promise<string> {
  const status = await stat(file).catch(() => null);
  return `${status?.size} ${status?.mtimeMs}`;
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
