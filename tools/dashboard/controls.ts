import { hostname } from 'node:os';
import { EspalierError, messageOf } from '../../engine/errors.js';
import { askToContinue, askToPause, holderOf, isPauseAsked, runFolder } from '../../training/run/index.js';

/** What the page can ask of the process that trains in a folder. */
export type Control = 'pause' | 'resume' | 'stop';

/** Each gives one sentence: what was done, or why not. */
export type Controls = { readonly [control in Control]: (folder: string) => string };

export const CONTROLS: Controls = {
  /** On any machine that sees the folder. */
  pause: (folder) => {
    const run = runFolder(folder);
    if (holderOf(run.lock) === null) return NOBODY;
    if (isPauseAsked(run)) return 'it was asked to pause already';
    askToPause(run);
    return 'asked: it writes a checkpoint after the running step and waits, its memory kept';
  },
  resume: (folder) => {
    const run = runFolder(folder);
    if (holderOf(run.lock) === null) return NOBODY;
    if (!isPauseAsked(run)) return 'it is not paused';
    askToContinue(run);
    return 'asked: it goes on';
  },
  /** As Ctrl-C does; another machine's process is not reached. */
  stop: (folder) => {
    const holder = holderOf(runFolder(folder).lock);
    if (holder === null) return NOBODY;
    if (holder.host !== hostname()) return `process ${holder.process} on ${holder.host} trains it: stop it there`;
    try {
      process.kill(holder.process, 'SIGINT');
    } catch (error) {
      throw new EspalierError(`process ${holder.process} cannot be asked: ${messageOf(error)}`);
    }
    return 'asked: it writes a checkpoint after the running step and ends; continue with --resume';
  },
};

const NOBODY = 'nobody trains in this run';
