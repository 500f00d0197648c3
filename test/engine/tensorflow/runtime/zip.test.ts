import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { extractZipEntry, withZip } from '../../../../engine/tensorflow/runtime/zip.js';
import type { ZipEntry } from '../../../../weights/bytes/zip.js';
import { zip } from './zipFile.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-zip-'));

function write(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

const extract = (path: string, to: string): Promise<void> =>
  withZip(path, ([entry]) => extractZipEntry(entry as ZipEntry, to));
const list = (path: string) => withZip(path, (entries) => entries.map(({ name, size }) => [name, size]));

describe('zip', () => {
  const big = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i) & 255));

  it('lists and unpacks stored and deflated entries', async () => {
    const archive = zip([
      { name: 'a/stored.txt', content: Buffer.from('stored'), method: 0 },
      { name: 'a/deflated.bin', content: big, method: 8 },
    ]);
    const path = write('plain.zip', archive);
    expect(await list(path)).toEqual([
      ['a/stored.txt', 6],
      ['a/deflated.bin', 100_000],
    ]);
    await withZip(path, async (entries) => {
      for (const entry of entries) await extractZipEntry(entry, join(folder, entry.name.slice(2)));
    });
    expect(readFileSync(join(folder, 'stored.txt'), 'utf8')).toBe('stored');
    expect(readFileSync(join(folder, 'deflated.bin')).equals(big)).toBe(true);
  });

  it('refuses an entry that unpacks to more than it states', async () => {
    const path = write('bomb.zip', zip([{ name: 'bomb', content: big, method: 8, statedSize: 10 }]));
    await expect(extract(path, join(folder, 'bomb'))).rejects.toThrow(/larger than stated/);
  });

  it('refuses files that share bytes or a name, or are not what was packed', async () => {
    const one = { name: 'a', content: big, method: 8 } as const;
    const pair = zip([one, { ...one, name: 'b' }]);
    const second = pair.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
    const overlapping = Buffer.from(pair);
    overlapping.writeUInt32LE(0, second + 42); // as if it began where the first does
    await expect(list(write('overlap.zip', overlapping))).rejects.toThrow(/lies where another file does/);
    await expect(list(write('twice.zip', zip([one, one])))).rejects.toThrow(/have one name/);
    const damaged = Buffer.from(zip([{ ...one, method: 0 }]));
    damaged.writeUInt8(damaged.readUInt8(5000) ^ 1, 5000);
    const path = write('damaged.zip', damaged);
    await expect(extract(path, join(folder, 'damaged'))).rejects.toThrow(/checksum is another/);
  });

  it('refuses what unpacks out of proportion', async () => {
    const path = write('zeros.zip', zip([{ name: 'zeros', content: Buffer.alloc(65 * 2 ** 20), method: 8 }]));
    await expect(list(path)).rejects.toThrow(/claims 68157440 bytes in \d+ packed ones: a zip bomb, refused/);
  });

  it('refuses what is no zip archive or is cut off', async () => {
    await expect(list(write('text.zip', Buffer.from('not a zip')))).rejects.toThrow(/is not a zip archive/);
    const whole = zip([{ name: 'a', content: big, method: 8 }]);
    await expect(list(write('cut.zip', whole.subarray(0, whole.length - 30)))).rejects.toThrow(/not a zip archive/);
    const lying = Buffer.from(whole);
    lying.writeUInt32LE(0x7fffffff, whole.length - 22 + 16);
    await expect(list(write('lying.zip', lying))).rejects.toThrow(/cut off or damaged/);
  });
});
