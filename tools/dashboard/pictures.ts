import { readdirSync, realpathSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../engine/errors.js';
import { readRegular } from '../../engine/files/read.js';
import { runFolder } from '../../training/run/index.js';

/** Names of what a run keeps for eyes; nothing else is read. */
const NAME = /^(?:batch|answers|val|worst)(?:-\d{1,12}){1,2}\.(json|jpg)$/;
const TYPES: { readonly [ending: string]: string } = { json: 'application/json', jpg: 'image/jpeg' };
const MOST_BYTES = 2 ** 25;

/** Steps whose batches and answers were kept, ascending. */
export function listPictures(folder: string): { readonly batches: number[]; readonly answers: number[] } {
  const names = namesIn(runFolder(folder).pictures);
  const steps = (kind: string): number[] =>
    names
      .flatMap((name) => new RegExp(`^${kind}-(\\d{1,12})\\.json$`).exec(name)?.[1] ?? [])
      .map(Number)
      .sort((a, b) => a - b);
  return { batches: steps('batch'), answers: steps('answers') };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** @throws ConfigError for a name that is none of them, and for a link that leads out of the folder */
export function readPicture(folder: string, name: string): { readonly bytes: Uint8Array; readonly type: string } {
  const type = TYPES[NAME.exec(name)?.[1] ?? ''];
  if (type === undefined) throw new ConfigError('there is no such picture');
  const file = join(runFolder(folder).pictures, name);
  const refuse = (problem: string) => new ConfigError(`${name}: ${problem}`);
  if (dirname(resolved(file)) !== join(resolved(folder), 'pictures'))
    throw refuse('it lies outside the folder of the run');
  return { bytes: readRegular(file, { maxBytes: MOST_BYTES, refuse }), type };
}

function resolved(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    throw new ConfigError('there is no such picture');
  }
}
