import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { COCO, CocoError, CocoFile, type Dataset, type ResultRecord } from '../../src/index.js';
import { PADDING, readNumber } from '../../src/scan/number.js';

const read = (text: string): number => {
  const out = new Float64Array(1);
  const bytes = new Uint8Array(text.length + 1 + PADDING).fill(255);
  bytes.set(new TextEncoder().encode(`${text},`));
  expect(readNumber(bytes, 0, out, 0)).toBe(text.length);
  return out[0]!;
};

describe('readNumber', () => {
  test('rounds every double as JSON.parse does', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(read(JSON.stringify(value))).toBe(JSON.parse(JSON.stringify(value)));
      }),
      { numRuns: 2000 },
    );
  });

  test('rounds decimals of any length as Number does', () => {
    const digits = fc
      .array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 30 })
      .map((list) => list.join(''));
    fc.assert(
      fc.property(digits, digits, fc.boolean(), (whole, decimals, negative) => {
        const text = `${negative ? '-' : ''}${whole}.${decimals}`;
        expect(read(text)).toBe(Number(text));
      }),
      { numRuns: 5000 },
    );
  });

  test.each(['0', '-0', '1e3', '1.5E-7', '9007199254740993', '123456789012345678901234567890', 'NaN', '-Infinity'])(
    'reads %s',
    (text) => {
      expect(read(text)).toBe(Number(text));
    },
  );
});

const folder = mkdtempSync(join(tmpdir(), 'coco-ts-scan-'));
afterAll(() => rmSync(folder, { recursive: true }));
const bytes = (value: unknown, space?: number): Uint8Array =>
  new TextEncoder().encode(JSON.stringify(value, null, space));

const dataset = (count: number): Dataset => ({
  info: { about: 'é "quoted" \\ text' },
  images: Array.from({ length: 30 }, (_, i) => ({
    id: i + 1,
    width: 40,
    height: 30,
    file_name: `${i}.png`,
    extra: { deep: [1, [2]] },
  })),
  annotations: Array.from({ length: count }, (_, i) => ({
    id: i + 1,
    image_id: (i % 30) + 1,
    category_id: (i % 3) + 1,
    bbox: [i / 7, 2, 5.25, 1e-3],
    area: i * 1.1,
    iscrowd: i % 11 === 0 ? 1 : 0,
    segmentation: [[1, 2, 30.5, 4, 8, 20 + (i % 5)]],
    note: 'a, ]} [{ " \\ b',
  })),
  categories: [
    { id: 1, name: 'a' },
    { id: 2, name: 'b' },
    { id: 3, name: 'c' },
  ],
});

describe('scanned files', () => {
  test('give the same objects as JSON.parse, also where windows cut through them', async () => {
    // Some 6 MB: more than one window of 4 MB.
    const data = dataset(28_000);
    writeFileSync(join(folder, 'gt.json'), bytes(data));
    const coco = await COCO.load(join(folder, 'gt.json'));
    expect(coco.getImgIds()).toEqual(data.images?.map(({ id }) => id));
    expect(coco.dataset).toEqual(data);
    expect(coco.anns.get(27_999)).toEqual(data.annotations?.[27_998]);
  });

  test('give every annotation wherever the first window ends in one', async () => {
    const rows = Array.from({ length: 170_000 }, (_, i) => `{"id":${100_000 + i},"image_id":1}`).join(',');
    for (let padding = 0; padding < 32; padding++) {
      const text = `{"info":{"x":"${'x'.repeat(padding)}"},"annotations":[${rows}],"images":[{"id":1}]}`;
      const table = (await CocoFile.open(new TextEncoder().encode(text))).columns?.table;
      expect([table?.count, table?.id[169_999]]).toEqual([170_000, 269_999]);
    }
  });

  test('read pretty-printed text and empty lists', async () => {
    const data = dataset(3);
    expect((await COCO.load(bytes(data, 2))).dataset).toEqual(data);
    const empty = { images: [], annotations: [], categories: [] };
    expect((await COCO.load(bytes(empty))).dataset).toEqual(empty);
    expect((await COCO.load(bytes({}))).dataset).toEqual({});
  });

  test('fall back to objects for ids that are strings', async () => {
    const data = {
      images: [{ id: 'x' }],
      annotations: [{ id: 1, image_id: 'x', category_id: 'k' }],
      categories: [{ id: 'k' }],
    };
    const coco = await COCO.load(bytes(data));
    expect(coco.getAnnIds('x')).toEqual([1]);
  });

  test('notice that a file has changed before its rest is read', async () => {
    const path = join(folder, 'changing.json');
    writeFileSync(path, bytes(dataset(2)));
    const coco = await CocoFile.open(path);
    await new Promise((resolve) => setTimeout(resolve, 10));
    writeFileSync(path, bytes(dataset(3)));
    expect(() => coco.toObjects()).toThrow('has changed since it was loaded');
  });

  test('of any damage are refused or read, never an endless loop or another kind of error', async () => {
    const text = bytes(dataset(3));
    await fc.assert(
      fc.asyncProperty(
        fc.nat(text.length - 1),
        fc.integer({ min: 0, max: 255 }),
        fc.boolean(),
        async (at, byte, cut) => {
          const broken = cut ? text.slice(0, at) : text.slice();
          if (!cut) broken[at] = byte;
          try {
            await COCO.load(broken);
          } catch (error) {
            expect(error).toBeInstanceOf(CocoError);
          }
        },
      ),
      { numRuns: 500 },
    );
  });

  test('of results become the same records as through objects', () => {
    const gt = new COCO(dataset(3));
    const lists: ResultRecord[][] = [
      [{ image_id: 1, category_id: 1, bbox: [1, 2, 3.5, 4], score: 0.25 }],
      [{ image_id: 2, category_id: 1, segmentation: { size: [30, 40], counts: '5a\\12' }, score: 1 }],
      [{ image_id: 3, category_id: 2, keypoints: [1, 2, 1, 9, 7, 2], score: -3 }],
      [{ image_id: 3, caption: 'a cat' }],
    ];
    for (const list of lists) expect(gt.loadRes(bytes(list)).dataset).toEqual(gt.loadRes(list).dataset);
  });
});
