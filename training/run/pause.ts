import { existsSync, rmSync } from 'node:fs';
import { writeWhole } from '../../engine/files/write.js';
import type { RunFolder } from './folder.js';

/** Milliseconds between two looks at whether a pause is over. */
const EVERY = 200;

/** Asks the process that trains in a folder, on any machine that sees it, to wait after its running step. @throws WriteError */
export const askToPause = ({ pause }: RunFolder): void =>
  writeWhole(pause, [new TextEncoder().encode('The training waits as long as this file is here.\n')]);

export const askToContinue = ({ pause }: RunFolder): void => rmSync(pause, { force: true });

export const isPauseAsked = ({ pause }: RunFolder): boolean => existsSync(pause);

/** Waits until the pause is over, or the run is to end. */
export async function waitForEndOfPause(folder: RunFolder, signal: AbortSignal | undefined): Promise<void> {
  while (isPauseAsked(folder) && !signal?.aborted) await new Promise((resolve) => setTimeout(resolve, EVERY));
  askToContinue(folder);
}
