import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Entry } from '../../../datasets/dataset.js';
import { createCorrections, editSchema } from '../../../tools/browse/edits.js';

let folder: string;
let original: string;
const coco = {
  info: { year: 2020 },
  images: [
    { id: 7, file_name: 'a.png', width: 100, height: 50 },
    { id: 9, file_name: 'b.png', width: 100, height: 50 },
  ],
  categories: [
    { id: 3, name: 'dog' },
    { id: 5, name: 'cat' },
  ],
  annotations: [
    {
      id: 11,
      image_id: 7,
      category_id: 3,
      bbox: [10, 10, 20.25, 20],
      area: 300,
      iscrowd: 0,
      segmentation: [[1, 2, 3, 4, 5, 6]],
    },
    { id: 12, image_id: 7, category_id: 5, bbox: [50, 10, 20, 20], area: 400, iscrowd: 0 },
    { id: 13, image_id: 7, category_id: 5, bbox: [0, 0, 90, 40], area: 9, iscrowd: 1 },
    { id: 14, image_id: 9, category_id: 5, bbox: [1, 1, 5, 5], area: 25, iscrowd: 0 },
  ],
};
const entries = ['images/a.png', 'images/b.png'].map(
  (id) => ({ id, file: id, width: 100, height: 50, truth: null }) satisfies Entry,
);
const labels = { classes: ['dog', 'cat', 'bird'].map((name, id) => ({ id, name })) };

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-edits-'));
  original = join(folder, 'train.json');
  writeFileSync(original, JSON.stringify(coco));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const read = () => JSON.parse(readFileSync(join(folder, 'train.corrected.json'), 'utf8')) as typeof coco;

test('a removed and a new box go beside the original; what stays keeps its outline, crowds stay', () => {
  const before = readFileSync(original, 'utf8');
  const corrections = createCorrections(original, entries, labels);
  const kept = { box: [10, 10, 30.3, 30] as const, label: 0 }; // as it came back, to a tenth
  corrections.save({
    index: 0,
    boxes: [
      { ...kept, box: [...kept.box] },
      { box: [60, 40, 120, 20], label: 1 },
    ],
  });
  const { info, images, annotations } = read();
  expect([info, images]).toEqual([coco.info, coco.images]);
  expect(annotations).toEqual([
    coco.annotations[3],
    coco.annotations[0],
    { id: 15, image_id: 7, category_id: 5, bbox: [60, 20, 40, 20], area: 800, iscrowd: 0 }, // inside the image
    coco.annotations[2],
  ]);
  expect(readFileSync(original, 'utf8')).toBe(before);
});

test('later corrections go on from earlier ones', () => {
  createCorrections(original, entries, labels).save({ index: 0, boxes: [] });
  createCorrections(original, entries, labels).save({ index: 1, boxes: [] });
  expect(read().annotations.map(({ id }) => id)).toEqual([13]);
});

test('what makes no sense is refused, and nothing is written', () => {
  const corrections = createCorrections(original, entries, labels);
  expect(() => corrections.save({ index: 5, boxes: [] })).toThrow('there is no image 5');
  expect(() => corrections.save({ index: 0, boxes: [{ box: [0, 0, 9, 9], label: 2 }] })).toThrow('there is no class 2');
  expect(() => corrections.save({ index: 0, boxes: [{ box: [200, 0, 300, 9], label: 0 }] })).toThrow(
    'less than a pixel',
  );
  expect(() => read()).toThrow('ENOENT');
  for (const edit of [
    { index: -1, boxes: [] },
    { index: 0 },
    { index: 0, boxes: [{ box: [0, 0, Number.NaN, 1], label: 0 }] },
    { index: 0, boxes: [], file: '/etc/passwd' },
  ]) {
    expect(editSchema.safeParse(edit).success).toBe(false);
  }
});
