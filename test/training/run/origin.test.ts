import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { commitOf, originOf } from '../../../training/run/index.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-origin-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const [ONE, TWO, THREE] = ['1', '2', '3'].map((digit) => digit.repeat(40)) as [string, string, string];
function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

test('a commit is that of the branch, loose or packed, from any folder below', () => {
  put('.git/HEAD', 'ref: refs/heads/feature/new\n');
  put('a/b/x', '');
  expect(commitOf(folder)).toBeNull(); // no commit yet
  put('.git/packed-refs', `# pack-refs with: peeled\n${ONE} refs/heads/main\n${TWO} refs/heads/feature/new\n^${ONE}\n`);
  expect(commitOf(join(folder, 'a/b'))).toBe(TWO);
  put('.git/refs/heads/feature/new', `${THREE}\n`);
  expect(commitOf(join(folder, 'a/b'))).toBe(THREE);
});

test('a commit without a branch, and that of a further working tree', () => {
  put('main/.git/HEAD', `${ONE}\n`);
  expect(commitOf(join(folder, 'main'))).toBe(ONE);
  put('main/.git/worktrees/w/HEAD', 'ref: refs/heads/w\n');
  put('main/.git/worktrees/w/commondir', '../..\n');
  put('main/.git/refs/heads/w', `${TWO}\n`);
  put('other/.git', `gitdir: ${join(folder, 'main/.git/worktrees/w')}\n`);
  expect(commitOf(join(folder, 'other'))).toBe(TWO);
});

test('what is no commit is not told, and no name leads out of the folder', () => {
  put('secret', `${ONE}\n`);
  for (const head of [
    'ref: refs/../../secret',
    'ref: refs/heads/../../../secret',
    'the password',
    '',
    'ref: /etc/passwd',
  ]) {
    put('set/.git/HEAD', `${head}\n`);
    expect(commitOf(join(folder, 'set')), head).toBeNull();
  }
  put('set/.git/HEAD', 'ref: refs/heads/x\n');
  put('set/.git/refs/heads/x', 'the password\n');
  expect(commitOf(join(folder, 'set'))).toBeNull();
});

test('an origin names the command and the machine', () => {
  expect(originOf('espalier train x.yaml')).toMatchObject({
    command: 'espalier train x.yaml',
    machine: expect.stringMatching(/^\w+ \w+, \d+ x .+, \d+ GiB$/),
  });
});
