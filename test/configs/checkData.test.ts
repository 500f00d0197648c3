import { encode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { checkData, experimentOf, renderConfig } from '../../configs/checkData.js';
import { parseExperiment } from '../../configs/read.js';
import { encodePng } from '../../datasets/index.js';
import { encodeJpeg } from '../../datasets/pictures/index.js';
import { drawTiff } from '../datasets/decode/drawTiff.js';
import { folderWith, greyPng, vocXml } from '../datasets/folder.js';

const [WIDTH, HEIGHT] = [80, 60];
/** A picture of its own: no two look alike. */
function picture(seed: number, [width, height] = [WIDTH, HEIGHT]) {
  const data = new Uint8Array(width * height * 3);
  let state = (seed + 1) * 2654435761;
  const cells = Array.from({ length: 99 }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state >>> 24;
  });
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      data
        .fill(cells[Math.floor((y * 9) / height) * 11 + Math.floor((x * 11) / width)]!, (y * width + x) * 3)
        .fill(0, (y * width + x + 1) * 3);
  return { data, width, height };
}
const png = (seed: number, size?: [number, number]) => encodePng(picture(seed, size));

/** The picture brighter, as a JPEG. */
function savedAgain(seed: number): Uint8Array {
  const { data, ...size } = picture(seed);
  return encodeJpeg({ data: data.map((value) => Math.min(255, value * 1.1 + 5)), ...size }, 50);
}

interface Change {
  /** Of the first training annotation. */
  readonly annotation?: object;
  /** Of the first training image. */
  readonly image?: object;
  /** Further annotations of the first image of a split. */
  readonly more?: readonly object[];
  readonly valMore?: readonly object[];
  readonly categories?: readonly object[];
  readonly valCategories?: readonly object[];
  readonly names?: (split: string, i: number) => string;
  readonly files?: { readonly [path: string]: Uint8Array | null };
  readonly boxes?: (box: readonly number[]) => readonly number[];
  readonly model?: object;
  readonly train?: object;
}
const CATEGORIES = [
  { id: 3, name: 'red' },
  { id: 17, name: 'blue' },
];

/** Clean but for one change: 4 images to learn from and 2 to validate with, two objects each. */
function coco(change: Change = {}) {
  const { names = (split, i) => `${split}${'abcd'[i]}.png`, boxes = (box) => box } = change;
  const files: { [path: string]: string | Uint8Array } = {};
  for (const [split, count, from] of [
    ['train', 4, 0],
    ['val', 2, 10],
  ] as const) {
    const images = Array.from({ length: count }, (_, i) => ({
      id: i + 1,
      file_name: names(split, i),
      width: WIDTH,
      height: HEIGHT,
    }));
    for (const [i, { file_name }] of images.entries()) files[`${split}/${file_name}`] = png(from + i);
    const annotations = images.flatMap(({ id }) =>
      [3, 17].map((category_id, k) => {
        const bbox = boxes([10 + 30 * k, 12, 24 + id, 30]);
        return { id: id * 2 + k, image_id: id, category_id, bbox, area: bbox[2]! * bbox[3]!, iscrowd: 0 };
      }),
    );
    if (split === 'train') {
      Object.assign(images[0]!, change.image);
      Object.assign(annotations[0]!, change.annotation);
    }
    const more = (split === 'train' ? change.more : change.valMore) ?? [];
    annotations.push(...more.map((one, i) => Object.assign({}, annotations[1], { id: 100 + i }, one)));
    const categories = (split === 'val' ? change.valCategories : undefined) ?? change.categories ?? CATEGORIES;
    files[`${split}.json`] = JSON.stringify({ images, annotations, categories });
  }
  for (const [path, bytes] of Object.entries(change.files ?? {})) {
    if (bytes === null) delete files[path];
    else files[path] = bytes;
  }
  const data = { kind: 'coco', root: folderWith(files), train: 'train.json', val: 'val.json', images: '.' };
  return parseExperiment(
    { task: 'detection', data, model: { inputSize: [256, 320], ...change.model }, train: change.train ?? {} },
    'the test',
  );
}

const numbersOf = async (experiment: ReturnType<typeof coco>): Promise<readonly number[]> => [
  ...new Set((await checkData(experiment)).findings.map(({ pitfall }) => pitfall)),
];

type Size = readonly [width: number, height: number];
interface MaskChange {
  /** Of the left and the right half. */
  readonly values?: readonly [number, number];
  readonly mask?: (i: number, size: Size) => [name: string, bytes: Uint8Array];
  readonly image?: (i: number) => [name: string, bytes: Uint8Array];
  readonly data?: object;
}
const grey = ([width, height]: Size, [left, right]: readonly [number, number]) =>
  Array.from({ length: width * height }, (_, i) => (i % width < width / 2 ? left : right));
const toPixels = ([width, height]: Size, seed: number) => picture(seed, [width, height]);
const page = (seed: number) => {
  const { data } = picture(seed);
  return {
    width: WIDTH,
    height: HEIGHT,
    type: 'uint8',
    values: Array.from({ length: WIDTH * HEIGHT }, (_, i) => data[3 * i]!),
  } as const;
};

/** Three images whose masks have two values. */
function masks({ values = [0, 1], mask, image, data }: MaskChange) {
  const size = [WIDTH, HEIGHT] as const;
  const files = Object.fromEntries(
    [0, 1, 2].flatMap((i) => {
      const [imageName, bytes] = image?.(i) ?? [`${i}.png`, png(i)];
      const [maskName, maskBytes] = mask?.(i, size) ?? [`${i}.png`, greyPng(...size, grey(size, values))];
      return [
        [`image/${imageName}`, bytes],
        [`mask/${maskName}`, maskBytes],
      ];
    }),
  );
  const keys = { kind: 'masks', images: 'image/*.png', masks: 'mask/*.png', classes: ['background', 'cell'] };
  return parseExperiment(
    { task: 'segmentation', data: { ...keys, root: folderWith(files), train: '0-2', val: null, ...data } },
    'the test',
  );
}

describe('the check of a data set', () => {
  it('finds nothing in a clean one', async () => {
    const { findings, splits, alike, problem } = await checkData(coco());
    expect({ findings, alike, problem }).toEqual({ findings: [], alike: [], problem: null });
    expect(splits.map(({ split, images }) => [split, images])).toEqual([
      ['train', 4],
      ['val', 2],
    ]);
  });

  const data = Uint16Array.from({ length: WIDTH * HEIGHT }, (_, i) => i * 13);
  const deep = encode({ data, width: WIDTH, height: HEIGHT, channels: 1, depth: 16 });
  const many = Array.from({ length: 120 }, (_, i) => ({ bbox: [i % 40, i % 20, 30, 30] }));
  it.each<[number, string, Change]>([
    [1, 'a category that the file does not list', { more: [{ category_id: 4 }] }],
    [
      4,
      'a class of which validation writes another name',
      {
        valCategories: [
          { id: 3, name: 'red' },
          { id: 17, name: 'Blue' },
        ],
      },
    ],
    [6, 'corners written as sizes', { boxes: ([x = 0, y = 0, w = 0, h = 0]) => [x, y, x + w, y + h] }],
    [
      7,
      'shares written as pixels',
      { boxes: ([x = 0, y = 0, w = 0, h = 0]) => [x / WIDTH, y / HEIGHT, w / WIDTH, h / HEIGHT] },
    ],
    [8, 'a box beyond the image', { annotation: { bbox: [60, 12, 40, 30] } }],
    [9, 'a box without a pixel', { more: [{ bbox: [20, 20, 0, 5] }] }],
    [11, 'width and height swapped', { image: { width: HEIGHT, height: WIDTH } }],
    [13, 'more objects than a head keeps', { valMore: many }],
    [16, 'a crowd', { more: [{ iscrowd: 1, segmentation: { size: [HEIGHT, WIDTH], counts: [0, 600, 4200] } }] }],
    [17, 'an annotation without an area', { annotation: { area: undefined } }],
    [27, 'an image that is not there', { files: { 'train/traina.png': null } }],
    [
      29,
      'a side in the name of a class',
      {
        categories: [
          { id: 3, name: 'left_hand' },
          { id: 17, name: 'blue' },
        ],
      },
    ],
    [32, 'a picture of 16 bits', { files: { 'train/traina.png': deep } }],
    [37, 'one patient in two splits', { names: (split, i) => `p${i % 2}_slice${split === 'val' ? 5 + i : i}.png` }],
    [38, 'an image of training that validation has', { files: { 'val/vala.png': png(1) } }],
    [
      38,
      'an image of training that validation has brighter and with losses',
      { files: { 'val/vala.png': savedAgain(1) } },
    ],
    [42, 'objects of a shape that no anchor has', { boxes: ([x = 0, y = 0]) => [x, y, 6, 40] }],
    [
      43,
      'objects smaller than a cell',
      { boxes: ([x = 0, y = 0]) => [x, y, 1.6, 1.6], model: { inputSize: [128, 128] } },
    ],
    [54, 'a class without an object', { categories: [...CATEGORIES, { id: 20, name: 'green' }] }],
    [61, 'a box without numbers', { annotation: { bbox: [1, 2, 'x', 4] } }],
    [
      62,
      'an image that cannot be read',
      { files: { 'train/traina.png': new TextEncoder().encode('<html>not found</html>') } },
    ],
  ])('tells %i and no other of %s', async (number, _, change) => {
    expect(await numbersOf(coco(change))).toEqual([number]);
  });

  it('tells a size that no image has, where it is the only image, as an error', async () => {
    const { findings, problem } = await checkData(coco({ image: { width: 200, height: 100 } }));
    expect(findings.map(({ pitfall }) => pitfall)).toEqual([12]);
    expect(findings[0]?.message).toContain('the image is 80x60, its annotation says 200x100');
    expect(problem).toBeNull();
  });

  it.each<[number, string, MaskChange]>([
    [
      20,
      'masks in JPEG',
      { mask: (i, size) => [`${i}.jpg`, encodeJpeg(toPixels(size, i))], data: { masks: 'mask/*.jpg' } },
    ],
    [21, 'masks of 0 and 255 without a table', { values: [0, 255] }],
    [
      35,
      'a mask of half the size',
      {
        mask: (i, [w, h]) => [`${i}.png`, greyPng(w / (i === 0 ? 2 : 1), h, grey([w / (i === 0 ? 2 : 1), h], [0, 1]))],
      },
    ],
    [
      36,
      'a value outside a table that is written',
      { values: [0, 7], data: { values: { 0: 'background', 1: 'cell' } } },
    ],
    [
      64,
      'an image of two pages',
      { image: (i) => [`${i}.tif`, drawTiff(page(i), page(i + 40))], data: { images: 'image/*.tif' } },
    ],
    [65, 'masks of one class', { values: [0, 0] }],
  ])('tells %i and no other of %s', async (number, _, change) => {
    expect(await numbersOf(masks(change))).toEqual([number]);
  });

  it('finds nothing in clean masks', async () => expect(await numbersOf(masks({}))).toEqual([]));

  it('tells 18 of difficult objects and 63 of boxes where regions are learned', async () => {
    const files = Object.fromEntries(
      [0, 1, 2].flatMap((i) => [
        [`${i}.png`, png(i)],
        [
          `${i}.xml`,
          vocXml(
            [WIDTH, HEIGHT],
            [
              ['dog', 5, 5, 40, 40, i === 0 ? 1 : 0],
              ['cat', 30, 10, 70, 50],
            ],
          ),
        ],
      ]),
    );
    const root = folderWith(files);
    const voc = { kind: 'voc', root, train: '0-2', val: null };
    expect(await numbersOf(parseExperiment({ task: 'detection', data: { ...voc, train: '.' } }, 'the test'))).toEqual([
      18,
    ]);
    const { data } = coco();
    expect(await numbersOf(parseExperiment({ task: 'segmentation', data }, 'the test'))).toEqual([63]);
  });

  it('tells all that one file has, errors first named by the file', async () => {
    const { findings } = await checkData(
      coco({
        annotation: { bbox: [60, 12, 40, 30], area: undefined },
        more: [{ category_id: 4 }, { bbox: [20, 20, 0, 5] }],
        categories: [...CATEGORIES, { id: 20, name: 'left arm' }],
      }),
    );
    expect([...new Set(findings.map(({ pitfall }) => pitfall))]).toEqual([1, 8, 9, 17, 29, 54]);
    expect(findings.every(({ message, fix }) => message.length > 10 && fix.length > 5)).toBe(true);
  });

  it('writes a config that is read again, with the input and the anchors that fit', async () => {
    const report = await checkData(coco({ boxes: ([x = 0, y = 0]) => [x, y, 7, 7] }));
    const { data, model } = parseExperiment(parse(renderConfig(report, 'somewhere')), 'the test');
    expect([data.root, model.inputSize]).toEqual(['somewhere', [128, 128]]);
    expect(model.head).toMatchObject({ kind: 'retina', anchors: report.suggested.anchors?.settings.anchors });
    expect(report.suggested.anchors?.share).toBe(1);
    expect(renderConfig(await checkData(coco()), '.')).not.toContain('head:');
  });

  it('writes no line of its own where the name of a class has several', async () => {
    const name = "a\nengine: wasm'\nengine: cpu";
    const folder = folderWith({
      'images/1.png': greyPng(32, 32, 1),
      'images/2.png': greyPng(32, 32, 9),
      'annotations.json': JSON.stringify({
        images: [1, 2].map((id) => ({ id, file_name: `${id}.png`, width: 32, height: 32 })),
        categories: [1, 2].map((id) => ({ id, name })),
        annotations: [1, 2].map((id) => ({
          id,
          image_id: id,
          category_id: id,
          bbox: [1, 1, 20, 20],
          area: 400,
          iscrowd: 0,
        })),
      }),
    });
    const report = await checkData(await experimentOf(folder));
    expect(report.notes.join()).toContain('several categories are named');
    expect(Object.keys(parse(renderConfig(report, 'here')))).toEqual(['task', 'data', 'model', 'train']);
  });

  it('recognises a folder, and refuses one that it does not', async () => {
    const { data } = coco();
    expect((await experimentOf(data.root)).data.kind).toBe('coco');
    await expect(experimentOf(folderWith({ 'a.txt': 'x' }))).rejects.toThrow(/no data set that is recognised/);
  });
});
