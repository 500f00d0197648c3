import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { golden } from '../data.js';

/** Small files by the libraries that own the formats, and what those read in them; made by bench/weights/seeds.py. */
interface Seeds {
  readonly versions: Readonly<Record<string, string>>;
  readonly files: Readonly<
    Record<string, { readonly bytes: number; readonly tensors: Readonly<Record<string, Described>> }>
  >;
}

/** Shape, sum of the values, sum of position (from 1) times value. */
type Described = readonly [shape: readonly number[], sum: number, weighted: number];

export const seeds = golden<Seeds>('weights/files.json');
export const SEED_NAMES = Object.keys(seeds.files);

export function seedBytes(name: string): Uint8Array {
  const path = join(import.meta.dirname, '../golden/weights', `${name}.gz`);
  return new Uint8Array(gunzipSync(readFileSync(path)));
}
