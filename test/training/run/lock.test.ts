import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { holderOf, takeLock } from '../../../training/run/lock.js';

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-lock-'));
  path = join(folder, 'run.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const built = join(dirname(fileURLToPath(import.meta.url)), '../../../dist/training/run/lock.js');
const take = (): (() => void) => takeLock(path, 'choose another folder with --out');
const written = () => JSON.parse(readFileSync(path, 'utf8'));
const write = (changes: object): void => {
  take()();
  const release = take();
  const holder = { ...written(), ...changes };
  release();
  writeFileSync(path, JSON.stringify(holder));
};
/** The number of a process that has ended. */
const ended = (): number => spawnSync(process.execPath, ['--version']).pid;

describe('a lock', () => {
  test('names the process, and is gone when it is given back', () => {
    const release = take();
    expect(written()).toMatchObject({ process: process.pid, host: hostname(), since: expect.any(String) });
    release();
    expect(readdirSync(folder)).toEqual([]);
    release();
  });

  test('that is held refuses the second, naming the first and what to do', () => {
    const release = take();
    expect(take).toThrow(
      new RegExp(
        `^${folder} is in use by process ${process.pid} on \\S+ since 20\\S+: wait until it has ended, or choose another folder with --out$`,
      ),
    );
    release();
    take()();
  });

  test('of a process that has ended is taken over', () => {
    write({ process: ended() });
    take()();
    expect(readdirSync(folder)).toEqual([]);
  });

  test.skipIf(process.platform !== 'linux')('whose process number has gone to another process is taken over', () => {
    for (const started of ['earlier 17', undefined]) {
      write({ process: process.pid, started });
      expect(holderOf(path)).toBeNull(); // nobody is asked to stop
      take()();
    }
  });

  test('of another machine is not, and the sentence says how to remove it', () => {
    write({ host: 'another.example', process: ended() });
    expect(take).toThrow(new RegExp(`on another\\.example since .*; if that process is gone, remove ${path}$`));
  });

  test('that cannot be read counts as held for a minute: its process may be writing it', () => {
    writeFileSync(path, '{"proc');
    expect(take).toThrow(/is in use by another process: .* remove /);
    const before = new Date(Date.now() - 61_000);
    utimesSync(path, before, before);
    take()();
  });

  test('that was taken over by another is not removed', () => {
    const release = take();
    writeFileSync(path, 'another');
    release();
    expect(readFileSync(path, 'utf8')).toBe('another');
  });

  test('goes with its process, however that ends but by a kill; a stale one goes to one of many', async () => {
    write({ process: ended() });
    const script = `import { takeLock } from ${JSON.stringify(built)};
try { takeLock(${JSON.stringify(path)}, 'wait'); } catch (error) { console.log(error.message); process.exit(3); }
console.log('mine');
process.stdin.on('end', () => { throw new Error('on its way out'); }).resume();`;
    writeFileSync(join(folder, 'take.mjs'), script);
    const many = Array.from({ length: 4 }, () => {
      const child = spawn(process.execPath, [join(folder, 'take.mjs')], { stdio: ['pipe', 'pipe', 'ignore'] });
      let said = '';
      const spoke = new Promise<string>((resolve) => {
        child.stdout.on('data', (text: Buffer) => {
          said += text;
          resolve(said);
        });
      });
      const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
      return { child, spoke, exit };
    });
    const words = await Promise.all(many.map(({ spoke }) => spoke));
    expect(words.filter((said) => said === 'mine\n')).toHaveLength(1);
    expect(words.filter((said) => /is in use by process \d+/.test(said))).toHaveLength(3);
    for (const { child } of many) child.stdin.end();
    expect((await Promise.all(many.map(({ exit }) => exit))).sort()).toEqual([1, 3, 3, 3]);
    expect(readdirSync(folder)).toEqual(['take.mjs']);
  });
});
