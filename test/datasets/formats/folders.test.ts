import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSplit } from '../../../configs/datasets.js';
import { checkLearnable } from '../../../configs/learnable.js';
import { parseExperiment, readFolder } from '../../../configs/read.js';
import { openData } from '../../../datasets/index.js';
import { failure, folderWith, greyPng } from '../folder.js';

const image = greyPng(8, 6, 7);
const imagesAt = (...paths: string[]) => Object.fromEntries(paths.map((path) => [path, image]));
const open = (root: string, split: 'train' | 'val' = 'train', more: object = {}) =>
  openData({ root, ...more }, 'labels', { split });

/** Names of the classes, and of each image. */
async function shown(root: string, split: 'train' | 'val' = 'train', more: object = {}) {
  const data = await open(root, split, more);
  const names = data?.labels.classes.map(({ name }) => name) ?? [];
  const images = await Promise.all(
    (data?.entries ?? []).map(async ({ id }, i) => {
      const { truth } = (await data?.get(i)) ?? {};
      return `${id}: ${[...(truth?.labels ?? [])].map((label) => names[label]).join('+')}`;
    }),
  );
  return {
    names,
    images,
    warnings: data?.warnings.filter(({ isNote }) => !isNote).map(({ message }) => message) ?? [],
  };
}

describe('class folders', () => {
  it.each([
    ['flat', imagesAt('cat/a.png', 'dog/b.png'), ['cat/a.png: cat', 'dog/b.png: dog']],
    [
      'in parts, with a wrapper and deeper folders',
      imagesAt('set/train/cat/a.png', 'set/train/dog/x/b.png', 'set/val/dog/c.png'),
      ['set/train/cat/a.png: cat', 'set/train/dog/x/b.png: dog'],
    ],
  ] as const)('%s are recognised', async (_name, files, expected) => {
    const { names, images } = await shown(folderWith(files), 'train', { val: null });
    expect(names).toEqual(['cat', 'dog']);
    expect(images).toEqual(expected);
  });

  it('hold a fifth out, of each class alike, where no folder validates', async () => {
    const root = folderWith(
      imagesAt(...['cat', 'dog'].flatMap((name) => Array.from({ length: 10 }, (_, i) => `${name}/${i}.png`))),
    );
    const [train, val] = [await shown(root), await shown(root, 'val')];
    expect([train.images.length, val.images.length]).toEqual([16, 4]);
    expect(val.images.filter((line) => line.endsWith('cat'))).toHaveLength(2);
  });

  it('without an image are a class that is told, images without a class are left out', async () => {
    const root = folderWith({ ...imagesAt('train/cat/a.png', 'train/dog/b.png', 'train/loose.png') });
    mkdirSync(join(root, 'train/emu'));
    const { names, warnings } = await shown(root, 'train', { kind: 'folders', val: null });
    expect(names).toEqual(['cat', 'dog', 'emu']);
    expect(warnings).toEqual(['1 annotation without the name of a class, left out: train/loose.png']);
    const experiment = parseExperiment(
      { task: 'classification', data: { kind: 'folders', root, val: null } },
      'the test',
    );
    expect(checkLearnable(experiment, await openSplit(experiment, 'train'))).toMatchObject({
      problem: null,
      warnings: [{ pitfall: 54, message: '1 of 3 classes have no images to learn from: emu' }],
    });
  });

  it('of other classes than those named are left out whole', async () => {
    const root = folderWith(imagesAt('cat/a.png', 'dog/b.png', 'emu/c.png'));
    const { names, images } = await shown(root, 'train', { val: null, classes: ['emu', 'cat'] });
    expect(names).toEqual(['emu', 'cat']);
    expect(images).toEqual(['cat/a.png: cat', 'emu/c.png: emu']);
    expect(await failure(open(root, 'train', { classes: ['yak'] }))).toMatch(
      /not one of 3 images is of the classes yak/,
    );
  });

  it('three hundred of them are counted in the order of ImageFolder', async () => {
    const names = Array.from({ length: 300 }, (_, i) => `class ${i}`);
    const { names: found } = await shown(folderWith(imagesAt(...names.map((name) => `${name}/a.png`))), 'train', {
      val: null,
    });
    expect(found).toEqual([...names].sort());
  });

  it('make classification the task of a folder, which starts from pretrained weights', async () => {
    const root = folderWith(imagesAt('cat/a.png', 'dog/b.png'));
    const { task, data, model, train } = await readFolder(root, { set: ['train.epochs=3'] });
    expect([task, data.kind, model.weights, model.head.kind, train.epochs]).toEqual([
      'classification',
      'folders',
      'efficientnet-lite0',
      'classification',
      3,
    ]);
    expect(model.inputSize).toEqual([224, 224]);
  });

  it('asked for boxes say what they have', async () => {
    const root = folderWith(imagesAt('cat/a.png', 'dog/b.png'));
    expect(await failure(openData({ root }, 'boxes', { split: 'train' }))).toMatch(
      /recognised as class folders \(kind: folders\), which has classes of images and no boxes: choose the task/,
    );
    expect(await failure(openData({ root: folderWith(imagesAt('a.png')) }, 'labels', { split: 'train' }))).toMatch(
      /among its 1 files are 1 images/,
    );
  });
});

describe('tables of images and classes', () => {
  const files = imagesAt('a.png', 'b.png', 'c.png');
  it.each([
    ['with titles', 'file,label\na.png,cat\nb.png,dog\nc.png,cat', ['a.png: cat', 'b.png: dog', 'c.png: cat']],
    ['without titles', 'a.png,cat\nb.png,dog', ['a.png: cat', 'b.png: dog']],
    [
      'with several classes in a field',
      'file,label\na.png,cat|dog\nb.png,\nc.png,dog',
      ['a.png: cat+dog', 'b.png: ', 'c.png: dog'],
    ],
    ['with a row for each class', 'file;label\na.png;cat\na.png;dog\nb.png;cat', ['a.png: cat+dog', 'b.png: cat']],
    [
      'with a column for each class',
      'filename, cat, dog\na.png,1,1\nb.png,0,0\nc.png,0,1',
      ['a.png: cat+dog', 'b.png: ', 'c.png: dog'],
    ],
  ] as const)('%s are read', async (_name, table, expected) => {
    const { names, images } = await shown(folderWith({ ...files, 'labels.csv': table }), 'train', { val: null });
    expect(names).toEqual(['cat', 'dog']);
    expect(images).toEqual(expected);
  });

  it('say their parts by a column', async () => {
    const root = folderWith({
      ...files,
      'labels.csv': 'split,file,label\ntrain,a.png,cat\nval,b.png,dog\ntrain,c.png,dog',
    });
    expect((await shown(root)).images).toEqual(['a.png: cat', 'c.png: dog']);
    expect((await shown(root, 'val')).warnings).toEqual([]);
  });

  it('of boxes are no classes of images', async () => {
    const root = folderWith({ ...files, 'boxes.csv': 'filename,class,xmin,ymin,xmax,ymax\na.png,cat,1,1,4,4' });
    expect(await failure(open(root))).toMatch(/holds no CSV file of images and classes/);
  });
});

describe('what nothing can be learned from is refused with a sentence', () => {
  const problem = async (files: { readonly [path: string]: string | Uint8Array }, head: object = {}, kind = 'auto') => {
    const root = folderWith(files);
    const named = {
      task: 'classification',
      data: { kind, root, val: null },
      model: { head: { kind: 'classification', ...head } },
    };
    const experiment = parseExperiment(named, 'the test');
    return checkLearnable(experiment, await openSplit(experiment, 'train')).problem?.message;
  };
  const table = (rows: string) => ({ ...imagesAt('a.png', 'b.png'), 'l.csv': `file,label\n${rows}` });

  it('one class, an image with several or none', async () => {
    expect(await problem(imagesAt('cat/a.png', 'cat/b.png'), {}, 'folders')).toMatch(
      /every image is of class 'cat', so there is nothing to tell apart: give images of another class/,
    );
    expect(await problem(table('a.png,cat|dog\nb.png,'))).toMatch(
      /1 images have no class and 1 have several, .* write model.head.multiLabel: true/,
    );
    expect(await problem(table('a.png,cat|dog\nb.png,'), { multiLabel: true })).toBeUndefined();
    expect(await problem(table('a.png,cat\nb.png,'), { multiLabel: true })).toBeUndefined();
    expect(await problem(table('a.png,cat\nb.png,cat'), { multiLabel: true })).toMatch(/every image is of class 'cat'/);
  });
});
