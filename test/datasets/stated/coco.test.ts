import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { readCoco, readColumns } from '../../../datasets/stated/coco.js';
import { collectWarnings } from '../../../datasets/warnings.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-coco-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** What is stated of a file, and noted, read as objects and as columns. */
async function both(document: object) {
  const file = join(folder, 'a.json');
  writeFileSync(file, JSON.stringify(document));
  const [first, second] = [collectWarnings(), collectWarnings()];
  const objects = await readCoco([file], { isBeside: true, warnings: first });
  const columns = await readColumns(file, { isBeside: true, warnings: second });
  const plain = (set: Awaited<ReturnType<typeof readCoco>> | null) =>
    set && {
      ...set,
      images: set.images.map(({ name, source, folder: place, size, unit, objects: own }) => {
        return { name, source, folder: place, size, unit, objects: own };
      }),
    };
  const told = (list: typeof first) =>
    list
      .list()
      .map(({ code, count }) => `${code} ${count}`)
      .sort();
  return { objects: plain(objects), columns: plain(columns), notes: [told(first), told(second)] };
}

const BOXES = {
  categories: [
    { id: 7, name: 'b' },
    { id: 3, name: 'a' },
  ],
  images: [
    { id: 5, file_name: 'five.png', width: 10, height: 20 },
    { id: 2, file_name: 'two.png', width: 30, height: 40 },
    { id: 9, path: 'nine.png' },
    { id: 11 },
  ],
  annotations: [
    { id: 1, image_id: 2, category_id: 7, bbox: [1, 2, 3, 4], area: 11, iscrowd: 0 },
    { id: 2, image_id: 5, category_id: 3, bbox: [0.5, 1.25, 2, 2], area: 4, iscrowd: 1 },
    { id: 3, image_id: 2, category_id: 3, bbox: [5, 5, 1, 1] },
    { id: 4, image_id: 2, category_id: 3 },
    { id: 5, image_id: 77, category_id: 3, bbox: [1, 1, 1, 1] },
    { id: 6, image_id: 9, category_id: 8, bbox: [1, 1, 1, 1], area: 1 },
    { id: 7, image_id: 9, category_id: 7, bbox: [], area: 1, segmentation: [] },
  ],
};

it('states the same of a file of boxes as columns as it does as objects, and notes the same', async () => {
  const { annotations } = BOXES;
  const { objects, columns, notes } = await both({ ...BOXES, annotations: annotations.slice(0, 6) });
  expect(columns).toEqual(objects);
  expect(columns?.images.map(({ name }) => name)).toEqual([
    'two.png',
    'five.png',
    'nine.png',
    objects?.images[3]?.name,
  ]);
  expect(columns?.images[0]?.objects).toHaveLength(3);
  expect(notes[1]).toEqual(notes[0]);
});

it('leaves to objects what fits no column', async () => {
  const [first] = BOXES.annotations;
  for (const annotations of [
    [{ ...first, segmentation: [[1, 1, 2, 2, 3, 1]] }],
    [{ ...first, image_id: 'two' }],
    [{ ...first, bbox: ['1', '2', '3', '4'] }],
  ]) {
    expect((await both({ ...BOXES, annotations })).columns).toBeNull();
  }
  const images = [...BOXES.images, { id: 2, file_name: 'again.png' }];
  expect((await both({ ...BOXES, images })).columns).toBeNull();
  const named = BOXES.images.map(({ id, ...rest }) => ({ id: `image ${id}`, ...rest }));
  expect((await both({ ...BOXES, images: named, annotations: [] })).columns).toBeNull();
});
