import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { threadId } from 'node:worker_threads';
import { crc32, deflateSync } from 'node:zlib';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { DECODE_BYTES, releaseThread, reserve } from '../../../datasets/decode/memory.js';
import { decodeImage, decodeMask } from '../../../datasets/index.js';

const chunk = (name: string, body: Uint8Array): Buffer => {
  const named = Buffer.concat([Buffer.from(name), body]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(body.length);
  sum.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, sum]);
};

/** A PNG that declares this size and holds nothing of it. */
function hollowPng(width: number, height: number, { depth = 8, type = 2 } = {}): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([depth, type], 8);
  const signature = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(Buffer.alloc(8))),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

const order: string[] = [];
const log = (what: string) => () => void order.push(what);

describe('memory for decoding', () => {
  it('is waited for when others hold it, and small wishes pass', async () => {
    const release = await reserve(0.75 * DECODE_BYTES);
    const large = reserve(0.5 * DECODE_BYTES);
    large.then(log('large'));
    const small = await reserve(0.1 * DECODE_BYTES);
    order.push('small');
    await new Promise((resolve) => setTimeout(resolve, 30));
    release();
    small();
    (await large)();
    expect(order).toEqual(['small', 'large']);
    (await reserve(DECODE_BYTES))();
  });

  it('of a thread that ended is given back', async () => {
    await reserve(DECODE_BYTES);
    releaseThread(threadId);
    (await reserve(DECODE_BYTES))();
  });
});

describe('an image that needs more than there is', () => {
  afterEach(() => vi.unstubAllEnvs());

  it('is refused with both numbers before anything is allocated, in a file, in bytes, as a mask', async () => {
    const deep = hollowPng(16384, 16384, { depth: 16, type: 6 });
    const file = join(mkdtempSync(join(tmpdir(), 'memory-')), 'deep.png');
    writeFileSync(file, deep);
    const before = process.memoryUsage().rss;
    const sentence = /16384x16384 pixels need \d{4} MiB to be decoded, \d+ are allowed: cut it into tiles/;
    for (const source of [file, deep]) await expect(decodeImage(source)).rejects.toThrow(sentence);
    await expect(decodeMask(hollowPng(16384, 16384, { depth: 8, type: 0 }))).rejects.toThrow(sentence);
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 28);
  });

  it('gives back what it had when it turns out to be damaged', async () => {
    for (let i = 0; i < 3; i++) await expect(decodeImage(hollowPng(9000, 9000))).rejects.toThrow(/cannot be decoded/);
    (await reserve(DECODE_BYTES))();
  });
});
