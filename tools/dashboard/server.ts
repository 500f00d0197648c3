import type { ServerResponse } from 'node:http';
import { ConfigError } from '../../engine/errors.js';
import { runFolder } from '../../training/run/index.js';
import type { Controls } from './controls.js';
import { bytesOf, end, json, type PageServer, type Request, startPages } from './http.js';
import { listPictures, readPicture } from './pictures.js';
import { describeRun, findRuns } from './runs.js';
import { createStream, type Stream } from './stream.js';

export interface DashboardOptions {
  /** Folder of a run, or one that holds runs. */
  readonly root: string;
  /** 0: a free one. */
  readonly port: number;
  readonly controls: Controls;
}

export type Dashboard = PageServer;

/** Readers of streams at the same time. */
const MOST_STREAMS = 64;

/** Serves the page of a folder of runs. */
export async function startDashboard({ root, port, controls }: DashboardOptions): Promise<Dashboard> {
  const streams = new Map<string, Stream>();
  let open = 0;
  const folderOf = ({ query }: Request): string => {
    const folder = findRuns(root).get(query.get('run') ?? '');
    if (folder === undefined) throw new ConfigError('there is no such run');
    return folder;
  };
  const stream = (response: ServerResponse, request: Request): void => {
    const folder = folderOf(request);
    if (open >= MOST_STREAMS) {
      end(response, 503, 'text/plain', 'too many pages are open: close one');
      return;
    }
    open++;
    response.on('close', () => open--);
    const found = streams.get(folder) ?? createStream(runFolder(folder).events);
    streams.set(folder, found);
    found.add(response);
  };
  const routes = {
    page: 'dashboard',
    get: {
      '/api/runs': (response: ServerResponse) => {
        const runs = [...findRuns(root)].map(([id, folder]) => describeRun(id, folder));
        json(response, runs);
      },
      '/api/events': stream,
      '/api/config': (response: ServerResponse, request: Request) =>
        end(response, 200, 'application/json', bytesOf(runFolder(folderOf(request)).config)),
      '/api/pictures': (response: ServerResponse, request: Request) => json(response, listPictures(folderOf(request))),
      '/api/picture': (response: ServerResponse, request: Request) => {
        const { bytes, type } = readPicture(folderOf(request), request.query.get('name') ?? '');
        end(response, 200, type, bytes);
      },
    },
    post: Object.fromEntries(
      Object.entries(controls).map(([name, ask]) => [
        `/api/${name}`,
        (response: ServerResponse, request: Request) => json(response, ask(folderOf(request))),
      ]),
    ),
  };
  const server = await startPages(routes, port);
  return {
    url: server.url,
    close: async () => {
      for (const each of streams.values()) each.close();
      await server.close();
    },
  };
}
