import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { extractZipEntry, listZip } from '../../../engine/tensorflow/zip.js';
import { zip } from './zipFile.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-zip-'));

function write(name: string, bytes: Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
}

describe('zip', () => {
  const big = Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * i) & 255));

  it('lists and unpacks stored and deflated entries', async () => {
    const archive = zip([
      { name: 'a/stored.txt', content: Buffer.from('stored'), method: 0 },
      { name: 'a/deflated.bin', content: big, method: 8 },
    ]);
    const path = write('plain.zip', archive);
    const entries = await listZip(path);
    expect(entries.map(({ name, size }) => [name, size])).toEqual([
      ['a/stored.txt', 6],
      ['a/deflated.bin', 100_000],
    ]);
    for (const entry of entries) await extractZipEntry(path, entry, join(folder, entry.name.slice(2)));
    expect(readFileSync(join(folder, 'stored.txt'), 'utf8')).toBe('stored');
    expect(readFileSync(join(folder, 'deflated.bin')).equals(big)).toBe(true);
  });

  it('refuses an entry that unpacks to more than it states', async () => {
    const path = write('bomb.zip', zip([{ name: 'bomb', content: big, method: 8, statedSize: 10 }]));
    const [entry] = await listZip(path);
    await expect(extractZipEntry(path, entry as never, join(folder, 'bomb'))).rejects.toThrow(/larger than stated/);
  });

  it('refuses entries that share their bytes, and those that together claim far more than the archive', async () => {
    const archive = zip([
      { name: 'a', content: big, method: 8 },
      { name: 'b', content: big, method: 8 },
    ]);
    const directory = archive.readUInt32LE(archive.length - 6);
    const shared = Buffer.from(archive);
    shared.writeUInt32LE(10, directory + 47 + 42);
    await expect(listZip(write('shared.zip', shared))).rejects.toThrow(/'a' lies where another file does: refused/);
    const claim = { content: big, method: 8, statedSize: 0xf000_0000 } as const;
    const bomb = write('claims.zip', zip([{ name: 'a', ...claim }]));
    await expect(listZip(bomb)).rejects.toThrow(/claims 4026531840 bytes in \d+ packed ones: a zip bomb, refused/);
  });

  it('refuses what is no zip archive or is cut off', async () => {
    await expect(listZip(write('text.zip', Buffer.from('not a zip')))).rejects.toThrow(/is not a zip archive/);
    const whole = zip([{ name: 'a', content: big, method: 8 }]);
    await expect(listZip(write('cut.zip', whole.subarray(0, whole.length - 30)))).rejects.toThrow(/not a zip archive/);
    const lying = Buffer.from(whole);
    lying.writeUInt32LE(0x7fffffff, whole.length - 22 + 16);
    await expect(listZip(write('lying.zip', lying))).rejects.toThrow(/does not fit/);
  });
});
