import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { type Dataset, type DetectionTruth, type Entry, IGNORED } from '../../datasets/index.js';
import { runDatasetCases } from '../conformance/dataset.js';
import { dataMissing, dataPath } from '../data.js';
import { failure, folderWith, greyPng } from './folder.js';
import { openCoco } from './open.js';

const ann = (id: number, category: number, bbox: readonly number[], extra: object = {}) => ({
  id,
  image_id: 1,
  category_id: category,
  bbox,
  area: 5,
  iscrowd: 0,
  ...extra,
});
const categories = [
  { id: 90, name: 'zebra' },
  { id: 3, name: 'ant' },
  { id: 17, name: 'cat' },
];
const file = (annotations: readonly object[], changes: object = {}) => ({
  images: [{ id: 1, file_name: 'a.png', width: 40, height: 50 }],
  categories,
  annotations,
  ...changes,
});
const rootOf = (json: object | string) =>
  folderWith({
    'annotations/train.json': typeof json === 'string' ? json : JSON.stringify(json),
    'images/a.png': greyPng(40, 50),
    'outside.png': greyPng(40, 50),
  });
const detection = (json: object | string, extra: { classes?: readonly string[]; indices?: string } = {}) =>
  openCoco({
    root: rootOf(json),
    annotations: 'annotations/train.json',
    images: 'images',
    task: 'detection',
    ...extra,
  });
const firstTruth = ({ entries }: Dataset) => (entries[0] as Entry<DetectionTruth>).truth;
const segmentation = (json: object, classes?: readonly string[]) =>
  openCoco({
    root: rootOf(json),
    annotations: 'annotations/train.json',
    images: 'images',
    task: 'segmentation',
    ...(classes && { classes }),
  });

describe('openCoco for detection', () => {
  it('maps ids with gaps to contiguous indices by ascending id and keeps area and crowd', async () => {
    const crowd = ann(9, 90, [1, 2, 3, 4], { iscrowd: 1, area: 7.5 });
    const data = await detection(file([ann(1, 17, [0, 0, 40, 50]), crowd]));
    expect(data.labels.classes.map(({ id, name }) => [id, name])).toEqual([
      [3, 'ant'],
      [17, 'cat'],
      [90, 'zebra'],
    ]);
    expect(data.entries[0]).toMatchObject({ id: 'images/a.png', width: 40, height: 50 });
    expect(data.entries[0]?.truth).toEqual({
      kind: 'boxes',
      boxes: Float64Array.of(0, 0, 40, 50, 1, 2, 4, 6),
      labels: Int32Array.of(1, 2),
      ignored: Uint8Array.of(0, 1),
      areas: Float64Array.of(5, 7.5),
    });
  });

  it('keeps images apart whose ids beyond 2^53 differ in the last digits only, and counts categories of such ids from 1', async () => {
    const names = ['a', 'b', 'c'];
    const images = names.map((name, i) => `{"id": 1234567890123456${789 - i}, "file_name": "${name}.png"}`);
    const boxes = names.map(
      (_, i) =>
        `{"id": 9007199254740${993 + i}, "image_id": 1234567890123456${789 - i}, "category_id": 3, "bbox": [${i}, 0, 9, 9]}`,
    );
    const json = (category: string) =>
      `{"images": [${images}], "annotations": [${boxes}], "categories": [{"id": ${category}, "name": "ant"}]}`;
    const root = folderWith({
      'train.json': json('3'),
      'wrong.json': json('9007199254740993').replaceAll('"category_id": 3', '"category_id": 9007199254740993'),
      ...Object.fromEntries(names.map((name) => [`${name}.png`, greyPng(40, 50)])),
    });
    const open = (annotations: string) => openCoco({ root, annotations, images: '', task: 'detection' });
    const { entries } = await open('train.json');
    const found = (entries as readonly Entry<DetectionTruth>[]).map(({ id, truth }) => [id, [...truth.boxes]]);
    expect(found).toEqual([
      ['c.png', [2, 0, 11, 9]],
      ['b.png', [1, 0, 10, 9]],
      ['a.png', [0, 0, 9, 9]],
    ]);
    expect((await open('wrong.json')).labels.classes).toEqual([{ id: 1, name: 'ant' }]);
  });

  it('takes the class order given, and keeps the ids of the file', async () => {
    const data = await detection(file([ann(1, 17, [0, 0, 4, 5])]), { classes: ['cat', 'zebra'] });
    expect(data.labels.classes).toEqual([
      { id: 17, name: 'cat' },
      { id: 90, name: 'zebra' },
    ]);
    expect(firstTruth(data).labels).toEqual(Int32Array.of(0));
  });

  it('drops degenerate boxes, clips those outside, takes missing areas from the box, and counts each', async () => {
    const { area: _, ...bare } = ann(4, 3, [0, 0, 4, 5]);
    const data = await detection(
      file([ann(1, 3, [1, 1, 0, 5]), ann(2, 3, [-0.5, 0, 40, 50]), ann(3, 3, [30, 0, 30, 5]), bare]),
    );
    expect(firstTruth(data).boxes).toEqual(Float64Array.of(0, 0, 39.5, 50, 30, 0, 40, 5, 0, 0, 4, 5));
    expect(firstTruth(data).areas).toEqual(Float64Array.of(5, 5, 20));
    expect(data.warnings.map(({ code, count }) => [code, count])).toEqual([
      ['missing-area', 1],
      ['degenerate-box', 1],
      ['box-clipped', 1],
      ['box-outside', 1],
    ]);
  });

  it.each([
    ['no JSON', '{"images": [', /train.json/],
    ['a list of annotations that is missing', { images: [], categories }, /no list of annotations/],
    [
      'a category not in the table',
      file([ann(1, 4, [0, 0, 1, 1])]),
      /1 annotation of categories that the file does not list/,
    ],
    [
      'an image not in the table',
      file([ann(1, 3, [0, 0, 1, 1], { image_id: 2 })]),
      /1 annotation of images that the file does not list, left out: image_id 2/,
    ],
    ['no box', file([ann(1, 3, [0, 0, 1])]), /1 box without four numbers/],
    ['another size', file([], { images: [{ id: 1, file_name: 'a.png', width: 41, height: 50 }] }), /40x50.*41x50/],
    [
      'a missing image',
      file([], { images: [{ id: 1, file_name: 'b.png', width: 4, height: 5 }] }),
      /b.png \(no such image below .*, named by .*train.json/,
    ],
    [
      'a path upwards',
      file([], { images: [{ id: 1, file_name: '../outside.png' }] }),
      /outside.png \(no such image below .*images/,
    ],
    [
      'an absolute path',
      file([], { images: [{ id: 1, file_name: '/etc/passwd' }] }),
      /\/etc\/passwd \(no such image below/,
    ],
    ['no image', file([], { images: [] }), /lists no image/],
  ] as const)('refuses %s in one sentence', async (_what, json, expected) => {
    expect(await failure(detection(json))).toMatch(expected);
  });

  it('names the nearest class for one that is not in the list', async () => {
    const json = file([ann(1, 17, [0, 0, 1, 1])]);
    expect(await failure(detection(json, { classes: ['Cat'] }))).toMatch(/a 'Cat': did you mean 'cat'/);
    expect((await detection(json, { classes: ['ant'] })).warnings.map(({ message }) => message)).toEqual([
      '1 object of classes that data.classes does not list, left out: cat',
    ]);
  });

  it('reads a hundred thousand categories, and takes two of one name as one class', async () => {
    const many = Array.from({ length: 100_000 }, (_, id) => ({ id, name: `class ${id}` }));
    const data = await detection(file([ann(1, 99_999, [0, 0, 9, 9])], { categories: many }));
    expect(data.labels.classes[99_999]).toEqual({ id: 99_999, name: 'class 99999' });
    const twice = file([], { categories: [...many, { id: 100_000, name: 'class 99999' }] });
    const { labels, warnings } = await detection(twice);
    expect(labels.classes).toHaveLength(100_000);
    expect(warnings.map(({ message }) => message)).toEqual([
      "several categories are named 'class 99999': they are one class",
    ]);
  });

  it('refuses an annotation file that unpacks to gigabytes, and a pipe in its place', async () => {
    const root = folderWith({ 'bomb.json': gzipSync(Buffer.alloc(2 ** 26 + 1, 32)) });
    const open = (annotations: string) => openCoco({ root, annotations, images: '.', task: 'detection' });
    expect(await failure(open('bomb.json'))).toMatch(/bomb\.json: unpacks to more than 64 MB/);
    if (process.platform === 'win32') return;
    spawnSync('mkfifo', [join(root, 'pipe.json')]);
    expect(await failure(open('pipe.json'))).toMatch(/pipe\.json: it is a pipe, a regular file is expected/);
    const images = folderWith({ 'all.json': JSON.stringify(file([])) });
    spawnSync('mkfifo', [join(images, 'a.png')]);
    expect(await failure(openCoco({ root: images, annotations: 'all.json', images: '.', task: 'detection' }))).toMatch(
      /a\.png \(it is a pipe, a regular file is expected\)/,
    );
  });

  it('takes a range of images and refuses one beyond them', async () => {
    expect((await detection(file([]), { indices: '0-0' })).size).toBe(1);
    expect(await failure(detection(file([]), { indices: '0-7' }))).toMatch(
      /position 7 of '0-7' is beyond the 1 images/,
    );
  });
});

describe('openCoco for segmentation', () => {
  const square = [10, 10, 20, 10, 20, 20, 10, 20];
  const regions = [
    ann(1, 17, [12, 12, 4, 4], { area: 16, segmentation: [[12, 12, 16, 12, 16, 16, 12, 16]] }),
    ann(2, 3, [10, 10, 10, 10], { area: 100, segmentation: [square] }),
    ann(3, 90, [0, 0, 1, 50], { area: 50, iscrowd: 1, segmentation: { size: [50, 40], counts: [0, 50, 1950] } }),
  ];

  it('draws polygons and crowds, small ones on top, over background', async () => {
    const data = await segmentation(file(regions));
    expect(data.labels.classes.map(({ name }) => name)).toEqual(['background', 'ant', 'cat', 'zebra']);
    const { mask } = (await data.get(0)).truth;
    const at = (x: number, y: number) => mask[y * 40 + x];
    expect([at(30, 30), at(11, 11), at(14, 14), at(0, 49), at(1, 49)]).toEqual([0, 1, 2, 3, 0]);
    expect(mask.filter((index) => index === 1)).toHaveLength(100 - 16);
  });

  it('leaves uncovered pixels ignored when the classes have no background', async () => {
    const data = await segmentation(file(regions), ['ant', 'cat', 'zebra']);
    expect((await data.get(0)).truth.mask[30 * 40 + 30]).toBe(IGNORED);
  });

  it('refuses runs and polygons that are none', async () => {
    const bad = (shape: unknown) => segmentation(file([ann(1, 3, [0, 0, 1, 1], { segmentation: shape })]));
    expect(await failure(bad({ size: [50, 40], counts: [0, 99999] }))).toMatch(
      /1 annotation with polygons or run lengths/,
    );
    expect(await failure(bad([[1, 2, 3, 4]]))).toMatch(/1 annotation with polygons or run lengths/);
    expect(await failure(bad({ size: [100000, 100000], counts: [0] }))).toMatch(/train.json/);
  });
});

describe.skipIf(dataMissing)(`openCoco on 128 real images (${dataMissing ?? 'present'})`, () => {
  const options = {
    root: dataPath('coco128'),
    annotations: 'annotations/instances_train2017_first128.json',
    images: 'train2017',
  };

  it('finds 939 annotations, 10 crowds, 80 classes, two images without any, and nothing to warn of', async () => {
    const data = await openCoco({ ...options, task: 'detection' });
    const truths = data.entries.map(({ truth }) => truth as DetectionTruth);
    expect([data.size, data.labels.classes.length]).toEqual([128, 80]);
    expect(truths.reduce((sum, truth) => sum + truth.labels.length, 0)).toBe(939);
    expect(truths.reduce((sum, truth) => sum + truth.ignored.filter((flag) => flag === 1).length, 0)).toBe(10);
    expect(truths.filter((truth) => truth.labels.length === 0)).toHaveLength(2);
    expect(data.warnings).toEqual([]);
    expect(data.labels.classes.at(-1)).toEqual({ id: 90, name: 'toothbrush' });
  });

  runDatasetCases({ name: 'COCO boxes', create: () => openCoco({ ...options, task: 'detection', indices: '0-7' }) });
  runDatasetCases({
    name: 'COCO regions',
    create: () => openCoco({ ...options, task: 'segmentation', indices: '0-7' }),
  });
});
