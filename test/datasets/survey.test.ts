import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../datasets/index.js';
import { drawTiff, type TiffType } from './decode/drawTiff.js';
import { failure, folderWith, greyPng } from './folder.js';
import { openCoco, openMasks } from './open.js';

const grey = (type: TiffType, ...values: readonly number[]) => drawTiff({ width: 2, height: 1, type, values });
const FILES = {
  'a.tif': grey('uint16', 4071, 0),
  'b.tif': grey('uint16', 3000, 7),
  'c.tif': grey('uint16', 65535, 7),
  'd.tif': drawTiff({
    width: 2,
    height: 1,
    type: 'uint8',
    channels: 4,
    photometric: 2,
    extra: [0],
    values: [1, 2, 3, 4, 5, 6, 7, 8],
  }),
  'e.tif': drawTiff(
    ...[1, 2, 3].map((value) => ({ width: 2, height: 1, type: 'uint8', values: [value, value] }) as const),
  ),
  'f.png': greyPng(2, 1, 9),
};

const coco = (names: readonly string[], files: { readonly [name: string]: Uint8Array } = FILES) =>
  openCoco({
    root: folderWith({
      'a.json': JSON.stringify({
        images: names.map((file_name, i) => ({ id: i + 1, file_name, width: 2, height: 1 })),
        categories: [{ id: 1, name: 'cell' }],
        annotations: [],
      }),
      ...files,
    }),
    annotations: 'a.json',
    images: '',
    task: 'detection',
  });

describe('what 8-bit pixels do not show', () => {
  it('is told once a data set, counted, with numbers', async () => {
    const data = await coco(Object.keys(FILES));
    expect(data.warnings.map(({ message }) => message)).toEqual([
      '1 image of more channels than grey or red, green and blue, only the first are used: save three others as RGB if they tell more: d.tif',
      '1 image of several pages, only the first is used: save the others as images of their own: e.tif',
      '2 images of uint16, brightest 4,071: scaled by 1/16: a.tif, b.tif',
      '1 image of uint16, brightest 65,535: scaled by 1/256: c.tif',
      '3 images scaled in 2 ways, so that equal values look different: save them with one scale, best as 8 bits',
    ]);
    expect((await coco(['a.tif', 'b.tif'])).warnings.map(({ code, count }) => [code, count])).toEqual([
      ['scaled-pixels', 2],
    ]);
    expect((await coco(['f.png'])).warnings).toEqual([]);
  });

  it('is what training sees, and what decodeImage gives', async () => {
    const data = await coco(['a.tif']);
    const { image } = await data.get(0);
    expect([...image.data]).toEqual([254, 254, 254, 0, 0, 0]);
    expect(image).toEqual(await decodeImage((data.entries[0] as { file: string }).file, { onNote: () => {} }));
  });

  it('is told of images with masks, whose values are never scaled', async () => {
    const root = folderWith({ 'images/a.tif': grey('float32', 0.5, 1), 'masks/a.png': greyPng(2, 1, [0, 1]) });
    const data = await openMasks({
      root,
      images: 'images/*.tif',
      masks: 'masks/*.png',
      split: '0',
      classes: ['no', 'yes'],
    });
    expect(data.warnings.map(({ message }) => message)).toEqual([
      '1 image of float32, brightest 1: 0 to 1 shown as 0 to 255: images/a.tif',
    ]);
    const { image, truth } = await data.get(0);
    expect([...image.data.subarray(2, 4)]).toEqual([128, 255]);
    expect([...truth.mask]).toEqual([0, 1]);
  });

  it('is refused before the work starts when nobody can say what it should be', async () => {
    const bands = drawTiff({
      width: 2,
      height: 1,
      type: 'uint8',
      channels: 5,
      extra: [0, 0, 0, 0],
      values: Array(10).fill(9),
    });
    expect(await failure(coco(['x.tif'], { 'x.tif': bands }))).toMatch(/x.tif \(it has 5 channels and does not say/);
    const nothing = grey('float32', Number.NaN, Number.NaN);
    expect(await failure(coco(['x.tif'], { 'x.tif': nothing }))).toMatch(
      /x.tif \(cannot be decoded: none of its samples/,
    );
  });
});
