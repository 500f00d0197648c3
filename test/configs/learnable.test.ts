import { describe, expect, it } from 'vitest';
import { openSplit } from '../../configs/datasets.js';
import { checkLearnable, describeMeasurable } from '../../configs/learnable.js';
import { parseExperiment } from '../../configs/read.js';
import { encodePng } from '../../datasets/index.js';
import { TASKS } from '../../heads/index.js';
import { failure, folderWith, greyPng, vocXml } from '../datasets/folder.js';

const WIDTH = 40;
const HEIGHT = 30;
const images = { 'a.png': greyPng(WIDTH, HEIGHT), 'b.png': greyPng(WIDTH, HEIGHT) };

interface Annotation {
  readonly category_id?: number;
  readonly bbox?: readonly number[];
  readonly segmentation?: unknown;
  readonly iscrowd?: number;
}
const BOX = [10, 10, 20, 10];
const SQUARE = [[10, 10, 30, 10, 30, 20, 10, 20]];
const ALL = [[0, 0, WIDTH, 0, WIDTH, HEIGHT, 0, HEIGHT]];

/** Two images and these annotations, all in the first one. */
const cocoRoot = (annotations: readonly Annotation[], names = ['red', 'blue']) =>
  folderWith({
    ...images,
    'train.json': JSON.stringify({
      images: ['a.png', 'b.png'].map((file_name, i) => ({ id: i + 1, file_name, width: WIDTH, height: HEIGHT })),
      categories: names.map((name, i) => ({ id: i + 1, name })),
      annotations: annotations.map((annotation, i) => ({
        id: i + 1,
        image_id: 1,
        category_id: 1,
        bbox: BOX,
        area: 200,
        iscrowd: 0,
        ...annotation,
      })),
    }),
  });
const masksRoot = (...masks: readonly (Uint8Array | readonly number[])[]) =>
  folderWith(
    Object.fromEntries(
      masks.flatMap((mask, i) => [
        [`image/${i}.png`, greyPng(2, 2)],
        [`mask/${i}.png`, mask instanceof Uint8Array ? mask : greyPng(2, 2, mask)],
      ]),
    ),
  );

async function check(task: string, data: object, changes: object = {}) {
  const experiment = parseExperiment({ task, data: { train: 'train.json', ...data }, ...changes }, 'the test');
  const train = await openSplit(experiment, 'train');
  const { problem, warnings } = checkLearnable(experiment, train);
  const notes = train.warnings.filter(({ isNote }) => isNote).map(({ message }) => message);
  return {
    problem: problem?.message ?? null,
    warnings: warnings.map(({ message }) => message),
    notes,
    names: train.labels.classes.map(({ name }) => name),
  };
}
const detection = (annotations: readonly Annotation[], changes: object = {}, names?: string[]) =>
  check('detection', { kind: 'coco', root: cocoRoot(annotations, names) }, changes);
const regions = (annotations: readonly Annotation[], classes: readonly string[] = [], names?: string[]) =>
  check('segmentation', { kind: 'coco', root: cocoRoot(annotations, names), classes });
const masks = (classes: readonly string[], files: readonly (Uint8Array | readonly number[])[], table: object = {}) =>
  check('segmentation', {
    kind: 'masks',
    root: masksRoot(...files),
    images: 'image/*.png',
    masks: 'mask/*.png',
    train: `0-${files.length - 1}`,
    classes,
    ...table,
  });
const voc = (
  task: string,
  files: { readonly [path: string]: string | Uint8Array },
  classes: readonly string[] = [],
) => {
  const lists = { 'ImageSets/Main/train.txt': 'a', 'ImageSets/Segmentation/train.txt': 'a' };
  const root = folderWith({ ...lists, 'JPEGImages/a.png': greyPng(WIDTH, HEIGHT), ...files });
  return check(task, { kind: 'voc', root, train: 'train', classes });
};
const LEARNABLE = { problem: null, warnings: [], notes: [] };

describe('masks of objects are there to learn', () => {
  it('with one polygon, but not with boxes alone', async () => {
    const instances = (annotations: readonly Annotation[]) =>
      check('instances', { kind: 'coco', root: cocoRoot(annotations, ['cell']) });
    expect(await instances([{ segmentation: SQUARE }, {}])).toMatchObject({ problem: null });
    expect((await instances([{}, {}])).problem).toContain(
      'not one of the 2 objects of the 2 training images has a segmentation, so there is no mask to learn: export polygons or RLE',
    );
  });
});

describe('a detector has something to learn', () => {
  it('with one object, and with one class', async () => {
    expect(await detection([{}], {}, ['cell'])).toEqual({ ...LEARNABLE, names: ['cell'] });
  });

  it('but not without an object, or with objects that are all crowd, difficult or dropped', async () => {
    const found = await Promise.all([
      detection([]),
      detection([{ bbox: [5, 5, 0, 9] }, { bbox: [50, 50, 5, 5] }]),
      detection([{ iscrowd: 1 }, { iscrowd: 1, category_id: 2 }]),
      voc('detection', { 'Annotations/a.xml': vocXml([WIDTH, HEIGHT], [['cell', 5, 5, 20, 20, 1]]) }),
      voc('detection', { 'Annotations/a.xml': vocXml([WIDTH, HEIGHT], []) }, ['cell']),
    ]);
    expect(found.map(({ problem }) => problem)).toEqual([
      expect.stringMatching(/^the 2 training images have not one object, so there is nothing to learn/),
      expect.stringMatching(/not one object \(2 boxes without a pixel of the image were dropped\)/),
      expect.stringMatching(/all 2 objects of the 2 training images are crowd or difficult ones.*set iscrowd/),
      expect.stringMatching(/all 1 objects of the 1 training images are crowd or difficult ones/),
      expect.stringMatching(/the 1 training images have not one object/),
    ]);
  });

  it('and hears once of all classes without an object', async () => {
    const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const { problem, warnings } = await detection([{}, { category_id: 2, iscrowd: 1 }], {}, names);
    expect(problem).toBeNull();
    expect(warnings).toEqual(['7 of 8 classes have no objects to learn from: b, c, d, e, f and 2 more']);
  });

  it('and hears when objects are smaller than a cell of the finest map at its input size', async () => {
    const tiny = [{ bbox: [4, 4, 3, 2] }, { bbox: [8, 8, 2, 2], category_id: 2 }, {}];
    const at = (inputSize: readonly number[], augment = {}) => detection(tiny, { model: { inputSize }, augment });
    const warning = '2 of 3 objects are smaller than a cell of the finest map (8 x 8 pixels) in an input of 64 x 64';
    expect((await at([64, 64])).warnings).toEqual([expect.stringContaining(warning)]);
    expect((await at([64, 64], { fit: 'native' })).warnings).toHaveLength(1);
    expect((await at([512, 512])).warnings).toEqual([]); // 12.8 times as large: the smaller are 25.6 wide
  });

  it('of 300 classes in VOC files: the limit of 255 is that of class maps', async () => {
    const objects = Array.from({ length: 300 }, (_, i) => [`c${i}`, 1, 1, 30, 30] as const);
    const { names, problem } = await voc('detection', { 'Annotations/a.xml': vocXml([WIDTH, HEIGHT], objects) });
    expect([names.length, problem]).toEqual([300, null]);
    const many = Array.from({ length: 256 }, (_, i) => `c${i}`);
    const root = cocoRoot([{ segmentation: SQUARE }], many);
    expect(await failure(check('segmentation', { kind: 'coco', root }))).toMatch(/257 classes are more than the 255/);
    const mask = { 'SegmentationClass/a.png': greyPng(WIDTH, HEIGHT) };
    expect(await failure(voc('segmentation', mask, many))).toMatch(/256 classes are more than the 255/);
  });
});

describe('a segmenter of regions has something to learn', () => {
  it('from one class, which gets a background', async () => {
    const expected = { ...LEARNABLE, names: ['background', 'red'] };
    expect(await regions([{ segmentation: SQUARE }], ['red'], ['red'])).toEqual(expected);
    expect(await regions([{ segmentation: SQUARE }], [], ['red'])).toEqual(expected);
  });

  it('but not when no annotation has a region, however it is written', async () => {
    const none = [{}, { segmentation: [] }, { segmentation: null }];
    expect((await regions(none)).problem).toMatch(/none of the 3 annotations has a segmentation.*task: detection/);
    expect((await regions([])).problem).toMatch(/'background' is the only class with pixels in the 2 training images/);
    expect((await regions([{ segmentation: SQUARE }, ...none])).problem).toBeNull();
  });

  it('and not when only one class has pixels', async () => {
    const everywhere = [{ segmentation: ALL }, { segmentation: ALL, image_id: 2 }];
    expect((await regions(everywhere, ['red'], ['red'])).problem).toMatch(/'red' is the only class with pixels/);
    const { problem } = await regions([{ segmentation: SQUARE }], ['red', 'blue']);
    expect(problem).toMatch(/'red' is the only class with pixels.*add background to data\.classes/);
  });

  it('and hears of classes without a region', async () => {
    const { problem, warnings } = await regions([{ segmentation: SQUARE }]);
    expect([problem, warnings]).toEqual([null, ['1 of 3 classes have no regions to learn from: blue']]);
  });
});

describe('a segmenter of mask files has something to learn', () => {
  const pair = ['background', 'cell'];

  it.each([
    ['0 and 1', pair, [[0, 1, 0, 1]], {}],
    ['0 and 1 of one class', ['cell'], [[0, 1, 0, 1]], {}],
    ['0 and 255 with a table', pair, [[0, 255, 0, 255]], { values: { 0: 'background', 255: 'cell' } }],
    ['0 and 255 with the value of the one class', ['cell'], [[0, 255, 0, 255]], { values: { 255: 'cell' } }],
    [
      '0 and 255 in turn',
      ['cell'],
      [
        [0, 0, 0, 0],
        [255, 255, 255, 255],
      ],
      { values: { 255: 'cell', 0: 'background' } },
    ],
    ['0, 1 and unlabelled ones', pair, [[0, 1, 255, 255]], {}],
  ] as const)('from values %s', async (_what, classes, files, table) => {
    expect(await masks(classes, files, table)).toEqual({ ...LEARNABLE, names: pair });
  });

  it.each([
    [
      '0 and 255 of three classes',
      [...pair, 'wall'],
      [[0, 255, 0, 0]],
      {},
      'write values with one mask value for each of background, cell, wall',
    ],
    [
      '0 and 255, the latter stated as ignored',
      pair,
      [[0, 255, 0, 0]],
      { values: { 0: 'background', 1: 'cell', 255: 'ignore' } },
      'the masks hold 0, 255; check them',
    ],
    ['0 alone', pair, [[0, 0, 0, 0]], {}, "'background' is the only class with pixels in the 1 training images"],
    ['255 alone', pair, [[255, 255, 255, 255]], {}, 'no pixel has a class in the 1 training images'],
    [
      '0 and 128 that are ignored',
      pair,
      [[0, 128, 0, 0]],
      { otherValues: 'ignore' },
      'the masks hold 0, 128; check them',
    ],
  ] as const)('but not from values %s', async (_what, classes, files, table, advice) => {
    expect((await masks(classes, files, table)).problem).toContain(advice);
  });

  it.each([
    ['0, 127 and 255 of two', pair, [[0, 127, 255, 0]], 'values: { 0: background, 127: cell, 255: ignore }'],
    [
      '0, 1, 2 and 255 of two',
      pair,
      [[0, 1, 2, 255]],
      'the values are the positions of 3 classes and data.classes lists 2: list all of them',
    ],
    ['smooth edges', pair, [[0, 80, 160, 255]], 'values: { 0: background, 255: cell } and otherValues: nearest'],
    [
      'of two files',
      pair,
      [
        [0, 128, 0, 0],
        [0, 0, 200, 255],
      ],
      '128 (1 pixels), and such in 1 more masks',
    ],
  ] as const)('and a value outside the table names the line to write: %s', async (_what, classes, files, line) => {
    expect(await failure(masks(classes, files))).toContain(line);
  });

  it.each([
    [pair, [[0, 255, 0, 0]], '{ 0: background, 255: cell }'],
    [['cell'], [[0, 255, 0, 0]], '{ 0: background, 255: cell }'],
    [pair, [[1, 2, 1, 2]], '{ 1: background, 2: cell }'],
    [[...pair, 'wall'], [[0, 127, 255, 0]], '{ 0: background, 127: cell, 255: wall }'],
  ] as const)('of %j never learns from the values %j, and names the line to write', async (classes, files, table) => {
    const said = await masks(classes, files).then(
      ({ problem }) => problem,
      ({ message }: Error) => message,
    );
    expect(said).toContain(`values: ${table}`);
  });

  it('and hears of a class without a pixel, which may be the 255', async () => {
    const { problem, warnings } = await masks([...pair, 'wall'], [[0, 1, 255, 0]]);
    expect(problem).toBeNull();
    expect(warnings).toEqual([
      '1 of 3 classes have no pixels to learn from: wall; 255 means not labelled: if it is one of them, give values',
    ]);
  });

  it('and a colour mask is refused', async () => {
    const colours = encodePng({ data: Uint8Array.from({ length: 12 }, (_, i) => i * 20), width: 2, height: 2 });
    expect(await failure(masks(pair, [colours]))).toMatch(/4 colours, '#001428', .* write data.values/);
  });

  it('and masks of VOC with 0 and 255 are told what to write for them', async () => {
    const mask = greyPng(
      WIDTH,
      HEIGHT,
      Array.from({ length: WIDTH * HEIGHT }, (_, i) => (i % 2) * 255),
    );
    const { problem } = await voc('segmentation', { 'SegmentationClass/a.png': mask }, pair);
    expect(problem).toMatch(/kind: masks.*values: \{ 0: background, 255: cell \}/);
  });
});

it('an evaluation says what it could not measure', async () => {
  const open = async (task: string, data: object) =>
    openSplit(parseExperiment({ task, data: { train: 'train.json', ...data } }, 'the test'), 'train');
  expect(describeMeasurable(await open('detection', { kind: 'coco', root: cocoRoot([{}]) }), TASKS.detection)).toEqual(
    [],
  );
  for (const annotations of [[], [{ iscrowd: 1 }]]) {
    const val = await open('detection', { kind: 'coco', root: cocoRoot(annotations) });
    expect(describeMeasurable(val, TASKS.detection)).toEqual([
      expect.stringMatching(/^no objects to find: AP stays absent/),
    ]);
  }
});
