import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openData } from '../../../datasets/index.js';
import { findCases } from '../../../datasets/medical/findCases.js';
import { writeSegmentation } from '../../../datasets/volumes/dicomSegWrite.js';
import { readVolume } from '../../../datasets/volumes/readVolume.js';
import { golden } from '../../data.js';
import { failure, folderWith, greyPng } from '../folder.js';
import { drawDicom } from './drawDicom.js';

/** A series of 4 slices of 7 x 6 pixels, and masks of it by highdicom and pydicom: bench/peers/segmentations.py. */
const { series, files } = golden<{
  readonly series: readonly string[];
  readonly files: {
    readonly [kind: string]: {
      readonly file: string;
      readonly values: readonly number[];
      readonly names: { readonly [value: string]: string };
    };
  };
}>('volumes/segmentations.json.gz');
const bytes = (text: string): Uint8Array => Buffer.from(text, 'base64');
/** Names in another order than slices. */
const slices = (folder: string) =>
  Object.fromEntries(series.map((text, i) => [`${folder}/${series.length - i}.dcm`, bytes(text)]));

test.each(Object.entries(files))('%s lies on its series as it was drawn', async (kind, { file, values, names }) => {
  const root = folderWith({ ...slices('ct'), 'masks.dcm': bytes(file) });
  const on = { path: join(root, 'ct'), isFolder: true };
  const masks = await readVolume(join(root, 'masks.dcm'), false, on);
  expect([...masks.data]).toEqual(values);
  expect(Object.fromEntries(masks.names ?? [])).toEqual(names);
  const image = await readVolume(on.path, true);
  expect(masks.affine).toEqual(image.affine);
  if (kind === 'RTSTRUCT')
    expect(await failure(readVolume(join(root, 'masks.dcm')))).toContain(
      'RTSTRUCT, masks of a series, which are read beside it',
    );
});

test('masks of millimetres need an image with a place, on the same grid', async () => {
  const { file } = files.BINARY as (typeof files)[string];
  const root = folderWith({
    'a.png': greyPng(7, 6, 1),
    'coarse.dcm': drawDicom({ columns: 7, rows: 6, pixels: new Uint8Array(42), bits: 8, position: [0, 0, 0] }),
    'seg.dcm': bytes(file),
  });
  const on = (name: string) => readVolume(join(root, 'seg.dcm'), false, { path: join(root, name), isFolder: false });
  expect(await failure(on('a.png'))).toContain('does not say where it lies');
  expect(await failure(on('coarse.dcm'))).toContain('another grid');
});

test('a folder per patient with its series and masks is learned by the names of segments, whatever their numbers', async () => {
  const { BINARY, RTSTRUCT } = files as { readonly [kind: string]: { readonly file: string } };
  const paths = ['p1/1.dcm', 'p1/2.dcm', 'p1/seg.dcm', 'p2/ct/1.dcm', 'p2/rtstruct.dcm'];
  expect(findCases(paths).map(({ patient, images, masks }) => [patient, images[0]?.path, [...masks.keys()]])).toEqual([
    ['p1', 'p1', ['seg']],
    ['p2', 'p2/ct', ['rtstruct']],
  ]);
  const root = folderWith({ ...slices('p1'), 'p1/seg.dcm': bytes(BINARY?.file ?? '') });
  const data = await openData({ kind: 'medical', root, val: null, axis: 'axial' }, 'classMap', { split: 'train' });
  expect(data?.labels.classes.map(({ name }) => name)).toEqual(['background', 'cyst', 'liver']);
  const counts = new Map<number, number>();
  for (let i = 0; i < 4; i++)
    for (const index of (await data?.get(i))?.truth.mask ?? []) counts.set(index, (counts.get(index) ?? 0) + 1);
  expect([counts.get(1), counts.get(2)]).toEqual([2, 23]);
  const drawn = folderWith({ ...slices('p/ct'), 'p/rtstruct.dcm': bytes(RTSTRUCT?.file ?? '') });
  const organ = { kind: 'medical' as const, root: drawn, val: null, classes: ['background', 'organ'] };
  const one = await openData(organ, 'classMap', { split: 'train' });
  let within = 0;
  for (let i = 0; i < 4; i++) within += (await one?.get(i))?.truth.mask.filter((index) => index === 1).length ?? 0;
  // Pixels 2 of rows 2 and 3; the body around them is background.
  expect(within).toBe(2);
});

test('classes of a series are written as a DICOM-SEG in its place, and read back', async () => {
  const root = folderWith(slices('ct'));
  const image = await readVolume(join(root, 'ct'), true);
  const labels = Uint8Array.from({ length: 4 * 42 }, (_, i) => (i % 5 === 0 ? 1 : i > 130 ? 2 : 0));
  const { affine, origin } = image;
  if (affine === null || origin === undefined) throw new Error('the series has no place');
  const names = ['background', 'liver', 'cyst'];
  const written = writeSegmentation(labels, { ...image, affine }, origin, names, new Date(0));
  expect(origin.slices.map(({ sopInstance }) => sopInstance)).toEqual([1, 2, 3, 4].map((n) => `1.2.3.4.${n}`));
  const folder = folderWith({ 'a.dcm': written });
  const masks = await readVolume(join(folder, 'a.dcm'), false, { path: join(root, 'ct'), isFolder: true });
  expect([...masks.data]).toEqual([...labels]);
  expect([...(masks.names ?? [])]).toEqual([
    [1, 'liver'],
    [2, 'cyst'],
  ]);
});
