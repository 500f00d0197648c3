import { basename } from 'node:path';
import { DataError } from '../../engine/errors.js';
import { openRegular } from '../../engine/files/read.js';
import { naturalOrder } from '../paths.js';
import { listFiles } from '../stated/images.js';
import type { Parts } from '../stated/splits.js';

/** Words that name the parts of a data set in file and folder names. */
const WORDS = {
  train: /(^|[^a-z])(train|training|trn|tr)(?![a-z])/i,
  val: /(^|[^a-z])(val|valid|validation|dev|eval)(?![a-z])/i,
  test: /(^|[^a-z])(test|testing|tst)(?![a-z])/i,
} as const;
const HEAD_BYTES = 65_536;
/** Files of which the beginning is read. */
const MOST_READ = 200;

/** The part that a path's words name, the last word first; null for none. */
export function partOf(path: string): 'train' | 'val' | 'test' | null {
  for (const step of path.split('/').reverse()) {
    for (const part of ['train', 'val', 'test'] as const) if (WORDS[part].test(step)) return part;
  }
  return null;
}

/** Places by the parts that their names say; places of no part belong to all alone. */
export function partsByName(places: readonly string[]): Parts {
  const named = (part: 'train' | 'val' | 'test') => places.filter((place) => partOf(place) === part);
  const parts: { -readonly [K in keyof Parts]: Parts[K] } = { all: places };
  for (const part of ['train', 'val', 'test'] as const) {
    const found = named(part);
    if (found.length > 0) parts[part] = found;
  }
  return parts;
}

/** The first bytes of a file as text; empty for what cannot be read. */
export function headOf(file: string, bytes = HEAD_BYTES): string {
  try {
    const opened = openRegular(file, {
      maxBytes: Number.MAX_SAFE_INTEGER,
      refuse: (problem) => new DataError(file, problem),
    });
    try {
      const start = opened.view(0, bytes);
      const isWide = (start[0] === 0xff && start[1] === 0xfe) || (start[0] === 0xfe && start[1] === 0xff);
      return isWide
        ? new TextDecoder(start[0] === 0xff ? 'utf-16le' : 'utf-16be').decode(start)
        : new TextDecoder().decode(start);
    } finally {
      opened.close();
    }
  } catch {
    return '';
  }
}

/** Whether the beginning of a JSON file is that of a COCO file; lists of categories alone are no data set. */
export const isCocoStart = (start: string): boolean =>
  /^\uFEFF?\s*\{/.test(start) &&
  !/"categories"\s*:\s*\{/.test(start) &&
  (/"(images|annotations)"\s*:\s*\[/.test(start) ||
    (start.length > HEAD_BYTES / 4 && /"categories"\s*:\s*\[/.test(start)));

/** JSON files of a root that look like COCO, relative to it; captions, keypoints and results are left out where instances are. */
export async function findCoco(root: string): Promise<string[]> {
  const files = (await listFiles(root)).filter((path) => /\.json(\.gz)?$/i.test(path)).sort(naturalOrder);
  const fitting = files.slice(0, MOST_READ).filter((path) => {
    return path.endsWith('.gz') || isCocoStart(headOf(`${root}/${path}`));
  });
  const instances = fitting.filter((path) => basename(path).startsWith('instances_'));
  return instances.length > 0 ? instances : fitting;
}
