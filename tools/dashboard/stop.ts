import { hostname } from 'node:os';
import { EspalierError } from '../../engine/errors.js';
import { holderOf, runFolder } from '../../training/run/index.js';

/** Asks the process that trains in a folder, as Ctrl-C does, to write a checkpoint and end; another machine's is not reached. */
export function stopRun(folder: string): string {
  const holder = holderOf(runFolder(folder).lock);
  if (holder === null) return 'nobody trains in this run';
  if (holder.host !== hostname()) return `process ${holder.process} on ${holder.host} trains it: stop it there`;
  try {
    process.kill(holder.process, 'SIGINT');
  } catch (error) {
    throw new EspalierError(
      `process ${holder.process} cannot be asked: ${error instanceof Error ? error.message : error}`,
    );
  }
  return 'asked: it writes a checkpoint after the running step and ends; continue with --resume';
}
