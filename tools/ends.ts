import { reportError } from './report.js';

/**
 * The ends of a process that no command sees. Words for stderr that cannot be written are lost and end nothing. A reader of stdout
 * that left (`| head`) ends the program quietly with the status so far, any other failure there, such as a full disk, with a sentence.
 * An error that nobody waits for is printed as every other and ends with status 1; and so does a command whose event loop has
 * nothing left to wait for, which Node ends with status 13 and no word that a person understands.
 */
export function watchEnds(): void {
  process.stderr.on('error', () => undefined);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    const isGone = error.code === 'EPIPE' || (error.code === 'EIO' && process.stdout.isTTY);
    process.exit(isGone ? process.exitCode : reportError(Object.assign(error, { path: 'standard output' })));
  });
  process.on('uncaughtException', (error) => process.exit(reportError(error)));
  process.on('exit', () => {
    if (process.exitCode !== UNSETTLED) return;
    process.exitCode = reportError(new Error('nothing is left to wait for, but the command has not ended'));
  });
}

/** Node's status of a program whose top-level `await` can never end. */
const UNSETTLED = 13;
