import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type AnsweredSetOptions, configOfSet, createAnsweredSet } from '../../datasets/answeredSet.js';
import { openData } from '../../datasets/formats/index.js';
import type { Truth } from '../../datasets/sample.js';
import { folderWith, greyPng } from './folder.js';

const LABELS = {
  classes: [
    { id: 3, name: 'red, cell' },
    { id: 9, name: 'platelet' },
  ],
};
const source = folderWith({ 'a/x.png': greyPng(8, 4, 1), 'b/x.png': greyPng(8, 4, 2), 'c.png': greyPng(8, 4, 3) });

/** Writes answers of three images, two of one name, and reads them back. */
async function roundTrip(truth: Truth['kind'], results: readonly unknown[], threshold = 0.5) {
  const folder = join(folderWith({}), 'set');
  const options: AnsweredSetOptions = { folder, labels: LABELS, threshold };
  const set = createAnsweredSet(truth, options);
  const files = ['a/x.png', 'b/x.png', 'c.png'];
  const added = results.map((result, i) => {
    return set.add({ file: join(source, files[i] as string), width: 8, height: 4, result });
  });
  const { images, data } = set.finish();
  expect(images).toBe(added.filter((one) => one).length);
  expect(() => createAnsweredSet(truth, options)).toThrow(/not empty/);
  const opened = await openData({ ...data, val: null } as Parameters<typeof openData>[0], truth, { split: 'train' });
  if (opened === null) throw new Error('no data set');
  const samples = await Promise.all(opened.entries.map((_, i) => opened.get(i)));
  return { folder, added, opened, samples };
}

const found = (boxes: readonly number[], labels: readonly number[], scores: readonly number[]) => {
  return { boxes: Float32Array.from(boxes), labels: Int32Array.from(labels), scores: Float32Array.from(scores) };
};

it("nobody's config is replaced: that of a folder is beside it", () => {
  const outer = folderWith({ 'cells.yaml': 'task: detection' });
  const set = (folder: string) => () => createAnsweredSet('boxes', { folder, labels: LABELS, threshold: 0.5 });
  for (const end of ['', '/']) {
    expect(set(join(outer, 'cells') + end)).toThrow(
      /cells.yaml is there already: choose another folder with --as-data/,
    );
  }
  expect(set(' ')).toThrow(/names no folder/);
  expect(readdirSync(outer)).toEqual(['cells.yaml']);
  set(join(outer, 'others/'))();
  expect(configOfSet('others//')).toBe('others.yaml');
});

it('boxes from the threshold up are the truths of COCO JSON, and images without one are left out', async () => {
  const { added, opened, samples } = await roundTrip('boxes', [
    found([1, 0, 5.5, 3, 0, 0, 8, 4], [1, 0], [0.9, 0.4]),
    found([2, 1, 4, 3], [0], [0.5]),
    found([2, 1, 4, 3], [0], [0.49]),
  ]);
  expect(added).toEqual([true, true, false]);
  expect(opened.labels.classes).toEqual(LABELS.classes);
  expect(opened.entries.map(({ id }) => id.replace(/^images\//, ''))).toEqual(['x.png', 'x-2.png']);
  expect(samples.map(({ truth }) => ('boxes' in truth ? [[...truth.boxes], [...truth.labels]] : null))).toEqual([
    [[1, 0, 5.5, 3], [1]],
    [[2, 1, 4, 3], [0]],
  ]);
  expect(samples.map(({ image }) => image.data[0])).toEqual([1, 2]);
});

it('masks of objects keep their pixels', async () => {
  // Columns of four: the second and third column of the image.
  const masks = [{ size: [4, 8] as const, counts: '48d0' }];
  const first = { ...found([1, 0, 3, 4], [0], [1]), masks };
  const { samples, folder } = await roundTrip('instances', [first]);
  const [annotation] = JSON.parse(readFileSync(join(folder, 'annotations.json'), 'utf8')).annotations;
  expect(annotation).toMatchObject({ category_id: 3, area: 8, bbox: [1, 0, 2, 4] });
  const truth = samples[0]?.truth;
  if (truth?.kind !== 'instances') throw new Error('no masks');
  const [patch] = truth.masks;
  expect([patch?.left, patch?.top, patch?.width, patch?.height]).toEqual([1, 0, 2, 4]);
  expect(patch?.data.every((value) => value === 1)).toBe(true);
});

it('class maps are read back value by value', async () => {
  const mask = Uint8Array.from({ length: 32 }, (_, i) => i % 2);
  const { samples, folder } = await roundTrip('classMap', [
    { mask, width: 8, height: 4 },
    { mask: mask.map((value) => 1 - value), width: 8, height: 4 },
  ]);
  expect(readdirSync(join(folder, 'masks')).sort()).toEqual(['x-2.png', 'x.png']);
  const read = samples.map(({ id, truth }) => [id.replace(/^.*\//, ''), truth.kind === 'classMap' ? truth.mask : null]);
  expect(new Map(read as [string, Uint8Array][]).get('x.png')).toEqual(mask);
});

it('classes of images are a table: the best one from the threshold up, or all where they do not exclude each other', async () => {
  const scores = (a: number, b: number, isExclusive: boolean) => {
    return { probabilities: Float32Array.of(a, b), isExclusive };
  };
  const one = await roundTrip(
    'labels',
    [scores(0.8, 0.2, true), scores(0.45, 0.55, true), scores(0.5, 0.5, true)],
    0.55,
  );
  expect(one.added).toEqual([true, true, false]);
  expect(one.samples.map(({ truth }) => (truth.kind === 'labels' ? [...truth.labels] : null))).toEqual([[0], [1]]);
  const many = await roundTrip('labels', [scores(0.8, 0.7, false), scores(0.1, 0.9, false)]);
  expect(readFileSync(join(many.folder, 'labels.csv'), 'utf8')).toContain('images/x.png,"red, cell|platelet"');
});

it('an image that cannot be read any more writes nothing', () => {
  const folder = join(folderWith({}), 'set');
  const set = createAnsweredSet('boxes', { folder, labels: LABELS, threshold: 0 });
  const result = found([1, 0, 5, 3], [1], [0.9]);
  expect(() => set.add({ file: join(source, 'gone.png'), width: 8, height: 4, result })).toThrow(/gone\.png/);
  expect(existsSync(join(folder, 'images/gone.png'))).toBe(false);
});
