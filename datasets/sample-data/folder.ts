import { randomUUID } from 'node:crypto';
import { readdir, rename, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { ConfigError, EspalierError } from '../../engine/errors.js';
import { writeError } from '../../engine/files/write.js';
import { readTextFile } from '../decode/header.js';

export interface SampleOptions {
  /** Folder to create; its parent need not exist. */
  readonly out: string;
  /** Images in all, 2 to 100000; about the last fifth of them validates. */
  readonly images: number;
  readonly seed: number;
}

export interface SampleSummary {
  readonly root: string;
  readonly train: number;
  readonly val: number;
  readonly classes: readonly string[];
  /** False: the folder held the same sample already and was left alone. */
  readonly drawn: boolean;
}

const MARKER = 'sample.json';

/**
 * Draws a sample into a folder, which appears whole or not at all; `sample.json` in it says what was asked for.
 *
 * @param sample name, and a version that is raised when the pictures or the truth change
 * @throws ConfigError for other numbers, or when the folder holds something else; EspalierError when it cannot be written
 */
export async function drawFolder(
  sample: { readonly name: string; readonly version: number },
  { out, images, seed }: SampleOptions,
  draw: (partial: string) => Promise<void>,
): Promise<Pick<SampleSummary, 'root' | 'drawn'>> {
  if (!Number.isInteger(images) || images < 2 || images > 100_000) {
    throw new ConfigError(`images is ${images}: a whole number from 2 to 100000 is expected`);
  }
  if (!Number.isInteger(seed) || seed < 0) throw new ConfigError(`seed is ${seed}: a whole number from 0 is expected`);
  const root = resolve(out);
  const marker = `${JSON.stringify({ sample: sample.name, version: sample.version, images, seed }, null, 2)}\n`;
  if (await holds(root, marker)) return { root, drawn: false };
  const partial = join(dirname(root), `.${basename(root)}.${randomUUID()}`);
  try {
    await draw(partial);
    await writeFile(join(partial, MARKER), marker);
    await rename(partial, root);
  } catch (error) {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined);
    throw writeError(root, error, 'choose another folder with --out');
  }
  return { root, drawn: true };
}

async function holds(root: string, marker: string): Promise<boolean> {
  const names = await readdir(root).catch((error: { code?: string }) => {
    if (error.code === 'ENOENT') return [];
    throw new EspalierError(`${root}: cannot be used as a folder (${error.code})`);
  });
  if (names.length === 0) return false;
  const found = await readTextFile(join(root, MARKER)).catch(() => null);
  if (found === marker) return true;
  throw new ConfigError(
    `${root}: holds ${found === null ? 'other files' : 'another sample'}: choose a new folder, or remove it`,
  );
}
