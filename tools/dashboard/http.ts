import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ConfigError, messageOf } from '../../engine/errors.js';
import { readRegular } from '../../engine/files/read.js';
import { built } from '../built.js';
import { admit, HEADERS } from './guard.js';

export interface Request {
  readonly query: URLSearchParams;
  /** Text of a POST. */
  readonly body: string;
}

export type Route = (response: ServerResponse, request: Request) => void | Promise<void>;

export interface Routes {
  /** Folder in dist/ that holds the page: page.html, page.js, page.css. */
  readonly page: string;
  readonly get: { readonly [path: string]: Route };
  readonly post: { readonly [path: string]: Route };
}

export interface PageServer {
  /** With the token: who knows it may look, and do what the page's buttons do. */
  readonly url: string;
  close(): Promise<void>;
}

const FILES: { readonly [path: string]: readonly [file: string, type: string] } = {
  '/': ['page.html', 'text/html; charset=utf-8'],
  '/page.js': ['page.js', 'text/javascript; charset=utf-8'],
  '/page.css': ['page.css', 'text/css; charset=utf-8'],
};
/** Connections at the same time; bytes of a file that is sent, and of what is taken. */
const [MOST_CONNECTIONS, MOST_BYTES, MOST_BODY] = [256, 2 ** 25, 2 ** 20];

/**
 * Serves a page on this machine alone; everything else is refused with 404, and so is what a route throws.
 *
 * @param port 0: a free one
 * @throws ConfigError when the port is in use
 */
export async function startPages({ page, get, post }: Routes, port: number): Promise<PageServer> {
  const token = randomBytes(18).toString('base64url');
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = admit(request, (server.address() as AddressInfo).port, token);
    const { method } = request;
    const routes = method === 'POST' ? post : get;
    const file = method === 'GET' && path !== null && Object.hasOwn(FILES, path) ? FILES[path] : undefined;
    const route = path !== null && Object.hasOwn(routes, path) ? routes[path] : undefined;
    if (path === null) end(response, 404, 'text/plain', 'nothing here: open the address that was printed');
    else if (method !== 'GET' && method !== 'POST') end(response, 405, 'text/plain', 'only GET');
    else if (file) end(response, 200, file[1], bytesOf(built(`${page}/${file[0]}`)));
    else if (!route) end(response, 404, 'text/plain', 'nothing here');
    else {
      const query = new URL(request.url ?? '', 'http://page').searchParams;
      await route(response, { query, body: method === 'POST' ? await bodyOf(request) : '' });
    }
  };
  const limits = { requestTimeout: 10_000, headersTimeout: 10_000, maxHeaderSize: 16_384 };
  const server = createServer(limits, (request, response) => {
    for (const [name, value] of Object.entries(HEADERS)) response.setHeader(name, value);
    serve(request, response).catch((error: unknown) => {
      end(response, 404, 'text/plain', messageOf(error));
    });
  });
  server.maxConnections = MOST_CONNECTIONS;
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(inUse(error, port)));
    server.listen(port, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/${token}/`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of request) {
    size += (part as Buffer).length;
    if (size > MOST_BODY) throw new ConfigError(`at most ${MOST_BODY} bytes are taken`);
    parts.push(part as Buffer);
  }
  return Buffer.concat(parts).toString('utf8');
}

function inUse(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new ConfigError(`port ${port} of this machine is in use: choose another with --port, or leave it out`);
}

/** A file as it is. */
export function bytesOf(file: string): Uint8Array {
  return readRegular(file, { maxBytes: MOST_BYTES, refuse: (problem) => new ConfigError(`${file}: ${problem}`) });
}

export const json = (response: ServerResponse, value: unknown): void =>
  end(response, 200, 'application/json', JSON.stringify(value));

export function end(response: ServerResponse, status: number, type: string, body: string | Uint8Array): void {
  if (!response.headersSent) response.writeHead(status, { 'Content-Type': type });
  response.end(body);
}
