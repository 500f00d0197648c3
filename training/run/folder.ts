import { existsSync, lstatSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { ConfigError } from '../../engine/errors.js';
import { makeFolder, removeEmpty, removePartials, removePartialsIn, writeJson } from '../../engine/files/write.js';
import { beginningOf } from './events.js';
import { takeLock } from './lock.js';
import { askToContinue } from './pause.js';

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
  /** What validation showed to help after answering; absent until it was asked. */
  readonly postprocess: string;
  /** Folder of what is recorded for eyes: batches, answers. */
  readonly pictures: string;
  /** Folder of the curves and tables that are drawn at its end. */
  readonly plots: string;
  /** Names the process that writes to the folder, as long as it does. */
  readonly lock: string;
  /** As long as it is there, the run waits. */
  readonly pause: string;
}

export function runFolder(path: string): RunFolder {
  return {
    path,
    config: join(path, 'config.json'),
    events: join(path, 'events.jsonl'),
    last: join(path, 'checkpoints', 'last.safetensors'),
    best: join(path, 'checkpoints', 'best.safetensors'),
    results: join(path, 'results.json'),
    postprocess: join(path, 'postprocess.json'),
    pictures: join(path, 'pictures'),
    plots: join(path, 'plots'),
    lock: join(path, 'run.lock'),
    pause: join(path, 'paused'),
  };
}

/** The checkpoint to evaluate or predict with: the best, or the last of a run that was not evaluated. */
export function chosenCheckpoint(folder: RunFolder): string {
  for (const file of [folder.best, folder.last]) if (existsSync(file)) return file;
  throw new ConfigError(`${folder.path} holds no checkpoint: give the folder that train --out wrote`);
}

/** A run's folder that no other process writes to. */
export interface HeldRunFolder {
  readonly folder: RunFolder;
  /** Gives it back; a folder that was made for the run and is still empty goes. */
  release(): void;
}

/** What to do where a folder cannot be a run's. */
export const ELSEWHERE = 'choose another folder with --out';

/** @throws ConfigError when it is empty: a variable of a script that was not set, say */
export function requireName(path: string): void {
  if (path.trim() === '') throw new ConfigError(`--out ${JSON.stringify(path)} names no folder: ${ELSEWHERE}`);
}

/**
 * Takes a folder for a run, and makes it where it does not exist. Nothing but the lock is written, and an old pause is over.
 *
 * @param resume the run in it is to be continued
 * @throws ConfigError when the folder holds another run or files that are no run's, or lies inside a run
 * @throws EspalierError when another process trains in it, naming it; WriteError when it cannot be written
 */
export function holdRunFolder(path: string, resume: boolean): HeldRunFolder {
  requireName(path);
  refuseInside(path);
  const made = makeFolder(path, ELSEWHERE);
  const folder = runFolder(path);
  let unlock: (() => void) | null = null;
  const release = (): void => {
    unlock?.();
    removeEmpty(made);
  };
  try {
    unlock = takeLock(folder.lock, ELSEWHERE);
    refuseOccupied(folder, resume);
    askToContinue(folder); // whoever paused an earlier process did not mean this one
  } catch (error) {
    release();
    throw error;
  }
  return { folder, release };
}

/** Makes the held folder that of the run: called when all that could refuse the run has been asked. */
export function settleRun(folder: RunFolder, config: unknown): void {
  makeFolder(dirname(folder.last), ELSEWHERE);
  removePartials([folder.config, folder.events, folder.last, folder.best, folder.results, folder.lock]);
  removePartialsIn([folder.pictures, folder.plots]);
  writeJson(folder.config, config, ELSEWHERE);
}

/** Files of the folder that are there; links that lead nowhere are, too. */
const present = (files: readonly string[]): readonly string[] =>
  files.filter((file) => lstatSync(file, { throwIfNoEntry: false }) !== undefined);

/** A run is never laid over another one, nor over files that only bear its names. */
function refuseOccupied(folder: RunFolder, resume: boolean): void {
  const { path, config, events, results, last, best, pause } = folder;
  if (resume && existsSync(last)) return;
  if (!resume && present([last, best]).length > 0) {
    throw new ConfigError(`${path} already holds a run: continue it with --resume, or ${ELSEWHERE}`);
  }
  // A run that ended before its first checkpoint has nothing to lose.
  const own = beginningOf(events) === null ? [] : [config, events, pause];
  const [foreign] = present([config, events, results, last, best, pause]).filter((file) => !own.includes(file));
  if (foreign === undefined) return;
  throw new ConfigError(`${foreign} is there and belongs to no run that could be continued: ${ELSEWHERE}`);
}

function refuseInside(path: string): void {
  for (let inner = resolve(path), outer = dirname(inner); outer !== inner; inner = outer, outer = dirname(outer)) {
    const { config, events, last } = runFolder(outer);
    if (!existsSync(config) || !(existsSync(last) || existsSync(events))) continue;
    throw new ConfigError(`--out ${path} lies inside the run ${outer}: ${ELSEWHERE}`);
  }
}
