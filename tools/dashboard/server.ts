import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError } from '../../engine/errors.js';
import { readRegular } from '../../engine/files/read.js';
import { runFolder } from '../../training/run/index.js';
import { built } from '../built.js';
import { admit, HEADERS } from './guard.js';
import { listPictures, readPicture } from './pictures.js';
import { describeRun, findRuns } from './runs.js';
import { createStream, type Stream } from './stream.js';

export interface DashboardOptions {
  /** Folder of a run, or one that holds runs. */
  readonly root: string;
  /** 0: a free one. */
  readonly port: number;
  /**
   * Asks the process that trains in a folder to write a checkpoint and end.
   *
   * @returns one sentence: what was done, or why not
   */
  readonly stop: (folder: string) => string;
}

export interface Dashboard {
  /** With the token: who knows it may look, and stop runs. */
  readonly url: string;
  close(): Promise<void>;
}

const FILES: { readonly [path: string]: readonly [file: string, type: string] } = {
  '/': ['page.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
};
/** Connections at the same time, and of them those that stay open. */
const [MOST_CONNECTIONS, MOST_STREAMS] = [256, 64];
const MOST_BYTES = 2 ** 25;

/** Serves the page of a folder of runs on this machine alone; everything else is refused with 404. */
export async function startDashboard({ root, port, stop }: DashboardOptions): Promise<Dashboard> {
  const token = randomBytes(18).toString('base64url');
  const streams = new Map<string, Stream>();
  let open = 0;
  const folderOf = (id: string): string => {
    const folder = findRuns(root).get(id);
    if (folder === undefined) throw new ConfigError('there is no such run');
    return folder;
  };
  const stream = (id: string, response: ServerResponse): void => {
    const { events } = runFolder(folderOf(id));
    if (open >= MOST_STREAMS) {
      end(response, 503, 'text/plain', 'too many pages are open: close one');
      return;
    }
    open++;
    response.on('close', () => open--);
    const found = streams.get(id) ?? createStream(events);
    streams.set(id, found);
    found.add(response);
  };
  const answers: { readonly [path: string]: (response: ServerResponse, query: URLSearchParams) => void } = {
    '/api/runs': (response) =>
      json(
        response,
        [...findRuns(root)].map(([id, folder]) => describeRun(id, folder)),
      ),
    '/api/events': (response, query) => stream(query.get('run') ?? '', response),
    '/api/config': (response, query) => {
      end(response, 200, 'application/json', bytesOf(runFolder(folderOf(query.get('run') ?? '')).config));
    },
    '/api/pictures': (response, query) => json(response, listPictures(folderOf(query.get('run') ?? ''))),
    '/api/picture': (response, query) => {
      const { bytes, type } = readPicture(folderOf(query.get('run') ?? ''), query.get('name') ?? '');
      end(response, 200, type, bytes);
    },
  };
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    const { port: own } = server.address() as AddressInfo;
    const path = admit(request, own, token);
    if (path === null) {
      end(response, 404, 'text/plain', 'nothing here: open the address that was printed');
      return;
    }
    const query = new URL(request.url ?? '', 'http://page').searchParams;
    if (request.method === 'POST' && path === '/api/stop') {
      json(response, stop(folderOf(query.get('run') ?? '')));
      return;
    }
    const file = Object.hasOwn(FILES, path) ? FILES[path] : undefined;
    const answer = Object.hasOwn(answers, path) ? answers[path] : undefined;
    if (request.method !== 'GET') end(response, 405, 'text/plain', 'only GET');
    else if (file) end(response, 200, file[1], bytesOf(built(`dashboard/${file[0]}`)));
    else if (answer) answer(response, query);
    else end(response, 404, 'text/plain', 'nothing here');
  };
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 10_000, maxHeaderSize: 16_384 },
    (request, response) => {
      for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
      request.resume(); // nothing that is sent is read
      try {
        serve(request, response);
      } catch (error) {
        end(response, 404, 'text/plain', error instanceof Error ? error.message : String(error));
      }
    },
  );
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(inUse(error, port)));
    server.listen(port, '127.0.0.1', resolve);
  });
  const { port: own } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${own}/${token}/`,
    close: async () => {
      for (const each of streams.values()) each.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function inUse(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new ConfigError(`port ${port} of this machine is in use: choose another with --port, or leave it out`);
}

function bytesOf(file: string): Uint8Array {
  return readRegular(file, { maxBytes: MOST_BYTES, refuse: (problem) => new ConfigError(`${file}: ${problem}`) });
}

const json = (response: ServerResponse, value: unknown): void =>
  end(response, 200, 'application/json', JSON.stringify(value));

function end(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  if (!response.headersSent) response.writeHead(status, { 'Content-Type': type });
  response.end(body);
}
