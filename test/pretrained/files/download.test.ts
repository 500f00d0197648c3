import { createHash, randomBytes } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { downloadFile } from '../../../pretrained/files/download.js';
import { pullReleased, releasedPath } from '../../../pretrained/files/pullReleased.js';
import { RELEASED_WEIGHTS } from '../../../pretrained/released.js';

const content = randomBytes(300_000);
const digest = createHash('sha256').update(content).digest('hex');
const digits = digest.slice(0, 8);

let folder: string;
let server: Server;
let origin: string;
let ranges: (string | undefined)[];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

/** As a file server does: whole, or from where the client asks. */
const serve = (request: IncomingMessage, response: ServerResponse, bytes: Buffer = content): void => {
  const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  if (from >= bytes.length) {
    response.writeHead(416).end();
    return;
  }
  const rest = bytes.subarray(from);
  response.writeHead(from > 0 ? 206 : 200, { 'content-length': rest.length }).end(rest);
};

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'download-'));
  ranges = [];
  answer = serve;
  server = createServer((request, response) => {
    ranges.push(request.headers.range);
    answer(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

describe('downloading a file', () => {
  it('gives it whole, with its digest, and says how far it is', async () => {
    const path = join(folder, 'file.pth');
    const seen: (readonly [number, number | null])[] = [];
    const found = await downloadFile(`${origin}/file.pth`, path, { digits, onBytes: (...at) => seen.push(at) });
    expect(found).toBe(digest);
    expect(readFileSync(path).equals(content)).toBe(true);
    expect(seen.at(-1)).toEqual([content.length, content.length]);
    expect(readdirSync(folder)).toEqual(['file.pth']);
  });

  it('goes on where it was interrupted', async () => {
    const path = join(folder, 'file.pth');
    answer = (_, response) => {
      response.writeHead(200, { 'content-length': content.length });
      response.write(content.subarray(0, 100_000), () => setTimeout(() => response.destroy(), 20));
    };
    await expect(downloadFile(`${origin}/file.pth`, path, { digits })).rejects.toThrow(/cannot be fetched/);
    expect(existsSync(path)).toBe(false);
    answer = serve;
    await downloadFile(`${origin}/file.pth`, path, { digits });
    expect(ranges).toEqual([undefined, 'bytes=100000-']);
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it.each([
    ['of another file', randomBytes(1000)],
    ['that is longer than the file', randomBytes(content.length + 5)],
    ['that is the whole file', content],
  ])('starts again after a remainder %s, or is done', async (_, remainder) => {
    const path = join(folder, 'file.pth');
    writeFileSync(`${path}.part`, remainder);
    await downloadFile(`${origin}/file.pth`, path, { digits });
    expect(readFileSync(path).equals(content)).toBe(true);
  });

  it('keeps nothing of another digest', async () => {
    const path = join(folder, 'file.pth');
    const failed = downloadFile(`${origin}/file.pth`, path, { digits: '00000000' });
    await expect(failed).rejects.toThrow(`has the SHA-256 ${digest}, expected one that starts with 00000000`);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('refuses what is not https, also behind a redirect', async () => {
    const path = join(folder, 'file.pth');
    await expect(downloadFile('http://example.org/file.pth', path, { digits })).rejects.toThrow('is not https');
    answer = (_, response) => response.writeHead(302, { location: 'http://example.org/other' }).end();
    await expect(downloadFile(`${origin}/file.pth`, path, { digits })).rejects.toThrow(
      'http://example.org/other is not https',
    );
    answer = (_, response) => response.writeHead(302, { location: '/again' }).end();
    await expect(downloadFile(`${origin}/file.pth`, path, { digits })).rejects.toThrow('redirects more than 10 times');
  });

  it('follows a redirect', async () => {
    const path = join(folder, 'file.pth');
    answer = (request, response) => {
      if (request.url === '/file.pth') response.writeHead(302, { location: '/moved' }).end();
      else serve(request, response);
    };
    expect(await downloadFile(`${origin}/file.pth`, path, { digits })).toBe(digest);
  });

  it('says what the server answered, and what to do', async () => {
    answer = (_, response) => response.writeHead(404).end();
    const failed = downloadFile(`${origin}/file.pth`, join(folder, 'file.pth'), { digits });
    await expect(failed).rejects.toThrow(/answered 404 Not Found: .*--from FILE/);
    expect(readdirSync(folder)).toEqual([]);
  });

  it('follows no link that lies in its way', async () => {
    const path = join(folder, 'file.pth');
    writeFileSync(join(folder, 'mine'), 'mine');
    symlinkSync(join(folder, 'mine'), `${path}.part`);
    await expect(downloadFile(`${origin}/file.pth`, path, { digits })).rejects.toThrow('cannot be written (ELOOP)');
    expect(readFileSync(join(folder, 'mine'), 'utf8')).toBe('mine');
  });
});

describe('pulling published weights', () => {
  const entry = { ...RELEASED_WEIGHTS[0]!, url: `https://example.org/some-${digits}.pth`, digits };

  it('takes them from a mirror into the cache, once', async () => {
    process.env.ESPALIER_CACHE = folder;
    try {
      const path = await pullReleased(entry, { mirror: `${origin}/weights/` });
      expect(path).toBe(releasedPath(entry));
      expect(path).toBe(join(folder, 'weights', `some-${digits}.pth`));
      await pullReleased(entry, { mirror: `${origin}/weights/` });
      expect(ranges).toHaveLength(1);
    } finally {
      delete process.env.ESPALIER_CACHE;
    }
  });

  it('takes a file fetched by hand, if it is the one', async () => {
    process.env.ESPALIER_CACHE = folder;
    try {
      const from = join(folder, 'by-hand.pth');
      writeFileSync(from, 'another');
      await expect(pullReleased(entry, { from, offline: true })).rejects.toThrow('another file');
      writeFileSync(from, content);
      const path = await pullReleased(entry, { from, offline: true });
      expect(readFileSync(path).equals(content)).toBe(true);
      expect(ranges).toEqual([]);
    } finally {
      delete process.env.ESPALIER_CACHE;
    }
  });

  it('offline names the path and the command', async () => {
    process.env.ESPALIER_CACHE = folder;
    try {
      await expect(pullReleased(entry, { offline: true })).rejects.toThrow(/not in the cache .* weights pull/);
    } finally {
      delete process.env.ESPALIER_CACHE;
    }
  });
});
