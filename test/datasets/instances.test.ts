import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { mask as masks } from '#coco-ts';
import { openData } from '../../datasets/index.js';
import { patchOf } from '../../datasets/instanceMasks.js';
import { packPatch, patchOfMask } from '../../datasets/packedMasks.js';
import type { InstanceTruth, MaskPatch } from '../../datasets/sample.js';
import { type Affine, compose, IDENTITY, mirrorX, mirrorY, quarterTurn } from '../../datasets/transforms/affine.js';
import { warpPatch } from '../../datasets/transforms/patches.js';
import { moveTruth } from '../../datasets/transforms/truths.js';
import { warpMask } from '../../datasets/transforms/warp.js';
import { createRandom } from '../../engine/random.js';
import { dataMissing, dataPath } from '../data.js';
import { folderWith, greyPng } from './folder.js';

const [WIDTH, HEIGHT] = [23, 17];
const random = createRandom([4]);
const noisy = (left: number, top: number, width: number, height: number): MaskPatch => ({
  left,
  top,
  width,
  height,
  data: Uint8Array.from({ length: width * height }, () => random.integer(2)),
});
/** The whole image, row by row. */
const whole = ({ left, top, width, data }: MaskPatch, size: readonly [number, number]): Uint8Array => {
  const map = new Uint8Array(size[0] * size[1]);
  data.forEach((value, at) => {
    map[(top + Math.floor(at / width)) * size[1] + left + (at % width)] = value;
  });
  return map;
};

describe('the pixels of an object', () => {
  it.each([
    ['in the middle', noisy(3, 4, 9, 7)],
    ['at the corner', noisy(WIDTH - 5, HEIGHT - 6, 5, 6)],
    ['the whole image', noisy(0, 0, WIDTH, HEIGHT)],
    ['none', { left: 2, top: 2, width: 3, height: 2, data: new Uint8Array(6) }],
    ['all', { left: 0, top: 0, width: WIDTH, height: HEIGHT, data: new Uint8Array(WIDTH * HEIGHT).fill(1) }],
  ])('become the run lengths of the COCO API and come back: %s', (_, patch) => {
    const packed = packPatch(patch, { width: WIDTH, height: HEIGHT });
    const columns = new Uint8Array(WIDTH * HEIGHT);
    whole(patch, [HEIGHT, WIDTH]).forEach((value, at) => {
      columns[(at % WIDTH) * HEIGHT + Math.floor(at / WIDTH)] = value;
    });
    expect(packed).toEqual(masks.encode({ data: columns, width: WIDTH, height: HEIGHT }));
    const back = patchOfMask(packed);
    if (patch.data.includes(1))
      expect(whole(back as MaskPatch, [HEIGHT, WIDTH])).toEqual(whole(patch, [HEIGHT, WIDTH]));
    else expect(back).toBeNull();
  });

  it('of polygons are those that the COCO API draws, of one on the border, too', () => {
    for (const polygon of [
      [2.3, 1.2, 15.8, 3.1, 9.4, 12.7],
      [-4, 5, 30, 5, 30, 40, -4, 40],
    ]) {
      const patch = patchOf([polygon], WIDTH, HEIGHT, 'a') as MaskPatch;
      const { data } = masks.decode(masks.frPoly([polygon], HEIGHT, WIDTH)[0]!);
      const map = whole(patch, [HEIGHT, WIDTH]);
      map.forEach((value, at) => {
        expect(value).toBe(data[(at % WIDTH) * HEIGHT + Math.floor(at / WIDTH)]);
      });
    }
    expect(() => patchOf({ size: [3, 4], counts: [12] }, WIDTH, HEIGHT, 'a.json')).toThrow(
      'a.json: a region is 4x3, its image 23x17',
    );
  });

  it('move as class maps do: flips, quarter turns, scales and crops', () => {
    const patch = noisy(4, 2, 11, 9);
    const turned = compose(mirrorX(WIDTH), quarterTurn(HEIGHT));
    const maps: readonly Affine[] = [
      IDENTITY,
      mirrorX(WIDTH),
      compose(mirrorY(HEIGHT), [2, 0, 0, 0, 2, 0]),
      compose(turned, [1.37, 0, -5.5, 0, 1.37, 3]),
      [0.6, 0, 1, 0, 0.6, -3],
      [1, 0, 100, 0, 1, 0],
    ];
    const size = [16, 20] as const;
    for (const affine of maps) {
      const wanted = warpMask(whole(patch, [HEIGHT, WIDTH]), { width: WIDTH, height: HEIGHT }, affine, size);
      const moved = warpPatch(patch, affine, size);
      const found = moved === null ? new Uint8Array(16 * 20) : whole(moved, size);
      expect(found).toEqual(wanted.map((value) => (value === 1 ? 1 : 0)));
    }
  });

  it('that are cropped away leave an object that is neither learned nor background', () => {
    const data = new Uint8Array(64);
    data[0] = 1;
    const truth: InstanceTruth = {
      kind: 'instances',
      boxes: Float64Array.of(0, 0, 8, 8),
      labels: Int32Array.of(0),
      ignored: Uint8Array.of(0),
      areas: Float64Array.of(1),
      masks: [{ left: 0, top: 0, width: 8, height: 8, data }],
    };
    const movement = { affine: [1, 0, -4, 0, 1, 0] as const, size: [8, 8] as const, minVisible: 0.1 };
    const moved = moveTruth(truth, movement) as InstanceTruth;
    expect([...moved.boxes]).toEqual([0, 0, 4, 8]);
    expect([...moved.ignored]).toEqual([1]);
    expect(moved.masks[0]?.data.length).toBe(0);
  });
});

describe('objects with masks', () => {
  const truthsOf = async (data: Parameters<typeof openData>[0]): Promise<readonly InstanceTruth[]> => {
    const dataset = await openData(data, 'instances', { split: 'train' });
    const truths: InstanceTruth[] = [];
    for await (const { truth } of dataset ?? []) truths.push(truth);
    return truths;
  };

  it('are read from the polygons and run lengths of COCO; one with a box alone is neither learned nor counted', async () => {
    const annotation = (id: number, rest: object) => ({ id, image_id: 1, category_id: 1, bbox: [2, 1, 4, 4], ...rest });
    const root = folderWith({
      'a.png': greyPng(12, 8),
      'a.json': JSON.stringify({
        images: [{ id: 1, file_name: 'a.png', width: 12, height: 8 }],
        categories: [{ id: 1, name: 'cell' }],
        annotations: [
          annotation(1, { segmentation: [[2, 1, 6, 1, 6, 5, 2, 5]], area: 16 }),
          annotation(2, { segmentation: { size: [8, 12], counts: [9, 2, 85] }, bbox: [1, 1, 1, 2] }),
          annotation(3, {}),
        ],
      }),
    });
    const [truth] = await truthsOf({ kind: 'coco', root, train: 'a.json', val: null });
    expect([...(truth?.ignored ?? [])]).toEqual([0, 0, 1]);
    expect(
      truth?.masks.map(({ left, top, width, height, data }) => [left, top, width, height, data.includes(0)]),
    ).toEqual([
      [2, 1, 4, 4, false],
      [1, 1, 1, 2, false],
      [2, 1, 4, 4, false],
    ]);
    expect([...(truth?.areas ?? [])]).toEqual([16, 2, 16]);
  });

  it('are read from label images: every value but 0 is an object', async () => {
    const values = [0, 7, 7, 0, 0, 7, 3, 3, 0, 0, 3, 3];
    const root = folderWith({ 'images/a.png': greyPng(4, 3), 'masks/a.png': greyPng(4, 3, values) });
    const [truth] = await truthsOf({ kind: 'masks', root, val: null, classes: ['nucleus'] });
    expect(truth?.masks.map(({ left, top, width, height, data }) => [left, top, width, height, [...data]])).toEqual([
      [2, 1, 2, 2, [1, 1, 1, 1]],
      [1, 0, 2, 2, [1, 1, 1, 0]],
    ]);
    const wrong = folderWith({ 'images/a.png': greyPng(4, 3), 'masks/a.png': greyPng(3, 3, 1) });
    const dataset = await openData({ kind: 'masks', root: wrong, val: null }, 'instances', { split: 'train' });
    expect(dataset?.warnings.map(({ code }) => code)).toContain('bad-shape');
  });

  it.skipIf(dataMissing)('of the nuclei lose no pixel on their way', async () => {
    const all = dataPath('dsb2018_nuclei', 'stage1_train');
    const root = join(all, readdirSync(all).sort()[0] as string);
    const dataset = await openData({ kind: 'instances', root, val: null }, 'instances', { split: 'train' });
    const sample = await dataset?.get(0);
    if (sample === undefined) throw new Error('no image');
    const { truth, image } = sample;
    expect(truth.masks.length).toBeGreaterThan(5);
    truth.masks.forEach((patch, m) => {
      expect(patch.data.reduce((sum, value) => sum + value, 0)).toBe(truth.areas[m]);
      const { counts } = packPatch(patch, image);
      expect([...masks.toBbox({ size: [image.height, image.width], counts })]).toEqual([
        patch.left,
        patch.top,
        patch.width,
        patch.height,
      ]);
    });
  });
});
