import { dirname } from 'node:path';
import { partOf } from '../formats/parts.js';
import { naturalOrder } from '../paths.js';
import type { Parts } from './splits.js';

/** Parts by the names of the folders that hold the files; all of them in the root where no folder says its part. */
export function folderParts(paths: readonly string[]): Parts {
  const folders = [...new Set(paths.map((path) => dirname(path)))].sort(naturalOrder);
  const parts: { -readonly [K in keyof Parts]: Parts[K] } = { all: ['.'] };
  for (const folder of folders) {
    const part = folder === '.' ? null : partOf(folder);
    if (part !== null) parts[part] = [...(parts[part] ?? []), folder];
  }
  return parts.val === undefined && parts.test === undefined ? { all: ['.'] } : parts;
}

/** The folder of a name that holds some of the files; null where there is none. */
export function folderNamed(paths: readonly string[], name: string): readonly string[] | null {
  const folder = name.replaceAll('\\', '/').replace(/\/$/, '');
  return folder === '.' || paths.some((path) => path.startsWith(`${folder}/`)) ? [folder] : null;
}

/** The files of folders, those of the root with all below it. */
export const inFolders = (paths: readonly string[], folders: readonly string[]): readonly string[] =>
  folders.includes('.') ? paths : paths.filter((path) => folders.some((folder) => path.startsWith(`${folder}/`)));
