import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');

/** Folder of extra real data (images, annotations); tests that need it are skipped with this reason when it is absent. */
export const dataRoot = process.env.ESPALIER_DATA ?? join(root, '../shared/data');
export const dataMissing = existsSync(dataRoot) ? undefined : `no extra data at ${dataRoot} (set ESPALIER_DATA)`;

/** Path of a file or folder of the extra data. */
export const dataPath = (...parts: string[]): string => join(dataRoot, ...parts);

/** A golden of test/golden; `.gz` is unpacked. */
export function golden<T>(name: string): T {
  const bytes = readFileSync(join(root, 'test/golden', name));
  return JSON.parse((name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8')) as T;
}
