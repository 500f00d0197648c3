import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  openRegular,
  type ReadLimit,
  readRegular,
  readStart,
  readText,
  streamRegular,
} from '../../../engine/files/read.js';

const folder = mkdtempSync(join(tmpdir(), 'files-'));
const at = (name: string): string => join(folder, name);
const limit: ReadLimit = { maxBytes: 100, refuse: (problem) => new Error(`refused: ${problem}`) };
const server = createServer();

beforeAll(async () => {
  writeFileSync(at('plain'), 'plain text');
  writeFileSync(at('empty'), '');
  mkdirSync(at('folder'));
  writeFileSync(at('sparse'), '');
  truncateSync(at('sparse'), 2 ** 40);
  symlinkSync(at('plain'), at('link'));
  symlinkSync('/dev/zero', at('zeros'));
  symlinkSync(at('itself'), at('itself'));
  spawnSync('mkfifo', [at('pipe')]);
  await new Promise<void>((resolve) => server.listen(at('socket'), resolve));
});
afterAll(() => {
  server.close();
  rmSync(folder, { recursive: true });
});

/** Every way to read a whole file. */
const READERS: { readonly [name: string]: (path: string) => Promise<string> } = {
  readRegular: async (path) => Buffer.from(readRegular(path, limit)).toString(),
  readText: async (path) => readText(path, limit),
  readStart: async (path) => Buffer.from((await readStart(path, limit)).bytes).toString(),
  streamRegular: async (path) => Buffer.concat(await streamRegular(path, limit).toArray()).toString(),
};

describe.each(Object.entries(READERS))('%s', (_name, read) => {
  it('reads a file, an empty one, and what a link leads to', async () => {
    expect(await read(at('plain'))).toBe('plain text');
    expect(await read(at('link'))).toBe('plain text');
    expect(await read(at('empty'))).toBe('');
  });

  it.skipIf(process.platform === 'win32').each([
    ['none', 'there is no such file'],
    ['plain/below', 'there is no such file'],
    ['folder', 'it is a folder, a file is expected'],
    ['pipe', 'it is a pipe, a regular file is expected'],
    ['zeros', 'it is a device, a regular file is expected'],
    ['socket', 'it is no regular file, but a socket or device'],
    ['itself', 'it is a link to itself'],
    ['sparse', `it has ${2 ** 40} bytes, at most 100 are read`],
  ])('refuses %s at once: %s', async (name, problem) => {
    await expect(read(at(name))).rejects.toThrow(`refused: ${problem}`);
  });
});

describe('parts of a file', () => {
  it('are its first bytes with its size, any bytes, and a range', async () => {
    const start = await readStart(at('plain'), limit, 5);
    expect([Buffer.from(start.bytes).toString(), start.size]).toEqual(['plain', 10]);
    const file = openRegular(at('plain'), limit);
    expect(Buffer.from(file.view(6, 100)).toString()).toBe('text');
    expect(file.view(50, 4)).toHaveLength(0);
    file.close();
    const range = await streamRegular(at('plain'), limit, { start: 6, end: 7 }).toArray();
    expect(Buffer.concat(range).toString()).toBe('te');
  });

  it('are refused when the file became shorter', () => {
    writeFileSync(at('shrinking'), 'x'.repeat(50));
    const file = openRegular(at('shrinking'), limit);
    truncateSync(at('shrinking'), 10);
    expect(() => file.fill(0, new Uint8Array(50))).toThrow('refused: it became shorter while it was read');
    file.close();
  });
});
