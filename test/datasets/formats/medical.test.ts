import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { checkData, experimentOf } from '../../../configs/checkData.js';
import { parseExperiment } from '../../../configs/read.js';
import { findLeak } from '../../../datasets/check/leaks.js';
import { formatOf } from '../../../datasets/formats/index.js';
import { openData } from '../../../datasets/index.js';
import { createLoader } from '../../../datasets/loader/index.js';
import { commonMask, findCases } from '../../../datasets/medical/findCases.js';
import { plain } from '../../../datasets/transforms/augment.js';
import { writeNifti } from '../../../datasets/volumes/nifti.js';
import type { Volume } from '../../../datasets/volumes/volume.js';
import { dataMissing, dataPath } from '../../data.js';
import { failure, folderWith, greyPng } from '../folder.js';
import { drawDicom } from '../volumes/drawDicom.js';

const SIZE = {
  width: 4,
  height: 3,
  depth: 2,
  channels: 1,
  spacing: [1, 1, 5],
  affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 5, 0],
} as const;
const nifti = (values: readonly number[], size: Omit<Volume, 'data'> = SIZE): Uint8Array =>
  gzipSync(writeNifti(Uint8Array.from(values), { ...size, data: Uint8Array.from(values) }, null));
const image = (first: number): Uint8Array => nifti(Array.from({ length: 24 }, (_, i) => first + i));
const mask = (...inside: readonly number[]): Uint8Array =>
  nifti(Array.from({ length: 24 }, (_, i) => (inside.includes(i) ? 1 : 0)));
const train = { split: 'train' } as const;

test('cases are found in the layouts of nnU-Net, the Decathlon, BIDS, folders of patients, and beside their masks', () => {
  const found = (...paths: readonly string[]) =>
    findCases(paths).map(({ patient, images, masks }) => [patient, images.map(({ path }) => path), [...masks.keys()]]);
  expect(found('imagesTr/a_0000.nii.gz', 'imagesTr/a_0001.nii.gz', 'labelsTr/a.nii.gz', 'dataset.json')).toEqual([
    ['a', ['imagesTr/a_0000.nii.gz', 'imagesTr/a_0001.nii.gz'], ['mask']],
  ]);
  expect(found('imagesTr/la_003.nii.gz', 'labelsTr/la_003.nii.gz', 'imagesTs/la_004.nii.gz')).toEqual([
    ['la_003', ['imagesTr/la_003.nii.gz'], ['mask']],
  ]);
  expect(found('sub-01/anat/sub-01_T2w.nii.gz', 'derivatives/sub-01/anat/sub-01_T2w_dseg.nii.gz')[0]?.[0]).toBe(
    'sub-01',
  );
  expect(found('p1/dicom/1.dcm', 'p1/dicom/2.dcm', 'p1/seg.nrrd', 'p2/t2.mha', 'p2/t2_lesion.mha')).toEqual([
    ['p2', ['p2/t2.mha'], ['lesion']],
    ['p1', ['p1/dicom'], ['seg']],
  ]);
  expect(found('t2.nii', 't2_seg-manual.nii', 't2_gmseg_manual.nii', 't1.nii')).toEqual([
    ['t2', ['t2.nii'], ['seg', 'gmseg']],
  ]);
  expect(found('images/p1/3.dcm', 'masks/p1/3.png')).toEqual([['p1', ['images/p1/3.dcm'], ['mask']]]);
  expect(commonMask(findCases(['a.nii', 'a_seg.nii', 'a_lesion.nii', 'b.nii', 'b_seg.nii']))).toBe('seg');
});

test('slices are samples in their own depth, seen as radiologists do, and patients are never in two splits', async () => {
  const files = Object.fromEntries(
    [1, 2, 3, 4].flatMap((p) => [
      [`p${p}/t2.nii.gz`, image(p)],
      [`p${p}/t2_seg.nii.gz`, mask(0)],
      [`p${p}/t1.nii.gz`, image(p + 50)],
      [`p${p}/t1_seg.nii.gz`, mask(23)],
    ]),
  );
  const root = folderWith(files);
  const dataset = await openData({ kind: 'auto', root }, 'classMap', train);
  const val = await openData({ kind: 'auto', root }, 'classMap', {
    split: 'val',
    labels: dataset?.labels ?? { classes: [] },
  });
  const patients = (entries: readonly { readonly id: string }[] = []) =>
    new Set(entries.map(({ id }) => id.slice(0, 2)));
  expect(dataset?.size).toBe(12);
  expect(val?.size).toBe(4);
  expect([...patients(dataset?.entries)].filter((id) => patients(val?.entries).has(id))).toEqual([]);
  expect(dataset?.deep).toEqual({ type: 'uint8', channels: 1, rule: 'zscore' });
  const index = dataset?.entries.findIndex(({ id }) => /t2.*\/000$/.test(id)) ?? -1;
  const sample = await dataset?.get(index);
  // Voxel 0 is right, back and below: it lies in the last column of the last row.
  expect(sample?.image).toMatchObject({ width: 4, height: 3, spacing: [1, 1] });
  expect((sample?.image.data[0] as number) - (sample?.image.data[11] as number)).toBe(11);
  expect([...((sample?.truth.kind === 'classMap' && sample.truth.mask) || [])]).toEqual([
    0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1,
  ]);
  expect(sample?.image.statistics?.channels[0]).toMatchObject({ most: (sample?.image.data[11] as number) + 23 });
});

test('batches are the same for 0 and 2 threads, in floats of each case', async () => {
  const root = folderWith({
    'a.nii.gz': image(1),
    'a_seg.nii.gz': mask(3),
    'b.nii.gz': image(90),
    'b_seg.nii.gz': mask(5),
  });
  const dataset = await openData({ kind: 'medical', root, val: null }, 'classMap', train);
  const batchOf = async (workers: number): Promise<number[]> => {
    const loader = createLoader({
      entries: dataset?.entries ?? [],
      encoder: null,
      augment: plain([3, 4], [0]),
      images: { type: 'float32', channels: 1, perImage: 'zscore' },
      batchSize: 4,
      seed: 1,
      workers,
      shuffle: false,
      dropLast: false,
      keepTruth: false,
      cacheBytes: 2 ** 20,
    });
    const { value: batch } = await loader.batches(0).next();
    const values = [...(batch?.images ?? [])];
    await loader.dispose();
    return values;
  };
  const none = await batchOf(0);
  expect(await batchOf(2)).toEqual(none);
  expect(none).toHaveLength(48);
  // Values 1 to 24 and 90 to 113 have the same z-scores: (24 - 12.5) / 6.92218... first.
  expect(none[24]).toBeCloseTo(none[0] as number, 6);
  expect(none.reduce((sum, value) => sum + value, 0)).toBeCloseTo(0, 4);
});

test('a CT of DICOM slices with a mask, and several masks as classes', async () => {
  const dicom = (z: number): Uint8Array =>
    drawDicom({
      columns: 4,
      rows: 3,
      pixels: new Uint8Array(Int16Array.from({ length: 12 }, (_, i) => i + z).buffer),
      bits: 16,
      position: [0, 0, z],
      signed: true,
    });
  const seg = { ...SIZE, affine: [-0.5, 0, 0, 0, 0, -0.5, 0, 0, 0, 0, 5, 0] };
  const cord = nifti(
    Array.from({ length: 24 }, (_, i) => (i < 6 ? 1 : 0)),
    seg,
  );
  const lesion = nifti(
    Array.from({ length: 24 }, (_, i) => (i === 2 ? 7 : 0)),
    seg,
  );
  const root = folderWith({
    'p/ct/2.dcm': dicom(5),
    'p/ct/1.dcm': dicom(0),
    'p/cord_seg.nii.gz': cord,
    'p/lesion.nii.gz': lesion,
  });
  const dataset = await openData({ kind: 'medical', root, masks: ['seg', 'lesion'], val: null }, 'classMap', train);
  expect(dataset?.deep).toEqual({ type: 'int16', channels: 1, rule: 'ct' });
  expect(dataset?.labels.classes.map(({ name }) => name)).toEqual(['background', 'seg', 'lesion']);
  const sample = await dataset?.get(0);
  expect([...(sample?.image.data ?? [])]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  expect([...((sample?.truth.kind === 'classMap' && sample.truth.mask) || [])]).toEqual([
    1, 1, 2, 1, 1, 1, 0, 0, 0, 0, 0, 0,
  ]);
  const eye = await openData({ kind: 'medical', root, intensity: 'rgb', val: null }, 'classMap', train);
  expect((await eye?.get(0))?.image.data).toHaveLength(36);
  expect(JSON.stringify([dataset?.entries, dataset?.warnings])).not.toMatch(/DOE|4711/);
});

test('names of dataset.json are the classes, skipped slices and digests are asked for', async () => {
  const json = JSON.stringify({ labels: { background: 0, liver: 1 }, channel_names: { 0: 'CT' } });
  const root = folderWith({ 'dataset.json': json, 'imagesTr/a_0000.nii.gz': image(1), 'labelsTr/a.nii.gz': mask(3) });
  const dataset = await openData(
    { kind: 'medical', root, val: null, emptySlices: 'skip', anonymous: true },
    'classMap',
    train,
  );
  expect(dataset?.labels.classes.map(({ name }) => name)).toEqual(['background', 'liver']);
  expect(dataset?.deep?.rule).toBe('ct');
  expect(dataset?.entries.map(({ id }) => id)).toEqual([expect.stringMatching(/^case-[0-9a-f]{12}\/000$/)]);
});

test('masks on another grid, of fractions and of unknown names are refused with both figures', async () => {
  const small = nifti(Array(12).fill(1), { ...SIZE, depth: 1 });
  const root = folderWith({ 'a.nii.gz': image(1), 'a_seg.nii.gz': small });
  const opened = (masks: string[] = []) => openData({ kind: 'medical', root, masks }, 'classMap', train);
  expect(await failure(opened())).toMatch(/it has 4x3x1 voxels, its image 4x3x2: resample/);
  expect(await failure(opened(['gm']))).toMatch(/no case has a mask 'gm': there are seg/);
  const away = nifti(Array(24).fill(1), { ...SIZE, affine: [1, 0, 0, 40, 0, 1, 0, 0, 0, 0, 5, 0] });
  const elsewhere = folderWith({ 'a.nii.gz': image(1), 'a_seg.nii.gz': away });
  expect(await failure(openData({ kind: 'medical', root: elsewhere }, 'classMap', train))).toMatch(
    /its voxel 0, 0, 0 lies at 40\.0, 0\.0, 0\.0 mm, that of its image at 0\.0, 0\.0, 0\.0 mm, 40\.0 mm apart: resample/,
  );
  writeFileSync(join(root, 'a_seg.nii.gz'), greyPng(2, 2));
  expect(await failure(opened())).toMatch(/1 of 1 cases cannot be used: a\.nii\.gz/);
});

test('a mask whose file says no place lies on its image, as stored, and others are refused', async () => {
  const image = (affine: readonly number[]) =>
    nifti(
      Array.from({ length: 24 }, (_, i) => i),
      { ...SIZE, affine },
    );
  const values = Array.from({ length: 24 }, (_, i) => (i % 7 === 0 ? 1 : 0));
  // The image runs to the left, to the back and to the head.
  const placed = [-0.5, 0, 0, 40, 0, -0.5, 0, 30, 0, 0, 5, -9];
  const [ras, lps] = [
    [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0],
    [-1, 0, 0, 0, 0, -1, 0, 0, 0, 0, 1, 0],
  ];
  const open = (mask: Uint8Array) =>
    openData(
      {
        kind: 'medical',
        root: folderWith({ 'a.nii.gz': image(placed), 'a_seg.nii.gz': mask }),
        val: null,
        axis: 'axial',
      },
      'classMap',
      train,
    );
  const own = await open(nifti(values, { ...SIZE, affine: placed }));
  const mapsOf = async (data: typeof own) =>
    Promise.all([0, 1].map(async (i) => [...((await data?.get(i))?.truth.mask ?? [])]));
  const wanted = await mapsOf(own);
  expect(wanted.flat().filter((value) => value === 1)).toHaveLength(4);
  for (const affine of [ras, lps]) {
    const found = await open(nifti(values, { ...SIZE, spacing: [1, 1, 1], affine }));
    expect(await mapsOf(found)).toEqual(wanted);
    expect(found?.warnings.filter(({ code }) => code === 'unplaced-mask')).toEqual([
      expect.objectContaining({ count: 1, message: expect.stringContaining('laid on its image') }),
    ]);
  }
  expect(own?.warnings.some(({ code }) => code === 'unplaced-mask')).toBe(false);
  const short = nifti(values.slice(0, 12), { ...SIZE, depth: 1, affine: ras });
  expect(await failure(open(short))).toMatch(/it has 4x3x1 voxels, its image 4x3x2/);
  expect(await failure(open(nifti(values, { ...SIZE, affine: ras.with(3, 2) })))).toMatch(/mm apart: resample/);
});

const two = (first: number) =>
  nifti(
    Array.from({ length: 48 }, (_, i) => first + i),
    { ...SIZE, depth: 4 },
  );
const twoMask = nifti(
  Array.from({ length: 48 }, (_, i) => (i === 3 ? 1 : 0)),
  { ...SIZE, depth: 4 },
);
const described = JSON.stringify({ channel_names: { 0: 'T1', 1: 'T2' }, labels: { background: 0, tumour: 1 } });

test.each([
  [
    'BIDS, masks among its derivatives',
    { 'sub-01/anat/sub-01_T2w.nii.gz': two(1), 'derivatives/labels/sub-01/anat/sub-01_T2w_dseg.nii.gz': twoMask },
    1,
    ['background', 'object'],
  ],
  [
    'the Decathlon',
    {
      'dataset.json': JSON.stringify({ modality: { 0: 'MRI' }, labels: { 0: 'background', 1: 'tumour' } }),
      'imagesTr/la_003.nii.gz': two(1),
      'labelsTr/la_003.nii.gz': twoMask,
      'imagesTr/._la_003.nii.gz': 'x',
    },
    1,
    ['background', 'tumour'],
  ],
  [
    'nnU-Net, two channels',
    {
      'dataset.json': described,
      'imagesTr/a_0000.nii.gz': two(1),
      'imagesTr/a_0001.nii.gz': two(99),
      'labelsTr/a.nii.gz': twoMask,
    },
    2,
    ['background', 'tumour'],
  ],
  ['a folder per patient', { 'p1/flair.nii.gz': two(1), 'p1/mask.nii.gz': twoMask }, 1, ['background', 'object']],
])('%s is known by its root alone', async (_name, files, channels, names) => {
  const data = await openData({ root: folderWith(files), val: null }, 'classMap', train);
  expect(data?.warnings[0]?.message).toContain('(data.kind: medical)');
  expect(data?.size).toBe(4);
  expect(data?.deep?.channels).toBe(channels);
  expect(data?.labels.classes.map(({ name }) => name)).toEqual(names);
  const masks = await Promise.all([0, 1, 2, 3].map(async (i) => (await data?.get(i))?.truth.mask ?? []));
  expect(masks.flatMap((mask) => [...mask]).filter((value) => value === 1)).toHaveLength(1);
});

test('a mask for each slice of DICOM is known by its root alone', async () => {
  const slice = (z: number) =>
    drawDicom({ columns: 4, rows: 3, pixels: new Uint8Array(12).fill(z + 1), bits: 8, position: [0, 0, z] });
  const files = {
    'images/p1/1.dcm': slice(0),
    'images/p1/2.dcm': slice(1),
    'masks/p1/1.png': greyPng(4, 3, 0),
    'masks/p1/2.png': greyPng(4, 3, 1),
  };
  const data = await openData({ root: folderWith(files), val: null }, 'classMap', train);
  expect(data?.warnings[0]?.message).toContain('(data.kind: medical)');
  expect(data?.size).toBe(2);
  const masks = await Promise.all([0, 1].map(async (i) => [...((await data?.get(i))?.truth.mask ?? [])]));
  expect(masks.flat().reduce((sum, value) => sum + value, 0)).toBe(12);
});

test('values that are no numbers are the least one, and said; where there is no other, it is an error', async () => {
  const floats = (values: readonly number[]): Uint8Array => {
    const bytes = new Uint8Array(352 + 4 * values.length);
    bytes.set(gunzipSync(image(0)).subarray(0, 352));
    const view = new DataView(bytes.buffer);
    view.setInt16(70, 16, true);
    view.setInt16(72, 32, true);
    for (const [i, value] of values.entries()) view.setFloat32(352 + 4 * i, value, true);
    return gzipSync(bytes);
  };
  const values = Array.from({ length: 24 }, (_, i) => (i % 5 === 0 ? Number.NaN : i - 7));
  const root = folderWith({ 'a.nii.gz': floats(values), 'a_seg.nii.gz': mask(3) });
  const dataset = await openData({ kind: 'medical', root, val: null }, 'classMap', train);
  const said = dataset?.warnings.map(({ message }) => message);
  expect(said).toContain('a.nii.gz: 5 values that are no numbers are taken as the least one');
  const slice = [...((await dataset?.get(0))?.image.data ?? [])].sort((a, b) => a - b);
  expect(slice).toEqual(
    values
      .slice(0, 12)
      .map((value) => (Number.isNaN(value) ? -6 : value))
      .sort((a, b) => a - b),
  );
  const none = folderWith({ 'a.nii.gz': floats(values.map(() => Number.NaN)), 'a_seg.nii.gz': mask(3) });
  expect(await failure(openData({ kind: 'medical', root: none, val: null }, 'classMap', train))).toMatch(
    /a\.nii\.gz: none of its values is a finite number/,
  );
});

test('slices around one are its channels, the outermost repeated, with the figures of the case', async () => {
  const root = folderWith({ 'a.nii.gz': image(1), 'a_seg.nii.gz': mask(3) });
  const dataset = await openData({ kind: 'medical', root, val: null, slices: 3 }, 'classMap', train);
  expect(dataset?.deep?.channels).toBe(3);
  const samples = [await dataset?.get(0), await dataset?.get(1)];
  const at = (index: number): number[] => [...(samples[index]?.image.data ?? [])].slice(-3);
  expect([at(0), at(1)]).toEqual([
    [1, 1, 13],
    [1, 13, 13],
  ]);
  expect(samples[0]?.image.statistics?.channels).toHaveLength(3);
  expect(formatOf({ kind: 'medical' }).check({ kind: 'medical', slices: 3, intensity: 'rgb' })).toHaveLength(1);
});

test('the spacing asked for is the median of the training cases, and cases of one patient or of equal pixels are a leak', async () => {
  const spaced = (first: number, x: number, y: number): Uint8Array => {
    const values = Array.from({ length: 24 }, (_, i) => first + i);
    return nifti(values, { ...SIZE, spacing: [x, y, 5], affine: [x, 0, 0, 0, 0, y, 0, 0, 0, 0, 5, 0] });
  };
  const seg = (x: number, y: number): Uint8Array =>
    nifti(
      Array.from({ length: 24 }, (_, i) => (i === 3 ? 1 : 0)),
      { ...SIZE, spacing: [x, y, 5], affine: [x, 0, 0, 0, 0, y, 0, 0, 0, 0, 5, 0] },
    );
  const files = Object.fromEntries(
    [
      ['p1', 1, 0.5, 0.75],
      ['p2', 60, 0.25, 0.75],
      ['p3', 90, 1, 0.8],
      ['p4', 1, 0.5, 0.75],
    ].flatMap(([p, first, x, y]) => [
      [`${p}/t2.nii.gz`, spaced(Number(first), Number(x), Number(y))],
      [`${p}/t2_seg.nii.gz`, seg(Number(x), Number(y))],
    ]),
  );
  const root = folderWith(files);
  const opened = (split: 'train' | 'val', val: string[], trained: string[]) =>
    openData({ kind: 'medical', root, spacing: 'median', train: trained, val }, 'classMap', { split });
  const trained = ['p1', 'p2', 'p3'];
  const dataset = await opened('train', ['p4'], trained);
  expect(dataset?.spacing).toEqual([0.75, 0.5]);
  expect(dataset?.cases?.map(({ patient }) => patient)).toEqual(trained);
  const leakOf = async (val: string[]): Promise<string> => {
    const other = await opened('val', val, trained);
    return (dataset && other && findLeak(dataset, other, 'val')?.message) || 'none';
  };
  expect(await leakOf(['p4'])).toMatch(/val measures what training sees: p4, whose pixels are those of p1: name other/);
  expect(await leakOf(['p2', 'p3'])).toMatch(/patient p2; patient p3/);
  const [first] = trained;
  const apart = await opened('train', ['p1'], ['p2', 'p3']);
  const val = await opened('val', [first ?? ''], ['p2', 'p3']);
  expect(apart && val && findLeak(apart, val, 'val')).toBeNull();
  const report = await checkData(
    parseExperiment({ task: 'segmentation', data: { kind: 'medical', root, train: trained, val: ['p4'] } }, 'a test'),
  );
  expect(report.problem).toMatch(/whose pixels are those of p1/);
  expect(report.findings[0]).toMatchObject({ pitfall: 38, severity: 'error', split: 'val' });
});

test('blank volumes of two patients are no leak, and files that cannot be used are named by digests, too', async () => {
  const blank = nifti(Array(24).fill(0), SIZE);
  const root = folderWith({
    ...Object.fromEntries(
      ['p1', 'p2'].flatMap((p) => [
        [`${p}/t2.nii.gz`, blank],
        [`${p}/t2_seg.nii.gz`, mask(3)],
      ]),
    ),
    'Doe_Jane/t2.nii.gz': image(1),
    'Doe_Jane/t2_seg.nii.gz': nifti(Array(12).fill(1), { ...SIZE, depth: 1 }),
  });
  const opened = (split: 'train' | 'val') =>
    openData(
      { kind: 'medical', root, train: ['p1', 'Doe_Jane'], val: ['p2'], anonymous: true, badRecords: 'skip' },
      'classMap',
      { split },
    );
  const [dataset, val] = [await opened('train'), await opened('val')];
  expect(dataset && val && findLeak(dataset, val, 'val')).toBeNull();
  expect(dataset?.warnings.map(({ code }) => code)).toContain('bad-record');
  expect(JSON.stringify(dataset?.warnings)).toMatch(/case-[0-9a-f]{12}/);
  expect(JSON.stringify(dataset?.warnings)).not.toMatch(/Jane/);
});

test('folds are of patients, and have those with a further mask alike', async () => {
  const files = Object.fromEntries(
    [1, 2, 3, 4, 5, 6].flatMap((p) => [
      [`p${p}/t1.nii.gz`, image(p)],
      [`p${p}/t1_seg.nii.gz`, mask(0)],
      [`p${p}/t2.nii.gz`, image(p + 30)],
      [`p${p}/t2_seg.nii.gz`, mask(0)],
      ...(p > 4 ? [[`p${p}/t1_lesion.nii.gz`, mask(5)] as const] : []),
    ]),
  );
  const root = folderWith(files);
  const patientsOf = async (split: 'train' | 'val', fold: number): Promise<string[]> => {
    const data = { kind: 'medical' as const, root, folds: 2, fold, masks: ['seg', 'lesion'] };
    const dataset = await openData(data, 'classMap', { split });
    return [...new Set(dataset?.cases?.map(({ patient }) => patient))].sort();
  };
  for (const fold of [0, 1]) {
    const [train, val] = [await patientsOf('train', fold), await patientsOf('val', fold)];
    expect([train.length, val.length]).toEqual([3, 3]);
    expect([...train, ...val].sort()).toEqual(['p1', 'p2', 'p3', 'p4', 'p5', 'p6']);
    expect(val.filter((id) => id > 'p4')).toHaveLength(1);
  }
});

test.skipIf(dataMissing)('the spinal cords are recognised, and no patient is in two splits', async () => {
  const report = await checkData(await experimentOf(dataPath('nifti/sct')));
  expect(report.experiment.data.kind).toBe('medical');
  expect(report.splits.map(({ split, images }) => [split, images])).toEqual([
    ['train', 86],
    ['val', 55],
  ]);
  expect(report.splits.map(({ classes }) => classes.map(({ count }) => count))).toEqual([
    [261_276, 8322],
    [167_325, 4275],
  ]);
  expect(report.alike).toEqual([]);
  expect(report.problem).toBeNull();
});
