import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { EspalierError } from '../../../engine/errors.js';
import { openEventLog } from '../../../training/run/events.js';
import { makeFolder, writeError, writeJson, writeWhole } from '../../../training/run/files.js';
import { chosenCheckpoint, openRunFolder, runFolder } from '../../../training/run/folder.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-files-'));
});
afterEach(() => {
  chmodSync(folder, 0o755);
  rmSync(folder, { recursive: true, force: true });
});

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const isRoot = process.getuid?.() === 0;

test('a file is written from its parts, replacing the old one', () => {
  const file = join(folder, 'a.txt');
  writeWhole(file, [bytes('one ')]);
  writeWhole(file, [bytes('two '), bytes('three')]);
  expect(readFileSync(file, 'utf8')).toBe('two three');
  expect(readdirSync(folder)).toEqual(['a.txt']);
});

test('JSON ends with a line end', () => {
  writeJson(join(folder, 'a.json'), { a: 1 });
  expect(readFileSync(join(folder, 'a.json'), 'utf8')).toBe('{\n  "a": 1\n}\n');
});

test.each([
  ['ENOSPC', /cannot write x: the disk is full; free some space, then continue with --resume/],
  ['EACCES', /cannot write x: no permission/],
  ['EROFS', /cannot write x: the file system is read-only/],
])('%s becomes one sentence', (code, message) => {
  const error = writeError('x', Object.assign(new Error(code), { code }));
  expect(error).toBeInstanceOf(EspalierError);
  expect((error as EspalierError).message).toMatch(message);
  expect((error as EspalierError).exitCode).toBe(1);
});

test('another system error keeps its words; what is no system error stays as it is', () => {
  const system = writeError('x', Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
  expect(system).toEqual(new EspalierError('cannot write x: EIO: i/o error'));
  const defect = new Error('odd');
  expect(writeError('x', defect)).toBe(defect);
});

test.skipIf(process.platform !== 'linux')('a place where no folder can be made is one sentence (/proc)', () => {
  expect(() => openRunFolder('/proc/espalier/run', {}, false)).toThrow(
    /cannot write \/proc\/espalier.*: a folder of the path does not exist and cannot be made; choose another folder/,
  );
});

test.skipIf(process.platform !== 'linux')('a full device is one sentence (/dev/full)', () => {
  const log = () =>
    writeError(
      '/dev/full',
      caught(() => writeFileSync('/dev/full', 'x')),
    );
  expect(String(log())).toContain('the disk is full');
});

function caught(action: () => void): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  throw new Error('nothing was thrown');
}

test.skipIf(isRoot)('a folder without write permission is one sentence (not as root)', () => {
  chmodSync(folder, 0o555);
  expect(() => openRunFolder(join(folder, 'run'), {}, false)).toThrow(/no permission to write there/);
});

test('a file where the folder should be is one sentence', () => {
  writeFileSync(join(folder, 'run'), '');
  expect(() => makeFolder(join(folder, 'run'))).toThrow(/cannot write .*run: a file is in the way/);
  expect(() => openRunFolder(join(folder, 'run'), {}, false)).toThrow(/a part of the path is a file, not a folder/);
});

test('the best checkpoint is chosen, else the last, else an error says what to give', () => {
  const run = openRunFolder(join(folder, 'run'), {}, false);
  expect(() => chosenCheckpoint(run)).toThrow(/holds no checkpoint: give the folder that train --out wrote/);
  writeFileSync(run.last, '');
  expect(chosenCheckpoint(run)).toBe(run.last);
  writeFileSync(run.best, '');
  expect(chosenCheckpoint(runFolder(join(folder, 'run')))).toBe(run.best);
});

test('events are appended as lines with their time', () => {
  const file = join(folder, 'events.jsonl');
  const log = openEventLog(file, null);
  log.write({ event: 'checkpoint', step: 3, kind: 'last' });
  log.write({ event: 'stop', step: 4, reason: 'done' });
  log.close();
  const lines = readFileSync(file, 'utf8').split('\n');
  expect(lines).toHaveLength(3);
  expect(JSON.parse(lines[0] ?? '')).toEqual({ time: expect.any(String), event: 'checkpoint', step: 3, kind: 'last' });
});

test('a resumed log keeps whole lines up to its step; a new one starts empty', () => {
  const file = join(folder, 'events.jsonl');
  writeFileSync(file, '{"event":"step","step":1}\n{"event":"step","step":2}\n{"event":"step","step":3}\n{"event":"st');
  openEventLog(file, 2).close();
  expect(readFileSync(file, 'utf8')).toBe('{"event":"step","step":1}\n{"event":"step","step":2}\n');
  openEventLog(file, null).close();
  expect(readFileSync(file, 'utf8')).toBe('');
});
