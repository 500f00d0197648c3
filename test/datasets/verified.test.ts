import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { encodePng } from '../../datasets/decode/index.js';
import { createVerifier } from '../../datasets/verified.js';

let folder = '';
let cacheBefore: string | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-verified-'));
  cacheBefore = process.env.ESPALIER_CACHE;
  process.env.ESPALIER_CACHE = join(folder, 'cache');
});
afterEach(() => {
  if (cacheBefore === undefined) delete process.env.ESPALIER_CACHE;
  else process.env.ESPALIER_CACHE = cacheBefore;
  rmSync(folder, { recursive: true });
});

function image(name: string, width: number): string {
  const file = join(folder, name);
  writeFileSync(file, encodePng({ data: new Uint8Array(width * 2 * 3), width, height: 2 }));
  return file;
}

/** Where the list of the folder is. */
const listed = (): string => {
  const place = join(folder, 'cache', 'images');
  return join(place, readdirSync(place)[0] ?? '');
};

it('remembers sizes from one time to the next, those of changed files anew', async () => {
  const files = ['a.png', 'b ü.png', 'c.png'].map((name, i) => image(name, i + 1));
  const first = createVerifier(folder);
  for (const [i, file] of files.entries()) {
    expect(await first.sizeOf(file)).toBeNull();
    await first.verify(file, { width: i + 1, height: 2 });
    expect(await first.sizeOf(file)).toEqual({ width: i + 1, height: 2 });
  }
  first.keep();

  const second = createVerifier(folder);
  for (const [i, file] of files.entries()) expect(await second.sizeOf(file)).toEqual({ width: i + 1, height: 2 });
  expect(await second.sizeOf(join(folder, 'a.pn'))).toBeNull();
  utimesSync(files[1] as string, 1, 1);
  expect(await second.sizeOf(files[1] as string)).toBeNull();
  await second.verify(files[1] as string, { width: 2, height: 2 });
  second.keep();

  const third = createVerifier(folder);
  for (const [i, file] of files.entries()) expect(await third.sizeOf(file)).toEqual({ width: i + 1, height: 2 });
  expect(readFileSync(listed(), 'utf8').trim().split('\n')).toHaveLength(3); // one line a file
});

it('is asked again where only that an image can be read was kept, and where the list is damaged', async () => {
  const file = image('d.png', 3);
  const verifier = createVerifier(folder);
  await verifier.verify(file, null);
  verifier.keep();
  expect(await createVerifier(folder).sizeOf(file)).toBeNull();
  for (const text of ['', '\n\n\t', 'no tab', `${file}`, `${file}\t`, '\u0000'.repeat(100)]) {
    writeFileSync(listed(), text);
    expect(await createVerifier(folder).sizeOf(file)).toBeNull();
  }
});
