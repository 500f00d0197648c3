import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../engine/errors.js';
import { makeFolder, writeJson } from './files.js';

/** Where a run keeps what. */
export interface RunFolder {
  readonly path: string;
  /** The resolved config: the run can be repeated from this file alone. */
  readonly config: string;
  /** One JSON object per line. */
  readonly events: string;
  /** State to resume from. */
  readonly last: string;
  /** Weights of the best evaluation so far. */
  readonly best: string;
  /** Figures of the finished run. */
  readonly results: string;
}

export function runFolder(path: string): RunFolder {
  return {
    path,
    config: join(path, 'config.json'),
    events: join(path, 'events.jsonl'),
    last: join(path, 'checkpoints', 'last.safetensors'),
    best: join(path, 'checkpoints', 'best.safetensors'),
    results: join(path, 'results.json'),
  };
}

/** The checkpoint to evaluate or predict with: the best, or the last of a run that was not evaluated. */
export function chosenCheckpoint(folder: RunFolder): string {
  for (const file of [folder.best, folder.last]) if (existsSync(file)) return file;
  throw new ConfigError(`${folder.path} holds no checkpoint: give the folder that train --out wrote`);
}

/**
 * Creates the folder and writes the config, so that an unwritable place is found before the first step.
 *
 * @throws ConfigError when the folder holds a run already and this one does not resume it
 * @throws EspalierError when it cannot be written
 */
export function openRunFolder(path: string, config: unknown, resume: boolean): RunFolder {
  const folder = runFolder(path);
  if (!resume && existsSync(folder.last)) {
    throw new ConfigError(
      `${path} already holds a run: continue it with --resume, or choose another folder with --out`,
    );
  }
  makeFolder(join(path, 'checkpoints'));
  writeJson(folder.config, config);
  return folder;
}
