import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { presetFor } from '../../configs/preset.js';
import { readFolder } from '../../configs/read.js';
import { TASK_NAMES } from '../../heads/index.js';
import { folderWith, greyPng } from '../datasets/folder.js';

/** As BCCD: 205 images of 640 pixels, one in ten objects below 40. */
const BCCD = { images: 205, sides: [480, 560, 640], boxSides: [10, 40, 90, 150, 300] } as const;

it('20 minutes for 205 images with objects from 40 pixels on: by hand', () => {
  const { model, train, reasons } = presetFor('detection', BCCD, 20);
  // 640 x 16 / 40 = 256 pixels show them; 960 s x 2.2e6 / (400 x 8) have room for 812.
  expect(model).toMatchObject({ inputSize: [256, 256], head: { kind: 'aligned' }, backbone: { frozen: 'P2' } });
  // 960 x 2.2e6 / (8 x 65536) steps
  expect(reasons[2]).toContain('about 4028 steps of 8 images, 157 epochs');
  expect(train).toMatchObject({ minutes: 20, batchSize: 8, warmupSteps: 100, ema: 0.9975, evaluateEvery: 32 });
});

it('less time has smaller images, fewer warm-up steps and shorter averages; smaller objects have larger images', () => {
  const small = { ...BCCD, boxSides: [5, 20, 60, 90, 200] };
  const [long, short] = [presetFor('detection', small, 20), presetFor('detection', small, 2)];
  expect(long.model.inputSize).toEqual([512, 512]);
  expect(short.model.inputSize).toEqual([256, 256]); // 96 s x 2.2e6 / 3200 = 257 squared
  expect(short.reasons[1]).toBe('inputSize: 256, more would leave less than 400 steps; 512 would show more');
  expect(short.train.ema).toBeLessThan(Number(long.train.ema));
  expect(presetFor('detection', small, 0.01).train).toMatchObject({ warmupSteps: 1, evaluateEvery: 1 });
});

it('a size that cannot show nine of ten objects is not said to', () => {
  const large = { ...BCCD, sides: [1000, 1500, 2000], boxSides: [5, 20, 60, 90, 200] } as const;
  const [, capped] = presetFor('detection', large, 2000).reasons; // 2000 x 16 / 20 = 1600 would be needed
  expect(capped).toBe('inputSize: 640, the largest that is chosen for detection; 1600 would show more');
  const [, whole] = presetFor('detection', { ...BCCD, boxSides: [2, 8, 10, 12, 20] }, 2000).reasons;
  expect(whole).toBe('inputSize: 640, the images, 640 pixels; one in ten objects is smaller than 16 pixels');
});

it('masks of small objects are made of finer prototypes, those of large ones are not', () => {
  // Sides of 256 pixels show objects of 20 as they are; 10 minutes are 480 s, 480 x 1e6 / 3200 = 387 squared.
  const nuclei = { images: 36, sides: [256, 256, 256], boxSides: [5, 12, 20, 32, 60] } as const;
  for (const [task, kind] of [
    ['instances', 'instance'],
    ['panoptic', 'panoptic'],
  ] as const) {
    const { model, reasons } = presetFor(task, nuclei, 10);
    expect(model).toMatchObject({
      inputSize: [256, 256],
      head: { kind, masks: { prototypeStride: 2, stride: 1, places: 48 } },
    });
    expect(reasons[2]).toContain('half of the objects are smaller than 24 pixels on the input (median 20)');
  }
  const large = { ...nuclei, boxSides: [5, 16, 24, 60, 90] };
  expect(presetFor('instances', large, 10).model.head).toBeUndefined();
  expect(presetFor('instances', { ...nuclei, boxSides: [] }, 10).model.head).toBeUndefined();
  expect(presetFor('detection', nuclei, 10).model.head).not.toHaveProperty('masks');
  // 1000 x 16 / 40 = 400, on which they have 16.
  const wide = { images: 36, sides: [1000, 1000, 1000], boxSides: [20, 40, 40, 90, 99] } as const;
  expect(presetFor('instances', wide, 60).model).toMatchObject({ head: { masks: { stride: 2 } } });
});

it('many images train the whole backbone, and one image is a batch of one', () => {
  expect(presetFor('segmentation', { ...BCCD, images: 5000, boxSides: [] }, 60).model.backbone).toBeUndefined();
  expect(presetFor('classification', { ...BCCD, images: 1, boxSides: [] }, 1).train.batchSize).toBe(1);
});

it('every task has one that is a config, and what is set wins', async () => {
  for (const task of TASK_NAMES) {
    const { reasons } = presetFor(task, BCCD, 5);
    expect(reasons.length).toBe(5);
    const isEstimated = reasons[2]?.includes(`estimated: nobody has measured ${task}`);
    expect(isEstimated).toBe(task !== 'detection' && task !== 'segmentation');
  }
  const root = folderWith(
    Object.fromEntries(
      ['images', 'masks'].flatMap((part) => [1, 2].map((i) => [`${part}/${i}.png`, greyPng(300, 200, i)])),
    ),
  );
  mkdirSync(join(root, 'empty'));
  const { model, train } = await readFolder(root, { minutes: 5, set: ['train.batchSize=1'] });
  expect(model.inputSize).toEqual([288, 288]); // the median side is 300 pixels
  expect(train).toMatchObject({ minutes: 5, batchSize: 1, epochs: null, backboneRate: 0.5 });
});
