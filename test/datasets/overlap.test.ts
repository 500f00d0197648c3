import { expect, it, test } from 'vitest';
import { createConfusion } from '../../datasets/evaluators/confusion.js';
import { casesConfig, createCaseEvaluator, createSemanticEvaluator } from '../../datasets/evaluators/index.js';
import { openData } from '../../datasets/index.js';
import { labelsOfMode, planeOf, topClasses, withClass } from '../../datasets/overlap.js';
import { shapesOf } from '../../datasets/pictures/index.js';
import { IGNORED } from '../../datasets/sample.js';
import { moveTruth } from '../../datasets/transforms/truths.js';
import { writeNifti } from '../../datasets/volumes/nifti.js';
import { failure, folderWith, greyPng } from './folder.js';

const AB = { classes: ['a', 'b'].map((name, id) => ({ id, name, overlaps: true as const })) };
const map = (...mask: readonly number[]) =>
  ({ kind: 'classMap', mask: Uint8Array.from(mask), width: mask.length, height: 1, overlaps: true }) as const;
const train = { split: 'train' } as const;

test('a value is a set of classes, of which the ignored is none', () => {
  expect([withClass(0, 0), withClass(1, 1), withClass(3, 1), withClass(IGNORED, 1), withClass(2, IGNORED)]).toEqual([
    1,
    3,
    3,
    IGNORED,
    IGNORED,
  ]);
  const mask = Uint8Array.from([0, 1, 2, 3, IGNORED]);
  expect([...planeOf(mask, 1)]).toEqual([0, 0, 1, 1, IGNORED]);
  expect([...topClasses(mask)]).toEqual([IGNORED, 0, 1, 1, IGNORED]);
});

test('modes leave the background out, refuse more classes than a value holds, and binary more than one', () => {
  const labels = (...names: readonly string[]) => ({ classes: names.map((name, id) => ({ id, name })) });
  expect(labelsOfMode(labels('background', 'x'), 'multiclass').classes).toHaveLength(2);
  expect(labelsOfMode(labels('background', 'x'), 'binary').classes).toEqual([{ id: 1, name: 'x', overlaps: true }]);
  expect(() => labelsOfMode(labels('background', 'x', 'y'), 'binary')).toThrow(
    'data.mode: binary is one class against the rest, and there are x, y: name one in data.classes, or take multilabel',
  );
  expect(() => labelsOfMode(labels(...'abcdefgh'), 'multilabel')).toThrow('a pixel tells 1 to 7 apart');
});

it('each class is measured by itself, whatever else a pixel is', () => {
  const evaluator = createSemanticEvaluator({ labels: AB });
  evaluator.add('1', map(3, 1, 0, 2, IGNORED), map(1, 1, 2, 2, 3));
  // a: 2 of 2 found; b: of 2 one, and one too many; whole sets are right at 2 of 4 pixels.
  expect(evaluator.report()).toMatchObject({
    perClassIoU: { a: 1, b: 1 / 3 },
    perClassDice: { a: 1, b: 0.5 },
    mIoU: 2 / 3,
    pixelAccuracy: 0.5,
    pixels: 4,
  });
  const confusion = createConfusion(2, 0);
  confusion.add(map(3, 1, 0, 2, IGNORED), map(1, 1, 2, 2, 3));
  expect(confusion.rows()).toEqual([
    [2, 0, 0],
    [0, 1, 1],
    [0, 1, 0],
  ]);
});

it('cases are measured class by class, and the largest component of one leaves the other alone', () => {
  const settings = casesConfig.parse({ largest: ['b'] });
  const cases = createCaseEvaluator(AB, settings);
  cases.add({ id: 'x', truth: map(1, 1, 3, 2, 0, 0, 1), answer: map(1, 1, 3, 2, 0, 2, 1) });
  const rows = cases.report().rows.map(({ class: name, dice, answerVolume }) => [name, dice, answerVolume]);
  expect(rows).toEqual([
    ['a', 1, 4],
    ['b', 1, 2],
  ]);
});

it('a map is moved with its sets: linear interpolation asks each class for half of a pixel', () => {
  const affine = [0.5, 0, 0, 0, 1, 0] as const;
  const moved = moveTruth(map(3, 1, 2, IGNORED), { affine, size: [1, 2], minVisible: 0, isSmooth: true });
  expect(moved).toMatchObject({ overlaps: true, width: 2 });
  expect('mask' in moved && [...moved.mask]).toEqual([3, 2]);
  expect(shapesOf(map(0, 1, 3))).toEqual({ map: { width: 3, height: 1, runs: [IGNORED, 1, 0, 1, 1, 1] } });
});

const png = (...data: readonly number[]) => greyPng(3, 1, data);

it('a mask file for each class: pixels have all of them, and an image without a mask has none of that class', async () => {
  const root = folderWith({
    'images/1.png': png(9, 9, 9),
    'images/2.png': png(8, 8, 8),
    'masks/1_disc.png': png(0, 255, 255),
    'masks/1_cup.png': png(0, 0, 1),
    'masks/2_disc.png': png(255, 0, 0),
  });
  const masks = { disc: 'masks/*_disc.png', cup: 'masks/*_cup.png' };
  const data = { kind: 'masks', root, images: 'images/*.png', masks, mode: 'multilabel', val: null } as const;
  const dataset = await openData(data, 'classMap', train);
  expect(dataset?.labels.classes.map(({ name, overlaps }) => [name, overlaps])).toEqual([
    ['disc', true],
    ['cup', true],
  ]);
  expect([...((await dataset?.get(0))?.truth.mask ?? [])]).toEqual([0, 1, 3]);
  expect([...((await dataset?.get(1))?.truth.mask ?? [])]).toEqual([1, 0, 0]);
  expect([...(dataset?.maskValues ?? [])]).toEqual([
    [0, 3],
    [1, 1],
  ]);
  const again = dataset && (await openData(data, 'classMap', { split: 'train', labels: dataset.labels }));
  expect(again?.labels).toEqual(dataset?.labels);
});

it('one mask file with a value for each class, and binary of any', async () => {
  const root = folderWith({ 'images/1.png': png(9, 9, 9), 'masks/1.png': png(0, 1, 2) });
  const values = { 0: 'background', 1: 'x', 2: 'y' };
  const data = { kind: 'masks', root, values, mode: 'multilabel', val: null } as const;
  const dataset = await openData(data, 'classMap', train);
  expect([...((await dataset?.get(0))?.truth.mask ?? [])]).toEqual([0, 1, 2]);
  const again = dataset && (await openData(data, 'classMap', { split: 'train', labels: dataset.labels }));
  expect([...((await again?.get(0))?.truth.mask ?? [])]).toEqual([0, 1, 2]);
  expect(await failure(openData({ ...data, mode: 'binary' }, 'classMap', train))).toContain('there are x, y');
});

it("COCO's regions that overlap", async () => {
  const box = (x: number, y: number, side: number) => [[x, y, x + side, y, x + side, y + side, x, y + side]];
  const annotation = (id: number, category_id: number, [x, y, side]: readonly [number, number, number]) => ({
    id,
    image_id: 1,
    category_id,
    bbox: [x, y, side, side],
    area: side * side,
    iscrowd: 0,
    segmentation: box(x, y, side),
  });
  const root = folderWith({
    'a.png': greyPng(4, 4),
    'a.json': JSON.stringify({
      images: [{ id: 1, file_name: 'a.png', width: 4, height: 4 }],
      categories: [
        { id: 1, name: 'organ' },
        { id: 2, name: 'tumour' },
      ],
      annotations: [annotation(1, 1, [0, 0, 3]), annotation(2, 2, [2, 2, 2])],
    }),
  });
  const data = { kind: 'coco', root, train: 'a.json', val: null, mode: 'multilabel' } as const;
  const dataset = await openData(data, 'classMap', train);
  expect(dataset?.labels.classes.map(({ id, name }) => [id, name])).toEqual([
    [1, 'organ'],
    [2, 'tumour'],
  ]);
  expect([...((await dataset?.get(0))?.truth.mask ?? [])]).toEqual([1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 3, 2, 0, 0, 2, 2]);
});

it('volumes: a mask for each class, and the volumes of one mask along its fourth axis', async () => {
  const size = { width: 3, height: 1, depth: 2, channels: 1, spacing: [1, 1, 2], affine: null } as const;
  const nifti = (data: readonly number[], maps = 1) =>
    writeNifti(Uint8Array.from(data), { ...size, data: Uint8Array.from(data) }, null, maps);
  const image = nifti([5, 6, 7, 8, 9, 10]);
  const [organ, tumour] = [
    [0, 1, 1, 0, 0, 1],
    [0, 0, 1, 1, 0, 0],
  ] as const;
  const wanted = [
    [0, 1, 3],
    [2, 0, 1],
  ];
  const read = async (files: { readonly [name: string]: Uint8Array }, keys: object) => {
    const data = {
      kind: 'medical' as const,
      root: folderWith(files),
      mode: 'multilabel' as const,
      axis: 'axial' as const,
      val: null,
      ...keys,
    };
    const dataset = await openData(data, 'classMap', train);
    const masks = await Promise.all([0, 1].map(async (i) => [...((await dataset?.get(i))?.truth.mask ?? [])]));
    return [dataset?.labels.classes.map(({ name }) => name), masks];
  };
  const named = { 'p/t.nii': image, 'p/t_seg.nii': nifti(organ), 'p/t_lesion.nii': nifti(tumour) };
  expect(await read(named, { masks: ['seg', 'lesion'] })).toEqual([['seg', 'lesion'], wanted]);
  const one = { 'p/t.nii': image, 'p/t_seg.nii': nifti([...organ, ...tumour], 2) };
  expect(await read(one, { classes: ['organ', 'tumour'] })).toEqual([['organ', 'tumour'], wanted]);
  expect(await failure(read(one, { classes: ['organ'] }))).toContain(
    'data.classes has 1 names for 2 channels of a mask',
  );
});

it('a case that lacks a mask has none of its class, which is said, and its other masks keep theirs', async () => {
  const size = { width: 2, height: 2, depth: 1, channels: 1, spacing: [1, 1, 2], affine: null } as const;
  const nifti = (...data: readonly number[]) =>
    writeNifti(Uint8Array.from(data), { ...size, data: Uint8Array.from(data) }, null);
  const root = folderWith({
    'p/t.nii': nifti(1, 2, 3, 4),
    'p/t_seg.nii': nifti(1, 1, 0, 0),
    'p/t_lesion.nii': nifti(0, 1, 0, 1),
    'q/t.nii': nifti(5, 6, 7, 8),
    'q/t_seg.nii': nifti(1, 1, 0, 0),
    'q/t_roi.nii': nifti(0, 0, 1, 0),
  });
  const keys = { kind: 'medical' as const, root, masks: ['seg', 'lesion', 'roi'], axis: 'axial' as const, val: null };
  const dataset = await openData(keys, 'classMap', train);
  const masks = await Promise.all([0, 1].map(async (i) => [...((await dataset?.get(i))?.truth.mask ?? [])]));
  expect(masks).toEqual([
    [0, 2, 1, 2],
    [3, 0, 1, 1],
  ]);
  const said = dataset?.warnings.filter(({ code }) => code === 'partial-masks').map(({ message }) => message);
  expect(said).toEqual([
    expect.stringContaining("1 of 2 cases have no mask 'lesion', and are learned as showing none of it"),
    expect.stringContaining("1 of 2 cases have no mask 'roi'"),
  ]);
});
