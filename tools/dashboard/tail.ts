import { statSync } from 'node:fs';
import { EspalierError } from '../../engine/errors.js';
import { openRegular } from '../../engine/files/read.js';
import { emptyHistory, eventOf, fold, type History, type TimedEvent } from './history.js';

/** Bytes that are read at once; a longer line is skipped. */
const CHUNK = 2 ** 22;
const NEWLINE = 10;

/** A log that grows, read from where the last reading ended. */
export interface Tail {
  readonly history: History;
  /** Set by a reading that found another file, or a shorter one, and began again. */
  readonly restarted: boolean;
  /** Reads what is new, a piece at a time, so that others get their turn. @returns the new events, at most so many */
  read(most?: number): Promise<readonly TimedEvent[]>;
}

/** @param file may not exist yet */
export function createTail(file: string): Tail {
  let history = emptyHistory();
  let [offset, inode] = [0, 0];
  let skipping = false;
  let restarted = false;
  const take = (bytes: Uint8Array, into: TimedEvent[], most: number): number => {
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      if (bytes.length < CHUNK) return 0; // the line is not whole yet
      if (!skipping) history.unreadable++;
      skipping = true;
      return bytes.length;
    }
    const lines = new TextDecoder().decode(bytes.subarray(0, end - 1)).split('\n');
    if (skipping) lines.shift();
    skipping = false;
    for (const line of lines) {
      const event = eventOf(line);
      if (event === null) history.unreadable++;
      else fold(history, event);
      if (event !== null && into.length < most) into.push(event);
    }
    return end;
  };
  return {
    get history() {
      return history;
    },
    get restarted() {
      return restarted;
    },
    read: async (most = Number.POSITIVE_INFINITY) => {
      restarted = false;
      const events: TimedEvent[] = [];
      const found = statSync(file, { throwIfNoEntry: false });
      if (!found?.isFile()) return events;
      if (found.ino !== inode || found.size < offset) {
        restarted = inode !== 0;
        [offset, inode, skipping] = [0, found.ino, false];
        history = emptyHistory();
      }
      while (offset < found.size) {
        const taken = take(pieceOf(file, offset), events, most);
        if (taken === 0) break;
        offset += taken;
        await new Promise((resolve) => setImmediate(resolve));
      }
      return events;
    },
  };
}

function pieceOf(file: string, offset: number): Uint8Array {
  const refuse = (problem: string) => new EspalierError(`${file}: ${problem}`);
  const log = openRegular(file, { maxBytes: Number.MAX_SAFE_INTEGER, refuse });
  try {
    return log.view(offset, CHUNK);
  } finally {
    log.close();
  }
}
