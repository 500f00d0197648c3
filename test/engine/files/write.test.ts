import { spawnSync } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { WriteError } from '../../../engine/errors.js';
import {
  fullError,
  makeFolder,
  makeWorkFolder,
  removeAbandoned,
  removeEmpty,
  removePartials,
  removePartialsIn,
  writeError,
  writeJson,
  writeWhole,
} from '../../../engine/files/write.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-write-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');

describe('a file', () => {
  test('is written from its parts, replacing the old one, and nothing is left beside it', () => {
    const file = join(folder, 'a.txt');
    writeWhole(file, [bytes('one ')]);
    writeWhole(file, [bytes('two '), bytes(''), bytes('three')]);
    expect(readFileSync(file, 'utf8')).toBe('two three');
    expect(readdirSync(folder)).toEqual(['a.txt']);
  });

  test('of JSON ends with a line end', () => {
    writeJson(join(folder, 'a.json'), { a: 1 });
    expect(readFileSync(join(folder, 'a.json'), 'utf8')).toBe('{\n  "a": 1\n}\n');
  });

  test('in the place of a link leaves what the link led to', () => {
    const [file, other] = [join(folder, 'a.txt'), join(folder, 'other.txt')];
    writeFileSync(other, 'theirs');
    symlinkSync(other, file);
    writeWhole(file, [bytes('ours')]);
    expect(readFileSync(other, 'utf8')).toBe('theirs');
    expect(lstatSync(file).isFile()).toBe(true);
    expect(readFileSync(file, 'utf8')).toBe('ours');
  });

  test('cannot take the place of a folder or a device; what was there stays', () => {
    mkdirSync(join(folder, 'a.txt'));
    expect(() => writeWhole(join(folder, 'a.txt'), [bytes('x')], 'name another file with --to')).toThrow(
      /^cannot write .*a\.txt: a folder is in the way: name another file with --to$/,
    );
    expect(readdirSync(folder)).toEqual(['a.txt']);
    if (process.platform === 'win32') return;
    expect(() => writeWhole('/dev/null', [bytes('x')])).toThrow(
      'cannot write /dev/null: it is a device, a pipe or a socket: name a file',
    );
    expect(lstatSync('/dev/null').isCharacterDevice()).toBe(true);
  });

  test('in a folder that does not exist is one sentence', () => {
    expect(() => writeWhole(join(folder, 'no/a.txt'), [bytes('x')])).toThrow(
      /cannot write .*a\.txt: a folder of the path does not exist and cannot be made: choose another place/,
    );
  });

  test.skipIf(process.platform === 'win32')('that does not fit leaves the old one whole, and nothing beside it', () => {
    const file = join(folder, 'a.bin');
    writeFileSync(file, 'old');
    const script = `import { writeWhole } from ${JSON.stringify(join(root, 'dist/engine/files/write.js'))};
try { writeWhole(${JSON.stringify(file)}, [new Uint8Array(10), new Uint8Array(100_000)]); }
catch ({ name, message, isFull }) { console.log(JSON.stringify({ name, message, isFull })); }`;
    writeFileSync(join(folder, 'write.mjs'), script);
    const limited = 'ulimit -f 16; exec "$0" "$1"'; // 16 blocks of 512 or 1024 bytes
    const { stdout } = spawnSync('bash', ['-c', limited, process.execPath, join(folder, 'write.mjs')], {
      encoding: 'utf8',
    });
    expect(JSON.parse(stdout)).toEqual({
      name: 'WriteError',
      message: `cannot write ${file}: a file of this size is not allowed here: raise the limit (ulimit -f)`,
      isFull: true,
    });
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(readdirSync(folder).sort()).toEqual(['a.bin', 'write.mjs']);
  });
});

describe('an error of the operating system', () => {
  test.each([
    ['ENOSPC', 'cannot write x: the disk is full: free some space', true],
    ['EDQUOT', 'cannot write x: the disk quota is used up: free some space', true],
    ['EACCES', 'cannot write x: no permission to write there: choose another folder with --out', false],
    ['EROFS', 'cannot write x: the file system is read-only: choose another folder with --out', false],
  ])('%s becomes one sentence with its remedy', (code, message, isFull) => {
    const error = writeError('x', Object.assign(new Error(code), { code }), 'choose another folder with --out');
    expect(error).toBeInstanceOf(WriteError);
    expect(error).toMatchObject({ message, isFull, exitCode: 1, file: 'x' });
  });

  test('that is not known keeps its words; what is no system error stays as it is', () => {
    const system = writeError('x', Object.assign(new Error('EIO: i/o error'), { code: 'EIO' }));
    expect(system).toMatchObject({ message: 'cannot write x: EIO: i/o error: choose another place' });
    const defect = new Error('odd');
    expect(writeError('x', defect)).toBe(defect);
  });

  test.skipIf(process.platform !== 'linux')('of a full device is one sentence (/dev/full)', () => {
    let caught: unknown;
    try {
      writeFileSync('/dev/full', 'x');
    } catch (error) {
      caught = error;
    }
    expect(writeError('/dev/full', caught)).toMatchObject({ isFull: true });
  });
});

test('only what reading cannot be refused with is taken for an error of writing where both are done', () => {
  const system = (code: string): Error => Object.assign(new Error(code), { code });
  expect(fullError('x', system('ENOSPC'))).toMatchObject({
    message: 'cannot write x: the disk is full: free some space',
  });
  const missing = system('ENOENT');
  expect(fullError('x', missing)).toBe(missing);
});

describe('a folder', () => {
  test('for work has a name of its own, or is one sentence', () => {
    const [one, two] = [makeWorkFolder(join(folder, 'work-')), makeWorkFolder(join(folder, 'work-'))];
    expect(
      readdirSync(folder)
        .map((name) => join(folder, name))
        .sort(),
    ).toEqual([one, two].sort());
    expect(() => makeWorkFolder(join(folder, 'no/work-'), 'name another')).toThrow(/cannot write .*: name another$/);
  });

  test('is made with those above it, which are named and removed again while they are empty', () => {
    const made = makeFolder(join(folder, 'a/b/c'));
    expect(made).toEqual(['a', 'a/b', 'a/b/c'].map((path) => join(folder, path)));
    expect(makeFolder(join(folder, 'a/b/c'))).toEqual([]);
    writeFileSync(join(folder, 'a/file'), '');
    removeEmpty(made);
    expect(readdirSync(join(folder, 'a'))).toEqual(['file']);
  });

  test('that cannot be made is one sentence, and what was made of its path goes', () => {
    writeFileSync(join(folder, 'file'), '');
    symlinkSync(join(folder, 'nowhere'), join(folder, 'link'));
    expect(() => makeFolder(join(folder, 'file'))).toThrow(/a file, or a link that leads nowhere, is in the way/);
    expect(() => makeFolder(join(folder, 'link'))).toThrow(/a file, or a link that leads nowhere, is in the way/);
    expect(() => makeFolder(join(folder, 'file/x'))).toThrow(/a part of the path is a file, not a folder/);
    expect(() => makeFolder(join(folder, 'new/', 'x'.repeat(300)))).toThrow(/the path is too long/);
    expect(existsSync(join(folder, 'new'))).toBe(false);
  });
});

describe('what killed processes left', () => {
  test('of files is removed; other names, and folders of such a name, stay', () => {
    const random = '0123456789abcdef';
    for (const name of [`a.json.${random}.partial`, `b.json.${random}.partial`, 'a.json.partial', 'x.partial']) {
      writeFileSync(join(folder, name), '');
    }
    removePartials([join(folder, 'a.json'), join(folder, 'gone/b.json')]);
    expect(readdirSync(folder).sort()).toEqual(['a.json.partial', `b.json.${random}.partial`, 'x.partial']);
    removePartialsIn([folder, join(folder, 'gone')]);
    expect(readdirSync(folder).sort()).toEqual(['a.json.partial', 'x.partial']);
  });

  test('in a folder of several is removed when it is a day old', () => {
    for (const name of ['.work-a', '.work-b', 'kept']) mkdirSync(join(folder, name));
    writeFileSync(join(folder, '.work-a/part'), '');
    const before = new Date(Date.now() - 25 * 60 * 60 * 1000);
    for (const name of ['.work-a', 'kept']) utimesSync(join(folder, name), before, before);
    removeAbandoned(folder, (name) => name.startsWith('.work-'));
    expect(readdirSync(folder).sort()).toEqual(['.work-b', 'kept']);
    removeAbandoned(join(folder, 'nowhere'), () => true);
  });
});
