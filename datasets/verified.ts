import { createHash } from 'node:crypto';
import { mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readRegular } from '../engine/files/read.js';
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
  const kept = list === null ? lookUp(new Uint8Array()) : readList(list);
  const added = new Map<string, string>();
  let pending = 0;
  const markOf = (file: string): string | undefined => added.get(file) ?? kept.markOf(file);
  const keep = (): void => {
    if (pending === 0 || list === null) return;
    pending = 0;
    try {
      mkdirSync(dirname(list), { recursive: true });
      writeWhole(list, kept.withLines(added));
    } catch {
      // A cache that cannot be written costs time alone.
    }
  };
  return {
    sizeOf: async (file) => {
      const mark = markOf(file);
      if (mark === undefined) return null;
      const [stamp = '', width, height] = mark.split(',');
      if (width === undefined || height === undefined || stamp !== stampOf(file)) return null;
      return { width: Number(width), height: Number(height) };
    },
    verify: async (file, size) => {
      const stamp = stampOf(file);
      const before = markOf(file);
      if (before === stamp || before?.startsWith(`${stamp},`)) return;
      await decodeImage(file, { onNote: () => {} });
      if (!/[\n\t]/.test(file)) added.set(file, size === null ? stamp : `${stamp},${size.width},${size.height}`);
      if (++pending >= Math.max(MOST_PENDING, SHARE * (kept.count + added.size))) keep();
    },
    keep,
  };
}

/** Size and time of change of a file. */
function stampOf(file: string): string {
  const status = statSync(file, { throwIfNoEntry: false });
  return `${status?.size} ${status?.mtimeMs}`;
}

/** Where what is known of a data set is kept; null: this machine has no cache. */
function listOf(root: string): string | null {
  try {
    const name = createHash('sha256').update(root).digest('hex').slice(0, 24);
    return join(cacheFolder(), 'images', `${name}.txt`);
  } catch {
    return null;
  }
}

function readList(file: string): Lines {
  try {
    return lookUp(readRegular(file, { maxBytes: MAX_BYTES, refuse: (problem) => new Error(problem) }));
  } catch {
    return lookUp(new Uint8Array());
  }
}

/** Lines of a file, a tab, and what is known of it, as they lie in the list: a million of them as texts would take half a gigabyte. */
interface Lines {
  readonly count: number;
  markOf(file: string): string | undefined;
  /** The lines of files that have none among the others, and the others. */
  withLines(others: ReadonlyMap<string, string>): readonly Uint8Array[];
}

const [TAB, NEWLINE] = [9, 10];

function lookUp(bytes: Uint8Array): Lines {
  const decoder = new TextDecoder();
  const starts: number[] = [];
  for (let at = 0, tab = -1, end = 0; at < bytes.length; at = end + 1) {
    end = endOf(bytes, NEWLINE, at);
    if (tab < at) tab = endOf(bytes, TAB, at);
    if (tab < end) starts.push(at);
  }
  /** Positions of lines from 1, at the hash of their file or the next free place. */
  const table = new Int32Array(2 ** Math.ceil(Math.log2(2 * starts.length + 2)));
  for (const [line, at] of starts.entries()) {
    let place = hashOf(bytes, at, endOf(bytes, TAB, at)) % table.length;
    while (table[place] !== 0) place = (place + 1) % table.length;
    table[place] = line + 1;
  }
  /** Start of the line of a file; -1: it has none. */
  const lineOf = (file: string): number => {
    const name = new TextEncoder().encode(file);
    for (
      let place = hashOf(name, 0, name.length) % table.length;
      table[place] !== 0;
      place = (place + 1) % table.length
    ) {
      const at = starts[(table[place] as number) - 1] as number;
      let i = 0;
      while (i < name.length && bytes[at + i] === name[i]) i++;
      if (i === name.length && bytes[at + i] === TAB) return at;
    }
    return -1;
  };
  return {
    count: starts.length,
    markOf: (file) => {
      const at = lineOf(file);
      if (at < 0) return undefined;
      return decoder.decode(bytes.subarray(endOf(bytes, TAB, at) + 1, endOf(bytes, NEWLINE, at)));
    },
    withLines: (others) => {
      const replaced = new Set([...others.keys()].map(lineOf));
      const parts: Uint8Array[] = [];
      let from = 0;
      for (const at of starts) {
        if (!replaced.has(at)) continue;
        parts.push(bytes.subarray(from, at));
        from = endOf(bytes, NEWLINE, at) + 1;
      }
      const lines = Array.from(others, ([file, mark]) => `${file}\t${mark}\n`);
      return [...parts, bytes.subarray(from), new TextEncoder().encode(lines.join(''))];
    },
  };
}

function endOf(bytes: Uint8Array, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from);
  return at < 0 ? bytes.length : at;
}

/** @source Fowler, Noll, Vo: FNV-1a, 32 bits */
function hashOf(bytes: Uint8Array, from: number, to: number): number {
  let hash = 0x811c9dc5;
  for (let i = from; i < to; i++) hash = Math.imul(hash ^ (bytes[i] as number), 0x01000193);
  return hash >>> 0;
}
