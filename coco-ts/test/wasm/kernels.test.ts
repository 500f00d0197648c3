import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { type Accumulated, COCO, COCOeval, type Dataset, mask, useWebAssembly } from '../../src/index.js';
import { measure, StringPool } from '../../src/mask/pool.js';
import { scanDataset, scanResults } from '../../src/scan/document.js';
import { memorySource } from '../../src/scan/source.js';
import { kernels } from '../../src/wasm/kernels.js';
import { WINDOW_BYTES } from '../../src/wasm/layout.js';
import { type EvalCase, expectRecorded } from '../evaluation/golden.js';
import { difference, golden } from '../goldens.js';

afterEach(() => useWebAssembly(true));

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** What `read` gives with and without WebAssembly; an error as its message. */
function both<T>(read: () => T): [T | string, T | string] {
  const [quick, plain] = [true, false].map((use) => {
    useWebAssembly(use);
    try {
      return read();
    } catch (error) {
      return String(error);
    }
  });
  return [quick as T | string, plain as T | string];
}

/** The rows that were read, without the room behind them. */
function results(text: string): unknown {
  const table = scanResults(memorySource(bytes(text)));
  if (table === 'unscannable') return table;
  const { count, used, pointNumbers, coordinates, poolUsed } = table;
  const cut = (column: Float32Array | Float64Array | Uint32Array | Uint16Array | Uint8Array, per = 1): number[] => [
    ...column.slice(0, per * count),
  ];
  const { has, id, image, category, score, area, crowd, boxes, begin, length, maskHeight, maskWidth, poolAt } = table;
  const { poolLength, points } = table;
  return {
    ...{ count, used, pointNumbers, pool: [...table.pool.subarray(0, poolUsed)] },
    rows: [has, id, image, category, score, area, crowd, begin, length, maskHeight, maskWidth, poolAt, poolLength].map(
      (column) => cut(column),
    ),
    boxes: cut(boxes, 4),
    points: cut(points, coordinates),
  };
}

function expectSame(read: () => unknown): void {
  const [quick, plain] = both(read);
  expect(quick).toEqual(plain);
}

describe('the WebAssembly module', () => {
  test('is there, and is what its sources compile to', async () => {
    expect(kernels()).not.toBeNull();
    const { generate } = (await import(new URL('../../tools/wasm/build.mjs', import.meta.url).href)) as {
      generate(): string;
    };
    expect(readFileSync(join(import.meta.dirname, '../../src/wasm/code.ts'), 'utf8')).toBe(generate());
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

const digits = (max: number) =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: max }).map((list) => list.join(''));
const decimal = fc
  .tuple(fc.boolean(), digits(20), fc.option(digits(24)), fc.option(fc.integer({ min: -30, max: 30 })))
  .map(([minus, whole, part, exponent]) => {
    const power = exponent === null ? '' : `e${exponent}`;
    return `${minus ? '-' : ''}${whole}${part === null ? '' : `.${part}`}${power}`;
  });
const number = fc.oneof(
  decimal,
  fc.double().map(String),
  fc.float({ noNaN: true }).map(String),
  fc.constantFrom(
    '0',
    '-0',
    '1.',
    '.5',
    '-',
    '1e',
    '1e-',
    '1e+5',
    'null',
    'NaN',
    '01',
    '1.5.2',
    '12345678',
    '123456789.25',
  ),
);
const blank = fc.constantFrom('', ' ', '\n ', '\t\t  ');
const rle = fc
  .array(
    fc.oneof(
      { weight: 30, arbitrary: fc.integer({ min: 48, max: 111 }) },
      { weight: 1, arbitrary: fc.constantFrom(34, 47, 112, 233) },
    ),
    { maxLength: 70 },
  )
  .map((codes) => `{"size": [48, 64], "counts": ${JSON.stringify(String.fromCharCode(...codes))}}`);
const field = fc.oneof(
  fc.tuple(fc.constantFrom('image_id', 'category_id', 'score', 'id', 'area', 'iscrowd', 'num_keypoints', 'x'), number),
  fc.tuple(
    fc.constant('bbox'),
    fc.array(number, { minLength: 3, maxLength: 5 }).map((list) => `[${list.join(', ')}]`),
  ),
  fc.tuple(fc.constant('segmentation'), fc.oneof(rle, fc.constantFrom('[[1, 2, 3.5]]', '{"a": ["]\\"}"]}', '[[1, 2'))),
  fc.tuple(
    fc.constant('keypoints'),
    fc.array(number, { minLength: 5, maxLength: 6 }).map((list) => `[${list.join(',')}]`),
  ),
  fc.tuple(
    fc.constantFrom('caption', 'file_name', 'image_idx', 'a\\"b'),
    fc.json().map((text) => text),
  ),
);
const record = fc
  .tuple(fc.array(field, { maxLength: 6 }), blank)
  .map(
    ([fields, space]) =>
      `{${fields.map(([key, value]) => `${space}"${key}"${space}:${space}${value}${space}`).join(',')}}`,
  );

describe('reading with WebAssembly gives what reading without gives', () => {
  test('for numbers of any form', () => {
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 5 }), (list) => {
        expectSame(() => results(`[${list.map((value) => `{"image_id": 1, "score": ${value}}`).join(', ')}]`));
      }),
      { numRuns: 1000 },
    );
  });

  test('for records of any form, errors included', () => {
    fc.assert(
      fc.property(fc.array(record, { maxLength: 6 }), blank, (records, space) => {
        expectSame(() => results(`[${records.join(`${space},${space}`)}]`));
      }),
      { numRuns: 1000 },
    );
  });

  test('for keypoints that are float32 up to some row, and no longer', () => {
    const row = (x: number): string => `{"image_id": 1, "category_id": 1, "keypoints": [${x}, 2.5, 1, 3, ${x}, 2]}`;
    const lists = [[0.5, 0.25], [0.1], [0.5, 0.1, 0.25], [0.5, 0.25, 0.1]];
    for (const list of lists) {
      expectSame(() => results(`[${list.map(row).join(', ')}]`));
      const [{ points }] = both(() => results(`[${list.map(row).join(', ')}]`)) as [{ points: number[] }, unknown];
      expect(points).toEqual(list.flatMap((x) => [x, 2.5, 3, x]));
    }
  });

  test('for text that is cut anywhere', () => {
    const text =
      '[{"image_id": 1, "score": 0.25, "bbox": [1, 2.5, 3, 4e-1], "segmentation": {"size": [4, 4], "counts": "52\\\\\\\\1"}}]';
    for (let end = 0; end < text.length; end++) expectSame(() => results(text.slice(0, end)));
  });

  test('for files of several windows and records longer than one', () => {
    const row = (i: number) => `{"image_id": ${i}, "category_id": 3, "score": 0.${i}, "bbox": [${i}.5, 2, 3, 4]}`;
    const rows = Array.from({ length: 20000 }, (_, i) => row(i));
    rows.splice(15000, 0, `{"image_id": 7, "note": "${'x'.repeat(2.5 * WINDOW_BYTES)}", "score": 1}`);
    expectSame(() => results(`[${rows.join(', ')}]`));
    const [quick] = both(() =>
      scanDataset(
        memorySource(bytes(`{"info": {}, "images": [{"id": 5}, {"file_name": "a", "id": 6}], "annotations": []}`)),
      ),
    );
    expect((quick as { imageIds: Float64Array }).imageIds).toEqual(Float64Array.of(5, 6));
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
              ...{ id: i + 1, image_id: 1, category_id: 1, iscrowd: 0, bbox: [5, 5, 40, 30], keypoints },
              ...{
                area: i === 2 ? 0 : 900,
                num_keypoints: i === 1 ? 0 : keypoints.filter((v, k) => k % 3 === 2 && v > 0).length,
              },
            })),
          } as Dataset<'keypoints'>);
          const results = found.map(([by, other], i) => ({
            ...{ image_id: 1, category_id: 1, score: 1 - i / 10 },
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
