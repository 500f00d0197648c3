import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type Accumulated, COCO, COCOeval, type Dataset, mask, useWebAssembly } from '../../src/index.js';
import { measure, StringPool } from '../../src/mask/pool.js';
import { scanResults } from '../../src/scan/document.js';
import { memorySource } from '../../src/scan/source.js';
import { kernels } from '../../src/wasm/kernels.js';
import { type EvalCase, expectRecorded } from '../evaluation/golden.js';
import { difference, golden } from '../goldens.js';
import { both, bytes, expectSame, results } from './both.js';

afterEach(() => useWebAssembly(true));

describe('the WebAssembly module', () => {
  test('is there, and is what its sources compile to', async () => {
    expect(kernels()).not.toBeNull();
    const { generate } = (await import(new URL('../../tools/wasm.mjs', import.meta.url).href)) as {
      generate(): Promise<string>;
    };
    expect(readFileSync(join(import.meta.dirname, '../../src/wasm/code.ts'), 'utf8')).toBe(await generate());
  });

  test('goes on where its memory has grown', () => {
    const rle = mask.encode({ height: 3, width: 2, data: Uint8Array.of(0, 1, 1, 0, 0, 1) });
    const before = kernels()!.memory.length;
    expect(kernels()!.reserve(2 ** 40)).toBe(false);
    expect(kernels()!.reserve(before + 1)).toBe(true);
    expect(kernels()!.memory.length).toBeGreaterThan(before);
    expect(mask.merge([rle, rle])).toEqual(rle);
    expect(mask.encode({ height: 3, width: 2, data: Uint8Array.of(0, 1, 1, 0, 0, 1) })).toEqual(rle);
    expectSame(() => results('[{"image_id": 1, "bbox": [1, 2, 3, 4]}]'));
  });

  test('is not used when it is not wanted', () => {
    useWebAssembly(false);
    expect(kernels()).toBeNull();
  });
});

const height = 23;
const width = 31;
const size = [height, width] as [number, number];
const bitmap = fc.array(fc.nat(60), { maxLength: 60 }).map((runs) => {
  const data = new Uint8Array(height * width);
  let p = 0;
  for (const [i, run] of runs.entries()) {
    data.fill(i % 2, p, p + run);
    p += run;
  }
  return { data, height, width };
});
const vertex = fc.oneof(fc.double({ min: -20, max: 60, noNaN: true }), fc.integer({ min: -5, max: 40 }));
const polygon = fc.array(vertex, { minLength: 6, maxLength: 30 });
const text = fc
  .array(fc.integer({ min: 46, max: 113 }), { maxLength: 60 })
  .map((codes) => String.fromCharCode(...codes));

describe('masks with WebAssembly are what they are without', () => {
  test('encoded, merged, compared and decoded', () => {
    fc.assert(
      fc.property(fc.array(bitmap, { minLength: 2, maxLength: 5 }), fc.boolean(), (bitmaps, intersect) => {
        expectSame(() => {
          const rles = bitmaps.map((one) => mask.encode(one));
          const crowd = rles.map((_, i) => i % 2);
          const merged = mask.merge(rles, intersect);
          return [rles, merged, mask.iou(rles, [merged, ...rles.slice(1)], crowd), mask.area(rles), mask.toBbox(rles)];
        });
      }),
      { numRuns: 200 },
    );
  });

  test('encoded from bytes of any value, longer than one stretch', () => {
    const run = fc.tuple(fc.constantFrom(0, 0, 1, 1, 2, 128, 255), fc.nat(40000));
    fc.assert(
      fc.property(fc.array(run, { maxLength: 12 }), fc.nat(70), (runs, spare) => {
        const pixels = runs.reduce((sum, [, length]) => sum + length, 0) + spare;
        const data = new Uint8Array(2 * pixels);
        let p = pixels;
        for (const [value, length] of runs) {
          data.fill(value, p, p + length);
          p += length;
        }
        expectSame(() => mask.encode({ data, height: pixels, width: 1, count: 2 }));
      }),
      { numRuns: 60 },
    );
    const noise = Uint8Array.from({ length: 400_000 }, (_, i) => i % 2);
    expectSame(() => mask.encode({ data: noise, height: 1000, width: 400 }));
  });

  test('drawn from polygons', () => {
    fc.assert(
      fc.property(fc.array(polygon, { minLength: 1, maxLength: 3 }), (polygons) =>
        expectSame(() => mask.frPyObjects(polygons, height, width)),
      ),
      { numRuns: 400 },
    );
    for (const odd of [1e9, Number.NaN, Number.POSITIVE_INFINITY])
      expectSame(() => mask.frPyObjects([[1, 2, odd, 4, 5, 6]], height, width));
  });

  test('read from any text, errors included', () => {
    fc.assert(
      fc.property(text, text, (a, b) => {
        expectSame(() => mask.parseCounts(a));
        expectSame(() =>
          mask.merge([
            { size, counts: a },
            { size, counts: b },
          ]),
        );
        expectSame(() => mask.iou([{ size, counts: a }], [{ size, counts: b }], [0]));
      }),
      { numRuns: 400 },
    );
  });

  test('measured in results', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            text,
            bitmap.map((one) => mask.encode(one).counts),
          ),
          { minLength: 1, maxLength: 6 },
        ),
        (all) => {
          const rows = all.map((counts) => ({
            image_id: 1,
            category_id: 1,
            score: 0.5,
            segmentation: { size, counts },
          }));
          expectSame(() => {
            const table = scanResults(memorySource(bytes(JSON.stringify(rows))));
            if (table === 'unscannable') return table;
            const { pool, poolAt, poolLength, maskHeight, maskWidth } = table;
            const boxes = new Float64Array(4 * all.length);
            const area = new Float64Array(all.length);
            measure(new StringPool(pool, poolAt, poolLength, maskHeight, maskWidth), [...all.keys()], area, boxes);
            return [area, boxes];
          });
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe('evaluating with WebAssembly', () => {
  const cases = golden<{ cases: EvalCase[] }>('eval.json.gz').cases;

  test.each(cases.map((entry) => [entry.name, entry] as const))(
    'without it gives what pycocotools recorded: %s',
    (_, entry) => {
      useWebAssembly(false);
      expectRecorded(entry);
    },
  );

  test('compares skeletons to the bit as without', () => {
    const point = fc.tuple(
      fc.double({ min: 0, max: 90, noNaN: true }),
      fc.double({ min: 0, max: 60, noNaN: true }),
      fc.nat(2),
    );
    const skeleton = fc.array(point, { minLength: 17, maxLength: 17 }).map((list) => list.flat());
    const near = fc.tuple(fc.constantFrom(0.1, 1, 5, 40), skeleton);
    fc.assert(
      fc.property(
        fc.array(skeleton, { minLength: 1, maxLength: 4 }),
        fc.array(near, { minLength: 1, maxLength: 5 }),
        (truths, found) => {
          const gt = new COCO<'keypoints'>({
            images: [{ id: 1, height: 60, width: 90 }],
            categories: [{ id: 1, name: 'person' }],
            annotations: truths.map((keypoints, i) => ({
              id: i + 1,
              image_id: 1,
              category_id: 1,
              iscrowd: 0,
              bbox: [5, 5, 40, 30],
              keypoints,
              area: i === 2 ? 0 : 900,
              num_keypoints: i === 1 ? 0 : keypoints.filter((v, k) => k % 3 === 2 && v > 0).length,
            })),
          } as Dataset<'keypoints'>);
          const results = found.map(([by, other], i) => ({
            image_id: 1,
            category_id: 1,
            score: 1 - i / 10,
            keypoints: truths[i % truths.length]!.map((value, k) => value + (by * other[k]!) / 90),
          }));
          const [quick, plain] = both(() => {
            const evaluation = new COCOeval(gt, gt.loadRes(results), 'keypoints');
            evaluation.evaluate();
            evaluation.accumulate();
            return evaluation.eval!;
          }) as [Accumulated, Accumulated];
          for (const key of ['precision', 'recall', 'scores'] as const)
            expect(difference(quick[key], plain[key])).toBeNull();
        },
      ),
      { numRuns: 150 },
    );
  });
});
