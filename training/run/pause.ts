import { lstatSync, rmSync } from 'node:fs';
import { writeWhole } from '../../engine/files/write.js';
import type { RunFolder } from './folder.js';

/** Milliseconds between two looks at whether a pause is over. */
const EVERY = 200;

/** Asks the process that trains in a folder, on any machine that sees it, to wait after its running step. @throws WriteError */
export const askToPause = ({ pause }: RunFolder): void =>
  writeWhole(pause, [new TextEncoder().encode('The training waits as long as this file is here.\n')]);

/** A link goes, what it leads to stays. */
export function askToContinue(folder: RunFolder): void {
  if (isPauseAsked(folder)) rmSync(folder.pause, { force: true });
}

/** Whether the file is there, or a link of its name; a folder asks for nothing. */
export const isPauseAsked = ({ pause }: RunFolder): boolean =>
  lstatSync(pause, { throwIfNoEntry: false })?.isDirectory() === false;

/** Waits until the pause is over, or the run is to end. */
export async function waitForEndOfPause(folder: RunFolder, signal: AbortSignal | undefined): Promise<void> {
  while (isPauseAsked(folder) && !signal?.aborted) await new Promise((resolve) => setTimeout(resolve, EVERY));
  askToContinue(folder);
}
