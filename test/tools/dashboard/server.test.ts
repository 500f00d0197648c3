import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Dashboard, startDashboard } from '../../../tools/dashboard/server.js';
import { startLine, stepLine } from './lines.js';

const HOSTILE = '<script>alert(1)</script>';
let folder: string;
let page: Dashboard;
const stopped: string[] = [];

function makeRun(name: string, lines: readonly string[]): string {
  const path = join(folder, 'runs', name);
  mkdirSync(join(path, 'pictures'), { recursive: true });
  writeFileSync(join(path, 'events.jsonl'), `${lines.join('\n')}\n`);
  writeFileSync(join(path, 'config.json'), '{"task":"detection"}');
  return path;
}

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-dashboard-'));
  writeFileSync(join(folder, 'secret.json'), '{"secret":1}');
  const run = makeRun('a', [startLine(100), stepLine(1), stepLine(2)]);
  writeFileSync(join(run, 'pictures/batch-0.json'), '{"step":0,"pictures":[]}');
  symlinkSync(join(folder, 'secret.json'), join(run, 'pictures/batch-1.json'));
  makeRun('b & %2e%2e', [startLine(10), 'no json', `{"event":"warning","step":1,"message":"${HOSTILE}"}`]);
  page = await startDashboard({
    root: join(folder, 'runs'),
    port: 0,
    controls: {
      stop: (path) => {
        stopped.push(path);
        return 'asked';
      },
      pause: () => 'paused',
      resume: () => 'resumed',
    },
  });
});

afterAll(async () => {
  await page.close();
  rmSync(folder, { recursive: true, force: true });
});

interface Answer {
  readonly status: number;
  readonly headers: { readonly [name: string]: string | string[] | undefined };
  readonly text: string;
}

/** A request whose path and headers are not made decent, as a browser would. */
function ask(path: string, options: { method?: string; headers?: { [name: string]: string } } = {}): Promise<Answer> {
  const { port, pathname } = new URL(page.url);
  return new Promise((resolve, reject) => {
    const sent = request(
      { port, host: '127.0.0.1', path: path.startsWith('!') ? path.slice(1) : pathname + path, ...options },
      (response) => {
        let text = '';
        response.on('data', (part) => {
          text += part;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
      },
    );
    sent.on('error', reject);
    sent.end();
  });
}

const origin = (): string => new URL(page.url).origin;

describe('the page of runs', () => {
  it('lists runs, their configs and pictures to who has the token', async () => {
    const runs = JSON.parse((await ask('api/runs')).text) as { id: string; step: number; steps: number }[];
    expect(runs.map(({ id, step, steps }) => [id, step, steps])).toEqual([
      ['a', 2, 100],
      ['b & %2e%2e', 1, 10],
    ]);
    expect((await ask('api/config?run=a')).text).toContain('detection');
    expect(JSON.parse((await ask('api/pictures?run=a')).text)).toEqual({ batches: [0, 1], answers: [] });
    expect((await ask('api/picture?run=a&name=batch-0.json')).status).toBe(200);
  });

  it('allows nothing from elsewhere and no code that is made from text', async () => {
    const { status, headers, text } = await ask('');
    expect(status).toBe(200);
    expect(text).toContain('<script type="module" src="page.js">');
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self'/);
    expect(headers['content-security-policy']).not.toContain('unsafe');
    expect(headers['referrer-policy']).toBe('no-referrer');
    expect(headers['x-content-type-options']).toBe('nosniff');
  });
});

describe('refused is', () => {
  it('who has no token, or a part of it', async () => {
    const { pathname } = new URL(page.url);
    for (const path of ['/', '/api/runs', `${pathname.slice(0, -2)}/api/runs`, `${pathname.slice(0, -1)}x/api/runs`]) {
      expect((await ask(`!${path}`)).status).toBe(404);
    }
  });

  it('another name of this machine, as after DNS rebinding, and another page', async () => {
    expect((await ask('api/runs', { headers: { Host: 'evil.example' } })).status).toBe(404);
    expect((await ask('api/runs', { headers: { Host: '127.0.0.1:1' } })).status).toBe(404);
    expect((await ask('api/runs', { headers: { Origin: 'http://evil.example' } })).status).toBe(404);
    expect((await ask('api/runs', { headers: { Origin: 'null' } })).status).toBe(404);
  });

  it('a path out of the folder, by run, by name and by link', async () => {
    for (const path of [
      'api/config?run=..',
      'api/config?run=%2e%2e%2f',
      'api/config?run=__proto__',
      'api/picture?run=a&name=../config.json',
      'api/picture?run=a&name=..%2f..%2f..%2fsecret.json',
      'api/picture?run=a&name=batch-1.json', // a link to the secret
      'api/picture?run=a&name=run.lock',
      '../../secret.json',
      '..%2f..%2fsecret.json',
      'constructor',
    ]) {
      const { status, text } = await ask(path);
      expect([path, status]).toEqual([path, 404]);
      expect(text).not.toContain('secret"');
    }
  });

  it('stopping a run from another page, or without saying from which', async () => {
    expect((await ask('api/stop?run=a', { method: 'POST' })).status).toBe(404);
    expect((await ask('api/stop?run=a', { method: 'POST', headers: { Origin: 'http://evil.example' } })).status).toBe(
      404,
    );
    for (const control of ['stop', 'pause', 'resume', 'constructor'])
      expect((await ask(`api/${control}?run=a`)).status).toBe(404);
    expect((await ask('api/pause?run=a', { method: 'POST' })).status).toBe(404);
    expect(stopped).toEqual([]);
    const own = { method: 'POST', headers: { Origin: origin() } };
    expect((await ask('api/stop?run=nothing', own)).status).toBe(404);
    expect((await ask('api/pause?run=a', own)).text).toBe('"paused"');
    expect((await ask('api/resume?run=a', own)).text).toBe('"resumed"');
    expect((await ask('api/stop?run=a', own)).text).toBe('"asked"');
    expect(stopped).toEqual([join(folder, 'runs/a')]);
  });

  it('other methods', async () => {
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'HEAD']) expect((await ask('', { method })).status).toBe(405);
  });
});

describe('the stream of a run', () => {
  it('begins with its history and goes on with what is new, also after the log began anew', async () => {
    const path = makeRun('live', [startLine(9), stepLine(1)]);
    const { port, pathname } = new URL(page.url);
    let text = '';
    const until = (part: string): Promise<void> =>
      new Promise((resolve) => {
        const look = (): unknown => (text.includes(part) ? resolve() : setTimeout(look, 20));
        look();
      });
    const sent = request({ port, host: '127.0.0.1', path: `${pathname}api/events?run=live` }, (response) => {
      response.on('data', (data) => {
        text += data;
      });
    });
    sent.end();
    await until('"stride":1');
    writeFileSync(join(path, 'events.jsonl'), `${stepLine(2)}\n`, { flag: 'a' });
    await until('event: events');
    expect(text.split('event: events')[1]).toContain('"step":2');
    rmSync(join(path, 'events.jsonl'));
    writeFileSync(join(path, 'events.jsonl'), `${startLine(77)}\n`);
    await until('"steps":77');
    sent.destroy();
  });

  it('refuses the sixty-fifth, and 200 connections do not hold the others up', async () => {
    const { port, pathname } = new URL(page.url);
    const streams = Array.from({ length: 200 }, () => {
      const sent = request({ port, host: '127.0.0.1', path: `${pathname}api/events?run=a`, agent: false });
      const status = new Promise<number>((resolve) => {
        sent.on('response', ({ statusCode }) => resolve(statusCode ?? 0)).on('error', () => resolve(0));
      });
      sent.end();
      return { sent, status };
    });
    const statuses = await Promise.all(streams.map(({ status }) => status));
    expect(statuses.filter((status) => status === 200).length).toBeLessThanOrEqual(64);
    expect(statuses.filter((status) => status === 503).length).toBeGreaterThanOrEqual(136);
    expect((await ask('api/runs')).status).toBe(200);
    for (const { sent } of streams) sent.destroy();
  });
});

describe('a hostile folder', () => {
  it('with a log of a gigabyte that has no end of a line is skipped in bounded memory', async () => {
    const path = makeRun('huge', [startLine(5)]);
    truncateSync(join(path, 'events.jsonl'), 2 ** 30); // a hole: no disk is taken
    const before = process.memoryUsage().rss;
    const runs = await ask('api/runs');
    expect(runs.text).toContain('"huge"');
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 28);
    rmSync(path, { recursive: true });
  });
});
