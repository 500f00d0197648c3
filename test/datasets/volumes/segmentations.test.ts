import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openData } from '../../../datasets/index.js';
import { findCases } from '../../../datasets/medical/findCases.js';
import { parseDicom } from '../../../datasets/volumes/dicomFile.js';
import { writeSegmentation } from '../../../datasets/volumes/dicomSegWrite.js';
import { encodeDicom } from '../../../datasets/volumes/dicomWrite.js';
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
  const written = writeSegmentation(labels, { ...image, affine }, origin, names, { now: new Date(0) });
  expect(origin.slices.map(({ sopInstance }) => sopInstance)).toEqual([1, 2, 3, 4].map((n) => `1.2.3.4.${n}`));
  const folder = folderWith({ 'a.dcm': written });
  const masks = await readVolume(join(folder, 'a.dcm'), false, { path: join(root, 'ct'), isFolder: true });
  expect([...masks.data]).toEqual([...labels]);
  expect([...(masks.names ?? [])]).toEqual([
    [1, 'liver'],
    [2, 'cyst'],
  ]);
});

test('structures of an RTSTRUCT that overlap are all learned, each by itself', async () => {
  const { file } = files.RTSTRUCT as (typeof files)[string];
  const root = folderWith({ ...slices('p/ct'), 'p/rtstruct.dcm': bytes(file) });
  const data = await openData({ kind: 'medical', root, val: null, axis: 'axial', mode: 'multilabel' }, 'classMap', {
    split: 'train',
  });
  expect(data?.labels.classes.map(({ name }) => name)).toEqual(['body', 'organ']);
  const masks = await Promise.all([0, 1, 2, 3].map(async (i) => [...((await data?.get(i))?.truth.mask ?? [])]));
  const count = (set: number): number => masks.flat().filter((value) => value === set).length;
  // The organ, two pixels, lies within the body, which keeps them.
  expect([count(2), count(3)]).toEqual([0, 2]);
  expect(count(1)).toBeGreaterThan(2);
});

/** A DICOM-SEG of one class on the first slice of a series, and where both are. */
async function writtenSegmentation(name: string, shift = 0) {
  const root = folderWith(slices('ct'));
  const on = { path: join(root, 'ct'), isFolder: true };
  const { affine, origin, ...image } = await readVolume(on.path, true);
  if (affine === null || origin === undefined) throw new Error('the series has no place');
  const moved = affine.map((value, i) => value + (i % 4 === 3 ? shift * (affine[i - 1] as number) : 0));
  const labels = new Uint8Array(4 * 42).fill(1, 3, 9);
  const bytes = writeSegmentation(labels, { ...image, affine: moved }, origin, ['background', name], {
    now: new Date(0),
  });
  return { labels, read: () => readVolume(join(folderWith({ 'a.dcm': bytes }), 'a.dcm'), false, on) };
}

test('names of segments keep their letters', async () => {
  const { labels, read } = await writtenSegmentation('Gefäß 血管');
  const { data, names } = await read();
  expect([...data]).toEqual([...labels]);
  expect([...(names ?? [])]).toEqual([[1, 'Gefäß 血管']]);
});

test('frames that lie between the slices of their image are refused, and not laid on the nearest', async () => {
  const { labels, read } = await writtenSegmentation('liver', 0.1);
  expect([...(await read()).data]).toEqual([...labels]);
  expect(await failure((await writtenSegmentation('liver', 0.5)).read())).toContain(
    'frame 1 lies between the voxels of its image: resample it',
  );
});

test('of an image that names no study and no frame of reference, the masks name their own, and an empty answer is one', async () => {
  const image = drawDicom({ columns: 3, rows: 2, pixels: new Uint8Array(6), bits: 8, position: [1, 2, 3] });
  const root = folderWith({ 'a.dcm': image });
  const on = { path: join(root, 'a.dcm'), isFolder: false };
  const { affine, origin, ...volume } = await readVolume(on.path);
  if (affine === null || origin === undefined) throw new Error('the image has no place');
  expect(origin).toMatchObject({ study: '', frameOfReference: '' });
  const bytes = writeSegmentation(new Uint8Array(6), { ...volume, affine }, origin, ['background', 'cyst']);
  const data = parseDicom(bytes);
  expect([data.string('x0020000d'), data.string('x00200052')].every((uid) => uid?.startsWith('2.25.'))).toBe(true);
  expect(Buffer.from(bytes).toString('latin1')).not.toMatch(/DOE|JANE|4711/);
  const masks = await readVolume(join(folderWith({ 'b.dcm': bytes }), 'b.dcm'), false, on);
  expect([...masks.data]).toEqual([0, 0, 0, 0, 0, 0]);
});

test('contours of ever more structures on a large image do not take ever more memory', async () => {
  const side = 2048;
  const point = [
    [0x30060042, 'CS', 'CLOSED_PLANAR'],
    [0x30060050, 'DS', '0\\0\\0'],
  ] as const;
  const contours = Array.from(
    { length: 1100 },
    (_, i) =>
      [
        [0x30060084, 'IS', String(i + 1)],
        [0x30060040, 'SQ', [point]],
      ] as const,
  );
  const root = folderWith({
    'image.dcm': drawDicom({
      columns: side,
      rows: side,
      pixels: new Uint8Array(side * side),
      bits: 8,
      position: [0, 0, 0],
    }),
    'rtstruct.dcm': encodeDicom('1.2.840.10008.5.1.4.1.1.481.3', '1.2.9', [[0x30060039, 'SQ', contours]]),
  });
  const on = { path: join(root, 'image.dcm'), isFolder: false };
  expect(await failure(readVolume(join(root, 'rtstruct.dcm'), false, on))).toContain('take more than 512 MiB');
});
