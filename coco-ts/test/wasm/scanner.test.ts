import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { useWebAssembly } from '../../src/index.js';
import { scanDataset } from '../../src/scan/document.js';
import { memorySource } from '../../src/scan/source.js';
import { WINDOW_BYTES } from '../../src/wasm/layout.js';
import { both, bytes, expectSame, results } from './both.js';

afterEach(() => useWebAssembly(true));

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
