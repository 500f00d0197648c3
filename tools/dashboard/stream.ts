import type { ServerResponse } from 'node:http';
import { messageOf } from '../../engine/errors.js';
import type { TimedEvent } from './history.js';
import { createTail, type Tail } from './tail.js';

/** Milliseconds between two looks at a log. */
const EVERY = 500;
/** New events that are sent one by one; of more the whole history is sent anew. */
const MOST_EVENTS = 2000;
/** Bytes that wait for a reader; one who is slower is let go, and comes back by itself. */
const MOST_WAITING = 2 ** 23;

/** The readers of one run: its history first, then what is new. */
export interface Stream {
  add(response: ServerResponse): void;
  close(): void;
}

/** Reads the log as long as somebody reads. */
export function createStream(file: string): Stream {
  const readers = new Set<ServerResponse>();
  const tail: Tail = createTail(file);
  const waiting = new Set<ServerResponse>();
  let timer: NodeJS.Timeout | null = null;
  let isReading = false;
  const send = (reader: ServerResponse, name: string, value: unknown): void => {
    reader.write(`event: ${name}\ndata: ${JSON.stringify(value)}\n\n`);
    if (reader.writableLength > MOST_WAITING) reader.destroy();
  };
  const look = async (): Promise<void> => {
    if (isReading) return;
    isReading = true;
    try {
      const events: readonly TimedEvent[] = await tail.read(MOST_EVENTS + 1);
      const isWhole = tail.restarted || events.length > MOST_EVENTS;
      for (const reader of readers) {
        if (isWhole || waiting.delete(reader)) send(reader, 'history', tail.history);
        else if (events.length > 0) send(reader, 'events', events);
      }
      waiting.clear();
    } catch (error) {
      for (const reader of readers) send(reader, 'trouble', messageOf(error));
    } finally {
      isReading = false;
    }
  };
  const stop = (): void => {
    if (timer !== null) clearInterval(timer);
    timer = null;
  };
  return {
    add: (response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.write('retry: 1000\n\n');
      readers.add(response);
      waiting.add(response);
      response.on('close', () => {
        readers.delete(response);
        waiting.delete(response);
        if (readers.size === 0) stop();
      });
      timer ??= setInterval(() => void look(), EVERY).unref();
      void look();
    },
    close: () => {
      stop();
      for (const reader of readers) reader.end();
    },
  };
}
