import { expect, it } from 'vitest';
import { type Dataset, type Entry, encodePng, openData } from '../../../datasets/index.js';
import type { StoredTruth } from '../../../datasets/read.js';
import { folderWith, greyPng, vocXml } from '../folder.js';

/** An image of 40 x 20 pixels; each has another brightness. */
const image = (value = 9): Uint8Array => greyPng(40, 20, value);
const coco = (names: readonly string[]) =>
  JSON.stringify({
    images: names.map((file_name, id) => ({ id, file_name })),
    annotations: names.map((_, id) => ({
      id,
      image_id: id,
      category_id: 1,
      bbox: [4, 2, 16, 8],
      segmentation: [[4, 2, 20, 2, 20, 10, 4, 10]],
    })),
    categories: [{ id: 1, name: 'cell' }],
  });
const labelme = (imagePath: string) =>
  JSON.stringify({
    imagePath,
    imageWidth: 40,
    imageHeight: 20,
    shapes: [
      {
        label: 'cell',
        shape_type: 'rectangle',
        points: [
          [20, 10],
          [4, 2],
        ],
      },
      {
        label: 'cell',
        shape_type: 'line',
        points: [
          [1, 1],
          [2, 2],
        ],
      },
    ],
  });
const cvat = `<?xml version="1.0"?><annotations><version>1.1</version><meta><task><labels><label><name>cell</name></label></labels></task></meta>
<image id="0" name="a.png" width="40" height="20"><box label="cell" xtl="4" ytl="2" xbr="20" ybr="10"/><points label="cell" points="1,1"/></image></annotations>`;
const video = `<?xml version="1.0"?><annotations><version>1.1</version><meta><task><labels><label><name>cell</name></label></labels><original_size><width>40</width><height>20</height></original_size></task></meta>
<track id="0" label="cell"><box frame="0" outside="0" keyframe="1" xtl="4" ytl="2" xbr="20" ybr="10"/><box frame="1" outside="1" xtl="4" ytl="2" xbr="20" ybr="10"/></track>
<track id="1" label="cell"><mask frame="1" outside="0" rle="0,3,1" left="5" top="6" width="2" height="2"/></track></annotations>`;
const viaCsv = `filename,file_size,file_attributes,region_count,region_id,region_shape_attributes,region_attributes
a.png,1,"{}",1,0,"{""name"":""rect"",""x"":4,""y"":2,""width"":16,""height"":8}","{""type"":""cell""}"
b.png,1,"{}",0,0,"{}","{}"
`;
const via = JSON.stringify({
  'a.png1': {
    filename: 'a.png',
    regions: [
      { shape_attributes: { name: 'rect', x: 4, y: 2, width: 16, height: 8 }, region_attributes: { type: 'cell' } },
    ],
  },
});
const square = (x: number, y: number): Uint8Array => {
  const data = Array<number>(800).fill(0);
  for (let row = y; row < 10; row++) data.fill(255, row * 40 + x, row * 40 + 20);
  return greyPng(40, 20, data);
};

const LAYOUTS: readonly (readonly [
  name: string,
  kind: string,
  files: { readonly [path: string]: string | Uint8Array },
])[] = [
  ['COCO of Roboflow', 'coco', { 'train/a.png': image(), 'train/_annotations.coco.json': coco(['a.png']) }],
  [
    'COCO with folders',
    'coco',
    { 'train2017/a.png': image(), 'annotations/instances_train2017.json': coco(['a.png']) },
  ],
  ['VOC of Roboflow', 'voc', { 'train/a.png': image(), 'train/a.xml': vocXml([40, 20], [['cell', 5, 3, 20, 10]]) }],
  ['VOC of labelImg', 'voc', { 'a b.png': image(), 'a b.xml': vocXml([40, 20], [['cell', 5, 3, 20, 10]]) }],
  [
    'VOC of Label Studio',
    'voc',
    { 'images/a.png': image(), 'Annotations/a.xml': vocXml([40, 20], [['cell', 5, 3, 20, 10]]) },
  ],
  [
    'YOLO with data.yaml',
    'yolo',
    {
      'data.yaml': 'train: ../train/images\nval: ../valid/images\nnames: [cell]\n',
      'train/images/a.png': image(),
      'train/labels/a.txt': '0 0.3 0.3 0.4 0.4\n',
    },
  ],
  [
    'YOLO polygons',
    'yolo',
    { 'images/a.png': image(), 'labels/a.txt': '0 0.1 0.1 0.5 0.1 0.5 0.5 0.1 0.5\n', 'classes.txt': 'cell\n' },
  ],
  ['LabelMe', 'labelme', { 'a.png': image(), 'a.json': labelme('..\\elsewhere\\a.png') }],
  ['CVAT', 'cvat', { 'images/a.png': image(), 'annotations.xml': cvat }],
  [
    'CVAT for video',
    'cvat',
    { 'images/frame_000000.png': image(), 'images/frame_000001.PNG': image(7), 'annotations.xml': video },
  ],
  ['VIA', 'via', { 'a.png': image(), 'via.json': via }],
  ['VIA as CSV', 'via', { 'a.png': image(), 'b.png': image(7), 'via_export.csv': viaCsv }],
  [
    'CSV with names',
    'csv',
    { 'a.png': image(), 'train.csv': 'filename,width,height,class,xmin,ymin,xmax,ymax\na.png,40,20,cell,4,2,20,10\n' },
  ],
  ['CSV of retinanet', 'csv', { 'i/a.png': image(), 'a.csv': 'i/a.png,4,2,20,10,cell\n' }],
  ['CSV of AutoML', 'csv', { 'a.png': image(), 'a.csv': 'TRAIN,gs://b/a.png,cell,0.1,0.1,,,0.5,0.5,,\n' }],
  [
    'a mask per object',
    'instances',
    { 'x/images/x.png': image(), 'x/masks/0.png': square(4, 2), 'x/masks/1.png': square(4, 2) },
  ],
];

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
  ['beside in folders', { 'images/a.png': image(), 'masks/a.png': square(4, 2) }],
  ['beside with endings', { 'a.png': image(), 'a_mask.png': square(4, 2) }],
  ['in folders of parts', { 'train/images/a.png': image(), 'train/masks/a.png': square(4, 2) }],
] as const)('masks %s are recognised, their values are classes', async (_name, files) => {
  const data = await openData({ root: folderWith(files), val: null }, 'classMap', { split: 'train' });
  expect(data?.labels.classes.map(({ name }) => name)).toEqual(['background', 'object']);
  const { truth } = (await data?.get(0)) ?? {};
  expect(truth?.mask.filter((label) => label === 1).length).toBe(16 * 8);
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
    /among its 2 files are 1 images: espalier formats/,
  );
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
