import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type Dataset, type Entry, encodePng, openData } from '../../../datasets/index.js';
import type { StoredTruth } from '../../../datasets/read.js';
import { folderWith, greyPng } from '../folder.js';
import { coco, image, LAYOUTS, square, video } from './layouts.js';

const boxesOf = (dataset: Dataset): readonly (readonly number[])[] =>
  (dataset.entries as readonly Entry<StoredTruth>[]).flatMap(({ truth }) =>
    truth.kind === 'boxes' ? [[...truth.boxes]] : [],
  );

it.each(LAYOUTS)('%s is recognised as %s and read', async (_name, kind, files) => {
  const data = await openData({ root: folderWith(files), val: null }, 'boxes', { split: 'train' });
  expect(data?.warnings[0]?.message).toContain(`(data.kind: ${kind})`);
  expect(data?.labels.classes.map(({ name }) => name)).toEqual([kind === 'instances' ? 'object' : 'cell']);
  const [boxes = []] = boxesOf(data as Dataset);
  expect(boxes.slice(0, 4).map((value) => Math.round(value * 1e6) / 1e6)).toEqual([4, 2, 20, 10]);
});

it.each([
  ['in folders of a part each', { 'train_images/a.png': image(), 'train_masks/a_mask.png': square(4, 2) }],
  [
    'in folders that have nothing in common',
    { 'Task1-2_Input/I1.png': image(), 'Truth/I1_segmentation.png': square(4, 2) },
  ],
  ['in a folder for each image', { 'a_json/img.png': image(), 'a_json/label.png': square(4, 2) }],
  ['with other capitals', { 'Images/IM0.PNG': image(), 'Masks/im0.png': square(4, 2) }],
  [
    'beside others that are not of classes',
    {
      'leftImg8bit/a/a_0_leftImg8bit.png': image(),
      'gtFine/a/a_0_gtFine_labelIds.png': square(4, 2),
      'gtFine/a/a_0_gtFine_color.png': square(8, 2),
      'gtFine/a/a_0_gtFine_instanceIds.png': square(8, 2),
    },
  ],
  ['beside in folders', { 'images/a.png': image(), 'masks/a.png': square(4, 2) }],
  ['beside with endings', { 'a.png': image(), 'a_mask.png': square(4, 2) }],
  ['in folders of parts', { 'train/images/a.png': image(), 'train/masks/a.png': square(4, 2) }],
] as const)('masks %s are recognised, their values are classes', async (_name, files) => {
  const data = await openData({ root: folderWith(files), val: null }, 'classMap', { split: 'train' });
  expect(data?.labels.classes.map(({ name }) => name)).toEqual(['background', 'object']);
  const { truth } = (await data?.get(0)) ?? {};
  expect(truth?.mask.filter((label) => label === 1).length).toBe(16 * 8);
});

it.each([
  ['class_dict.csv', 'name,r,g,b\nVoid,0,0,0\nRed,128,0,0\n'],
  ['label_colors.txt', '0 0 0\tVoid\n128 0 0\tRed\n'],
])('the colours of masks are those of %s', async (path, text) => {
  const data = Uint8Array.from({ length: 6 }, (_, i) => (i === 3 ? 128 : 0));
  const files = { 'train/a.png': greyPng(2, 1, 5), 'train_labels/a_L.png': encodePng({ data, width: 2, height: 1 }) };
  const opened = await openData({ root: folderWith({ ...files, [path]: text }), val: null }, 'classMap', {
    split: 'train',
  });
  expect(opened?.labels.classes.map(({ name }) => name)).toEqual(['Void', 'Red']);
  expect((await opened?.get(0))?.truth.mask).toEqual(Uint8Array.of(0, 1));
});

it('the names of mask values are those of the list beside them, and two lists are refused', async () => {
  const pair = (name: string) => ({
    [`${name}/img.png`]: greyPng(2, 1, 5),
    [`${name}/label.png`]: greyPng(2, 1, [0, 2]),
  });
  const open = (other: string) => {
    const root = folderWith({
      ...pair('a_json'),
      ...pair('b_json'),
      'a_json/label_names.txt': '_background_\ncat\ndog\n',
      'b_json/label_names.txt': other,
    });
    return openData({ root, val: null }, 'classMap', { split: 'train' });
  };
  const same = await open('_background_\r\ncat\r\ndog');
  expect(same?.labels.classes.map(({ name }) => name)).toEqual(['_background_', 'cat', 'dog']);
  await expect(open('_background_\ndog\n')).rejects.toThrow(/name different classes, so that one value means several/);
});

it('several masks of one image are named, and what to do', async () => {
  const files = { 'images/a.png': image(), 'masks/cat/a.png': square(4, 2), 'masks/dog/a.png': square(8, 2) };
  await expect(openData({ root: folderWith(files), val: null }, 'classMap', { split: 'train' })).rejects.toThrow(
    /images\/a\.png .*\(masks\/cat\/a\.png, masks\/dog\/a\.png\): merge the masks/,
  );
});

it('masks of colours are read by a table of colours', async () => {
  const data = Uint8Array.from({ length: 6 }, (_, i) => (i === 3 ? 128 : 0));
  const root = folderWith({
    'images/a.png': greyPng(2, 1, 5),
    'masks/a.png': encodePng({ data, width: 2, height: 1 }),
  });
  const values = { '#000000': 'background', '#800000': 'red' };
  const opened = await openData({ kind: 'masks', root, val: null, values }, 'classMap', { split: 'train' });
  expect((await opened?.get(0))?.truth.mask).toEqual(Uint8Array.of(0, 1));
});

it('a fifth of the images is held out, the same whenever it is opened, and none of so few', async () => {
  const names = Array.from({ length: 10 }, (_, i) => `${i}.png`);
  const files = (list: readonly string[]) => ({
    'a.json': coco(list),
    ...Object.fromEntries(list.map((name, i) => [name, image(i)])),
  });
  const root = folderWith(files(names));
  const open = (split: 'train' | 'val') => openData({ root }, 'boxes', { split });
  const ids = async (split: 'train' | 'val') => (await open(split))?.entries.map(({ id }) => id) ?? [];
  const [train, val] = [await ids('train'), await ids('val')];
  expect([train.length, val.length]).toEqual([8, 2]);
  expect([...train, ...val].sort()).toEqual(names);
  expect(await ids('val')).toEqual(val);
  expect((await open('val'))?.warnings[0]?.message).toBe(
    '2 of 10 training images held out, as no validation set is named (data.val; null: none)',
  );
  const few = folderWith(files(names.slice(0, 4)));
  expect(await openData({ root: few }, 'boxes', { split: 'val' })).toBeNull();
  const share = await openData({ kind: 'coco', root, train: 0.5 }, 'boxes', { split: 'train' });
  expect(share?.size).toBe(5);
});

it('bad images are left out and named, or refused together', async () => {
  const root = folderWith({
    'a.json': coco(['a.png', 'b.png', 'c.png']),
    'a.png': image(),
    'b.png': image().slice(0, 60),
  });
  const open = (badRecords: 'skip' | 'error') =>
    openData({ kind: 'coco', root, val: null, badRecords }, 'boxes', { split: 'train' });
  expect((await open('skip'))?.entries.map(({ id }) => id)).toEqual(['a.png']);
  expect(
    (await open('skip'))?.warnings.flatMap(({ message, pitfall, code }) =>
      code === 'bad-record' ? [[pitfall, message]] : [],
    ),
  ).toEqual([
    [27, expect.stringMatching(/^1 record left out that cannot be used: c\.png \(no such image/)],
    [undefined, expect.stringMatching(/^1 record left out that cannot be used: b\.png/)],
  ]);
  await expect(open('error')).rejects.toThrow(/2 of 3 records cannot be used/);
});

it('a folder that is no data set says what is in it', async () => {
  const root = folderWith({ 'a.png': image(), 'notes.txt': 'hello' });
  await expect(openData({ root }, 'boxes', { split: 'train' })).rejects.toThrow(
    /among its 2 files are 1 images; notes\.txt: it is of no format/,
  );
  const packed = folderWith({ 'my set.zip': 'x' });
  await expect(openData({ root: packed }, 'boxes', { split: 'train' })).rejects.toThrow(
    /my set\.zip: unpack it: espalier/,
  );
  const zarr = folderWith({ 'cells.ome.zarr/0/0/0/0': 'x', 'cells.ome.zarr/zarr.json': '{}' });
  for (const root of [zarr, join(zarr, 'cells.ome.zarr')]) {
    await expect(openData({ root }, 'classMap', { split: 'train' })).rejects.toThrow(
      /Zarr stores are not read: save images as OME-TIFF, whose spacing is read, or volumes as NIfTI/,
    );
  }
  const inside = folderWith({ 'a.json': coco(['a.png']), 'images.zip': 'x' });
  await expect(openData({ root: inside }, 'boxes', { split: 'train' })).rejects.toThrow(/unpack images\.zip first/);
});

it.each([
  ['other form of letters', 'ka\u0308fer.png', 'k\u00e4fer.png', []],
  ['address', 'im 1.png', '/data/local-files/?d=set%2Fim%201.png', []],
  ['code of an upload', 'a.png', 'upload/3/0a1b2c3d-a.png', ['upload-name']],
  ['question mark', 'what?.png', 'what?.png', []],
] as const)('an image is found by its %s', async (_name, onDisk, written, codes) => {
  const root = folderWith({ 'a.json': coco([written]), [`pictures/${onDisk}`]: image() });
  const data = await openData({ kind: 'coco', root, val: null }, 'boxes', { split: 'train' });
  expect(data?.size).toBe(1);
  expect(data?.warnings.map(({ code }) => code).filter((code) => code === 'upload-name')).toEqual(codes);
});

it('of images of one name that in the fewest folders is taken, and two equally deep are named', async () => {
  const open = (files: { readonly [path: string]: Uint8Array }) =>
    openData(
      { kind: 'coco', root: folderWith({ 'annotations/a.json': coco(['a.png']), ...files }), val: null },
      'boxes',
      { split: 'train' },
    );
  const deeper = await open({ 'images/a.png': image(), 'VOC/JPEGImages/a.png': image() });
  expect(deeper?.entries.map(({ id }) => id)).toEqual(['images/a.png']);
  await expect(open({ 'left/a.png': image(), 'right/a.png': image() })).rejects.toThrow(
    /2 images of that name below .* \(left\/a\.png, right\/a\.png\): name their folder in data\.images/,
  );
});

it('masks that were drawn with a brush are objects with their pixels', async () => {
  const patch = Buffer.from(greyPng(2, 3, [255, 0, 255, 255, 0, 255])).toString('base64');
  const shape = {
    label: 'cell',
    shape_type: 'mask',
    points: [
      [37, 16],
      [38, 18],
    ],
    mask: patch,
  };
  const outside = { ...shape, points: [[39, 16]] };
  const drawn = { imagePath: 'a.png', imageWidth: 40, imageHeight: 20, shapes: [shape, outside] };
  const pixelsOf = async (files: { readonly [path: string]: string | Uint8Array }) => {
    const data = await openData({ root: folderWith(files), val: null }, 'instances', { split: 'train' });
    const all = await Promise.all((data?.entries ?? []).map((_, i) => data?.get(i)));
    return all.map((sample) =>
      sample?.truth.masks.map(({ left, top, width, data }) =>
        [...data].flatMap((on, i) => (on ? [[left + (i % width), top + Math.floor(i / width)]] : [])),
      ),
    );
  };
  expect(await pixelsOf({ 'a.png': image(), 'a.json': JSON.stringify(drawn) })).toEqual([
    [
      [
        [37, 16],
        [37, 17],
        [38, 17],
        [38, 18],
      ],
    ],
  ]);
  const files = { 'images/frame_000000.png': image(), 'images/frame_000001.PNG': image(7), 'annotations.xml': video };
  const [first, second] = await pixelsOf(files);
  expect(first?.[0]).toHaveLength(16 * 8);
  expect(second).toEqual([
    [
      [5, 6],
      [6, 6],
      [5, 7],
    ],
  ]);
});

it.each([
  [90, [4, 2, 12, 18]],
  [-90, [4, 2, 12, 18]],
  [0, [0, 6, 16, 14]],
])('a box of CVAT that is turned by %i degrees lies where it is drawn', async (degrees, expected) => {
  const box = `<box label="cell" xtl="0" ytl="6" xbr="16" ybr="14" rotation="${degrees}"/>`;
  const xml = `<annotations><version>1.1</version><image name="a.png" width="40" height="20">${box}</image></annotations>`;
  const root = folderWith({ 'a.png': image(), 'a.xml': xml });
  const data = await openData({ kind: 'cvat', root, val: null }, 'boxes', { split: 'train' });
  const [found = []] = boxesOf(data as Dataset);
  expect(found.map((value) => Math.round(value * 1e4) / 1e4)).toEqual(expected);
});

const namesIn = (data: Dataset | null) => data?.labels.classes.map(({ name }) => name);
const said = (data: Dataset | null, code: string) =>
  data?.warnings.filter((one) => one.code === code).map(({ message }) => message);
const openBoxes = (files: { readonly [path: string]: string | Uint8Array }, keys: object = {}) =>
  openData({ root: folderWith(files), val: null, ...keys }, 'boxes', { split: 'train' });

it('run lengths are counted column by column, which is said, or row by row', async () => {
  const rows = Array.from({ length: 8 }, (_, i) => `${(2 + i) * 40 + 5} 16`).join(' ');
  const files = { 'a.png': image(), 'a.csv': `ImageId,ClassId,EncodedPixels\na.png,cell,${rows}\n` };
  const open = (runs: 'columns' | 'rows') =>
    openData({ kind: 'csv', root: folderWith(files), val: null, runs }, 'boxes', { split: 'train' });
  expect(boxesOf((await open('rows')) as Dataset)).toEqual([[4, 2, 20, 10]]);
  const columns = await open('columns');
  expect(boxesOf(columns as Dataset)).not.toEqual([[4, 2, 20, 10]]);
  expect(said(columns, 'run-order')).toEqual([expect.stringContaining('data.runs: rows reads them row by row')]);
});

it('a part that lists no image is left out and said, and validation images are held out', async () => {
  const names = Array.from({ length: 6 }, (_, i) => `${i}.png`);
  const root = folderWith({
    ...Object.fromEntries(names.map((name, i) => [`train/${name}`, image(i)])),
    'train/_annotations.coco.json': coco(names),
    'valid/_annotations.coco.json': coco([]),
  });
  const [train, val] = await Promise.all(
    (['train', 'val'] as const).map((split) => openData({ root }, 'boxes', { split })),
  );
  expect([train?.size, val?.size]).toEqual([5, 1]);
  expect(said(train ?? null, 'empty-part')).toEqual([
    'files that list no image, left out: valid/_annotations.coco.json',
  ]);
  const none = folderWith({ 'train/_annotations.coco.json': coco([]) });
  await expect(openData({ root: none }, 'boxes', { split: 'train' })).rejects.toThrow('the file lists no image');
});

it('keys of names that number no class are said, and numbers that are left out stay out', async () => {
  const files = { 'images/a.png': image(), 'labels/a.txt': '0 0.3 0.3 0.4 0.4\n4 0.5 0.5 0.2 0.2\n' };
  const yaml = 'names: {0: cell, 4: rod, -1: below, 9999999999: far, red: 2}\n';
  const data = await openBoxes({ ...files, 'data.yaml': yaml });
  expect(namesIn(data)).toEqual(['cell', 'rod']);
  expect(said(data, 'odd-names')).toEqual([expect.stringMatching(/^3 of the names in data.yaml left out.*-1.*red/)]);
});

it('categories that a COCO file lacks are named by their numbers, polygons may be lists of points', async () => {
  const document = JSON.parse(coco(['a.png']));
  delete document.categories;
  const unnamed = await openBoxes({ 'a.png': image(), 'a.json': JSON.stringify(document) });
  expect(namesIn(unnamed)).toEqual(['category 1']);
  expect(said(unnamed, 'no-categories')).toHaveLength(1);
  const corners = [
    [4, 2],
    [20, 2],
    [20, 10],
    [4, 10],
  ];
  for (const segmentation of [corners, [corners]]) {
    const pairs = JSON.parse(coco(['a.png']));
    Object.assign(pairs.annotations[0], { segmentation, bbox: [] });
    const files = { 'a.png': image(), 'a.json': JSON.stringify(pairs) };
    expect(boxesOf((await openBoxes(files)) as Dataset)).toEqual([[4, 2, 20, 10]]);
  }
});

it('LabelMe images that are nowhere but inside their file are named with what to do', async () => {
  const inside = { imagePath: 'a.png', imageData: 'iVBORw0KGgo=', imageWidth: 40, imageHeight: 20, shapes: [] };
  await expect(openBoxes({ 'a.json': JSON.stringify(inside) }, { kind: 'labelme' })).rejects.toThrow(
    /its image a\.png is nowhere but inside this file \(imageData\): save it beside as a\.png/,
  );
});

it('the masks of DRIVE are those of vessels, not of the field of view', async () => {
  const root = folderWith({
    'training/images/21_training.png': image(),
    'training/1st_manual/21_manual1.png': square(4, 2),
    'training/mask/21_training_mask.png': square(8, 2),
  });
  const data = await openData({ root, val: null }, 'classMap', { split: 'train' });
  expect((await data?.get(0))?.truth.mask.filter((label) => label === 1)).toHaveLength(16 * 8);
});
