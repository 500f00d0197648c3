import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Bitmap, CocoError, MaskError, mask, type Rle } from '../../src/index.js';
import { difference, golden, type Packed, unpack } from '../goldens.js';

interface MaskCase {
  readonly op: string;
  readonly out: unknown;
  readonly error?: { readonly type: string } | null;
  readonly note?: string;
  readonly [key: string]: unknown;
}
const { cases } = golden<{ cases: MaskCase[] }>('mask.json.gz');
const of = (op: string): MaskCase[] => cases.filter((entry) => entry.op === op);

describe('mask equals pycocotools 2.0.11 byte for byte', () => {
  test('encodes bitmaps to the same string', () => {
    for (const entry of of('encode')) {
      const { h, w } = entry as unknown as { h: number; w: number };
      expect(mask.encode({ data: unpack(entry.mask as Packed) as Uint8Array, height: h, width: w })).toEqual(entry.out);
    }
    expect(of('encode').length).toBeGreaterThan(50);
  });

  test('decodes to the same pixels, and refuses runs beyond the mask', () => {
    for (const entry of of('decode')) {
      const rle = entry.rle as Rle;
      if (entry.error) expect(() => mask.decode(rle)).toThrow(MaskError);
      // Where the runs end early the reference returns memory it never wrote; here the rest is 0.
      else if (typeof entry.out === 'string') expect(mask.decode(rle).data).toHaveLength(rle.size[0]! * rle.size[1]!);
      else expect(difference(mask.decode(rle).data, unpack(entry.out as Packed))).toBeNull();
    }
  });

  test('measures the same area, modulo 2^32', () => {
    // '0`' ends inside a number, where the reference reads on in memory that is not its own.
    for (const entry of of('area').filter((one) => (one.rle as Rle).counts !== '0`'))
      expect(mask.area(entry.rle as Rle), JSON.stringify(entry.rle)).toBe(entry.out);
  });

  test('finds the same box', () => {
    for (const entry of of('toBbox'))
      expect(difference(mask.toBbox(entry.rle as Rle), unpack(entry.out as Packed))).toBeNull();
  });

  test('finds the same IoU of masks and of boxes', () => {
    for (const entry of of('iou')) {
      const { dt, gt, iscrowd } = entry as unknown as { dt: Rle[]; gt: Rle[]; iscrowd: number[] };
      expect(difference(mask.iou(dt, gt, iscrowd).data, unpack(entry.out as Packed))).toBeNull();
    }
  });

  test('merges to the same string', () => {
    for (const entry of of('merge'))
      expect(mask.merge(entry.rles as Rle[], entry.intersect as 0 | 1)).toEqual(entry.out);
  });

  test('rasterises polygons to the same string', () => {
    for (const entry of of('frPoly')) {
      const { poly, h, w } = entry as unknown as { poly: number[]; h: number; w: number };
      const [rle] = mask.frPoly([poly], h, w);
      expect(rle).toEqual(entry.out);
      expect(mask.area(rle!)).toBe(entry.area);
    }
  });

  test('rasterises boxes to the same string', () => {
    for (const entry of of('frBbox')) {
      const { bbox, h, w } = entry as unknown as { bbox: number[][]; h: number; w: number };
      expect(mask.frBbox(bbox, h, w)).toEqual(entry.out);
    }
  });

  test('compresses run lengths to the same string', () => {
    for (const entry of of('frUncompressed')) {
      const { counts, h, w } = entry as unknown as { counts: number[]; h: number; w: number };
      expect(mask.frUncompressedRLE([{ size: [h, w], counts }])).toEqual([entry.out]);
    }
  });

  test('refuses what frPyObjects refuses, with the same exception', () => {
    for (const entry of of('frPyObjects_type')) {
      const { input, h, w } = entry as unknown as { input: mask.PyObject; h: number; w: number };
      const run = (): unknown => mask.frPyObjects(input, h, w);
      expect(run).toThrow(CocoError);
      try {
        run();
      } catch (error) {
        expect((error as CocoError).pythonType).toBe(entry.error?.type);
      }
    }
  });
});

const bitmap: fc.Arbitrary<Bitmap & { data: Uint8Array }> = fc
  .tuple(fc.integer({ min: 1, max: 17 }), fc.integer({ min: 1, max: 17 }))
  .chain(([height, width]) =>
    fc
      .array(fc.integer({ min: 0, max: 1 }), { minLength: height * width, maxLength: height * width })
      .map((bits) => ({ data: Uint8Array.from(bits), height, width })),
  );
const pair = bitmap.chain((first) =>
  fc
    .array(fc.integer({ min: 0, max: 1 }), { minLength: first.data.length, maxLength: first.data.length })
    .map((bits) => [first, { ...first, data: Uint8Array.from(bits) }] as const),
);

describe('mask, for any bitmap', () => {
  test('decode undoes encode, and area counts the pixels', () => {
    fc.assert(
      fc.property(bitmap, (value) => {
        const rle = mask.encode(value);
        expect(mask.decode(rle).data).toEqual(value.data);
        expect(mask.area(rle)).toBe(value.data.reduce((sum, bit) => sum + bit, 0));
      }),
    );
  });

  test('the string codec is its own inverse for any run lengths', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 2 ** 32 - 1 }), { maxLength: 40 }), (counts) => {
        expect([...mask.parseCounts(mask.formatCounts(counts))]).toEqual(counts);
      }),
    );
  });

  test('merge is the pixelwise or, with intersect the pixelwise and; both commute', () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const [ra, rb] = [mask.encode(a), mask.encode(b)];
        expect(mask.decode(mask.merge([ra, rb])).data).toEqual(a.data.map((bit, i) => bit | b.data[i]!));
        expect(mask.decode(mask.merge([ra, rb], true)).data).toEqual(a.data.map((bit, i) => bit & b.data[i]!));
        expect(mask.merge([rb, ra])).toEqual(mask.merge([ra, rb]));
      }),
    );
  });

  test('iou is symmetric, 1 with itself, and the ratio of pixel counts', () => {
    fc.assert(
      fc.property(pair, ([a, b]) => {
        const [ra, rb] = [mask.encode(a), mask.encode(b)];
        const forth = mask.iou([ra], [rb], [0]).data[0]!;
        expect(mask.iou([rb], [ra], [0]).data[0]).toBe(forth);
        const both = mask.area(mask.merge([ra, rb], true));
        expect(forth).toBe(both === 0 ? 0 : both / mask.area(mask.merge([ra, rb])));
        if (mask.area(ra) > 0) expect(mask.iou([ra], [ra], [0]).data[0]).toBe(1);
      }),
    );
  });

  test('toBbox is the smallest box around the pixels, whole columns for runs that cross them', () => {
    fc.assert(
      fc.property(bitmap, (value) => {
        const [x, y, w, h] = mask.toBbox(mask.encode(value)) as unknown as [number, number, number, number];
        for (const [p, bit] of value.data.entries()) {
          if (!bit) continue;
          const [px, py] = [Math.floor(p / value.height), p % value.height];
          expect(px >= x && px < x + w && py >= y && py < y + h).toBe(true);
        }
      }),
    );
  });

  test('row-major input gives the same mask as its column-major copy', () => {
    fc.assert(
      fc.property(bitmap, (value) => {
        const rows = mask.toRowMajor(value);
        expect(mask.encode({ ...value, data: rows, order: 'C' })).toEqual(mask.encode(value));
      }),
    );
  });
});

describe('mask, for hostile input', () => {
  test('any string of counts is read or refused, never an endless loop', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), fc.string({ maxLength: 60 }), (first, second) => {
        const rles = [first, second].map((counts) => ({ size: [7, 9], counts }));
        for (const run of [
          () => mask.decode(rles),
          () => mask.merge(rles),
          () => mask.iou(rles, rles, [0, 1]),
          () => mask.toBbox(rles),
        ]) {
          try {
            run();
          } catch (error) {
            expect(error).toBeInstanceOf(MaskError);
          }
        }
      }),
    );
  });

  test.each([
    ['a negative size', { size: [-1, 5], counts: '5' }],
    ['a size that is no integer', { size: [2.5, 2], counts: '5' }],
    ['more pixels than run lengths can count', { size: [2 ** 20, 2 ** 20], counts: '5' }],
    ['one number as size', { size: [5], counts: '5' }],
    ['a negative run', { size: [2, 2], counts: [-1, 5] }],
    ['a run that is no number', { size: [2, 2], counts: ['4'] as unknown as number[] }],
  ])('refuses %s', (_, rle) => {
    expect(() => mask.decode(rle)).toThrow(MaskError);
  });

  test('refuses to decode more than it should allocate', () => {
    expect(() => mask.decode({ size: [65535, 65536], counts: '0' })).toThrow(/needs more than/);
  });

  test('refuses to merge masks that cover different numbers of pixels', () => {
    expect(() =>
      mask.merge([
        { size: [2, 5], counts: [3, 7] },
        { size: [2, 5], counts: [3, 4] },
      ]),
    ).toThrow(/does not fill/);
  });

  test('rasterises a polygon far outside its image without walking there', () => {
    const [rle] = mask.frPoly([[-1e8, -1e8, 1e8, -1e8, 1e8, 1e8, -1e8, 1e8]], 10, 12);
    expect(mask.area(rle!)).toBe(120);
    expect(() => mask.frPoly([[0, 0, 1e9, 5, 5, 5]], 10, 12)).toThrow(/1000000000 is not a number of pixels/);
    expect(() => mask.frPoly([[0, 0, Number.NaN, 5, 5, 5]], 10, 12)).toThrow(MaskError);
  });
});
