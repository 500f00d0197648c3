import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { valueAt } from '../../engine/checked.js';

/** What every answer says: nothing from elsewhere is loaded, run, framed or told. */
export const HEADERS = {
  'Content-Security-Policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'X-Content-Type-Options': 'nosniff',
  'Cache-Control': 'no-store',
} as const;

/** Names of this machine that a browser may have asked for; others were pointed here by somebody's name server. */
const HOSTS = ['127.0.0.1', 'localhost', '[::1]'];

/**
 * The path of a request behind the token, e.g. '/api/runs'.
 *
 * @returns null: it is to be refused, as it came by another name, from another page, or without the token
 */
export function admit(request: IncomingMessage, port: number, token: string): string | null {
  const { host, origin } = request.headers;
  const own = HOSTS.map((name) => `${name}:${port}`);
  if (host === undefined || !own.includes(host)) return null;
  if (origin !== undefined && origin !== `http://${host}`) return null;
  if (request.method === 'POST' && origin === undefined) return null;
  const [, given = '', ...rest] = valueAt((request.url ?? '').split('?', 1), 0).split('/');
  return isEqual(given, token) ? `/${rest.join('/')}` : null;
}

/** In a time that does not tell how much of it was right. */
function isEqual(given: string, token: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(token)];
  return a.length === b.length && timingSafeEqual(a, b);
}
