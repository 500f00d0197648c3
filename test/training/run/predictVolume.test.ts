import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { shownImage } from '../../../datasets/decode/index.js';
import { openData } from '../../../datasets/index.js';
import { channelsOf, requireChannels } from '../../../datasets/pixelTypes.js';
import { readNifti, writeNifti } from '../../../datasets/volumes/nifti.js';
import { readVolume } from '../../../datasets/volumes/readVolume.js';
import type { Task } from '../../../heads/index.js';
import { segmentation } from '../../../heads/tasks/segmentation.js';
import { casesOf, showVolume, windowed, writeVolumeMask } from '../../../tools/volumePrediction.js';
import type { Predictor } from '../../../training/predictor.js';
import { predictVolume } from '../../../training/run/predictVolume.js';
import { dataMissing, dataPath } from '../../data.js';
import { folderWith } from '../../datasets/folder.js';
import { drawDicom } from '../../datasets/volumes/drawDicom.js';

/** Every pixel above a value is class 1. */
const above = (least: number): Predictor<unknown> => ({
  batchSize: 3,
  dispose: () => {},
  predict: async (images) =>
    images.map((image) => {
      expect(channelsOf(image)).toBe(1);
      const mask = Uint8Array.from(image.data, (value) => (value > least ? 1 : 0));
      return { mask, width: image.width, height: image.height };
    }),
});
/** A volume whose axes run to the back, to the head and to the left. */
const PSL = {
  width: 4,
  height: 3,
  depth: 5,
  channels: 1,
  spacing: [2, 3, 4],
  affine: [0, 0, -4, 9, -2, 0, 0, 8, 0, 3, 0, 7],
} as const;
const VALUES = Uint8Array.from({ length: 60 }, (_, i) => (i * 37) % 61);

test.each([0, 1, 2] as const)('a volume cut across axis %i has its answers where its voxels are', async (axis) => {
  const folder = folderWith({ 'a.nii': writeNifti(VALUES, { ...PSL, data: VALUES }, null) });
  const found = await predictVolume(above(30), [join(folder, 'a.nii')], { axis, slices: 1, isDeep: true });
  expect(found.labels).toEqual(VALUES.map((value) => (value > 30 ? 1 : 0)));
  expect(found.slices).toBe([5, 4, 3][axis]);
  expect(found.millilitres).toBeCloseTo(0.024, 12);
  writeVolumeMask(found, join(folder, 'masks'), ['background', 'bright']);
  const mask = readNifti(readFileSync(join(folder, 'masks/a.nii')));
  expect(mask.data).toEqual(found.labels);
  expect(mask.affine).toEqual(PSL.affine);
  const { value } = showVolume(found, segmentation as unknown as Task, ['background', 'cord']);
  const inside = found.labels.filter((label) => label === 1).length;
  expect(value.classes).toEqual([
    { label: 'background', voxels: 60 - inside, millilitres: expect.closeTo((60 - inside) * 0.024, 9) },
    { label: 'cord', voxels: inside, millilitres: expect.closeTo(inside * 0.024, 9) },
  ]);
});

test('a network of three slices sees the ones around, and its answers lie in the middle one', async () => {
  const folder = folderWith({ 'a.nii': writeNifti(VALUES, { ...PSL, data: VALUES }, null) });
  const middle: Predictor<unknown> = {
    ...above(0),
    predict: async (images) =>
      images.map((image) => {
        expect(channelsOf(image)).toBe(3);
        expect(image.statistics?.channels).toHaveLength(3);
        const mask = image.data
          .filter((_: number, i: number) => i % 3 === 1)
          .map((value: number) => Number(value > 30));
        return { mask: Uint8Array.from(mask), width: image.width, height: image.height };
      }),
  };
  const found = await predictVolume(middle, [join(folder, 'a.nii')], { axis: 2, slices: 3, isDeep: true });
  expect(found.labels).toEqual(VALUES.map((value) => (value > 30 ? 1 : 0)));
  expect(channelsOf(found.shown.image)).toBe(1);
});

test('the channels of a case are files that their names put together, and answers have the place of the first', async () => {
  expect(casesOf(['p/b_0001.nii.gz', 'p/a_0000.nii.gz', 'p/b_0000.nii.gz', 'c.nii'], 2)).toEqual([
    ['p/b_0000.nii.gz', 'p/b_0001.nii.gz'],
    ['p/a_0000.nii.gz'],
    ['c.nii'],
  ]);
  expect(casesOf(['a_0000.nii', 'a_0001.nii'], 1)).toEqual([['a_0000.nii'], ['a_0001.nii']]);
  // The same voxels, stored along other axes.
  const [x, y, z] = [5, 4, 3];
  const data = new Uint8Array(60);
  for (let i = 0; i < 60; i++) {
    const [back, head, left] = [i % 4, Math.floor(i / 4) % 3, Math.floor(i / 12)];
    data[left + x * (back + y * head)] = 255 - (VALUES[i] as number);
  }
  const affine = [-4, 0, 0, 9, 0, -2, 0, 8, 0, 0, 3, 7];
  const turned = { width: x, height: y, depth: z, channels: 1, spacing: [4, 2, 3], affine, data } as const;
  const folder = folderWith({
    'a_0000.nii': writeNifti(VALUES, { ...PSL, data: VALUES }, null),
    'a_0001.nii': writeNifti(data, turned, null),
    'b_0001.nii': writeNifti(data.subarray(0, 40), { ...turned, depth: 2 }, null),
    'c_0001.nii': writeNifti(VALUES, { ...PSL, affine: [0, 0, -4, 12, ...PSL.affine.slice(4)], data: VALUES }, null),
    'd_0001.nii': writeNifti(data, { ...turned, affine: turned.affine.with(3, turned.affine[3]! + 0.9) }, null),
  });
  const both: Predictor<unknown> = {
    ...above(0),
    predict: async (images) =>
      images.map((image) => {
        expect(channelsOf(image)).toBe(2);
        const mask = new Uint8Array(image.width * image.height);
        for (let i = 0; i < mask.length; i++) {
          expect((image.data[2 * i] as number) + (image.data[2 * i + 1] as number)).toBe(255);
          mask[i] = (image.data[2 * i] as number) > 30 ? 1 : 0;
        }
        return { mask, width: image.width, height: image.height };
      }),
  };
  const options = { axis: null, slices: 1, isDeep: true } as const;
  const at = (name: string) => join(folder, name);
  const found = await predictVolume(both, [at('a_0000.nii'), at('a_0001.nii')], options);
  expect(found.labels).toEqual(VALUES.map((value) => (value > 30 ? 1 : 0)));
  await expect(predictVolume(both, [at('a_0000.nii'), at('b_0001.nii')], options)).rejects.toThrow(
    /b_0001.*resample it/,
  );
  await expect(predictVolume(both, [at('a_0000.nii'), at('c_0001.nii')], options)).rejects.toThrow(
    /c_0001.*lies at .* mm, that of its image at .* mm, 3\.0 mm apart: resample it/,
  );
  await predictVolume(both, [at('a_0000.nii'), at('d_0001.nii')], options); // less than half of a voxel
});

test('the slice and the values that are drawn can be chosen', async () => {
  const folder = folderWith({ 'a.nii': writeNifti(VALUES, { ...PSL, data: VALUES }, null) });
  const none: Predictor<unknown> = {
    ...above(0),
    predict: async (images) =>
      images.map(({ width, height }) => ({ mask: new Uint8Array(width * height), width, height })),
  };
  const options = { axis: 2, slices: 1, isDeep: true } as const;
  const found = await predictVolume(none, [join(folder, 'a.nii')], { ...options, shown: 2 });
  expect(found.shown.index).toBe(2);
  const { image } = found.shown;
  const { data } = shownImage(windowed(image, [30, 20]));
  const levels = Array.from(image.data, (value) => Math.min(255, Math.max(0, Math.round(((value - 20) * 255) / 20))));
  expect([...data].filter((_, i) => i % 3 === 0)).toEqual(levels);
  const drawnAs = (window: readonly [number, number] | null) =>
    showVolume(found, segmentation as unknown as Task, ['background', 'cord'], window).drawn.data;
  expect(drawnAs([30, 20])).not.toEqual(drawnAs(null));
  await expect(predictVolume(none, [join(folder, 'a.nii')], { ...options, shown: 3 })).rejects.toThrow(
    'it has 3 slices, 0 to 2: there is no slice 3',
  );
});

test('a DICOM series is answered with a DICOM-SEG that lies on it', async () => {
  const slice = (z: number) => {
    const pixels = Uint8Array.from({ length: 12 }, (_, i) => 10 * z + i);
    return drawDicom({ columns: 4, rows: 3, pixels, bits: 8, position: [1, 2, 5 * z] });
  };
  const folder = folderWith({ 'ct/1.dcm': slice(2), 'ct/2.dcm': slice(0), 'ct/3.dcm': slice(1) });
  const found = await predictVolume(above(15), [join(folder, 'ct')], { axis: null, slices: 1, isDeep: true });
  writeVolumeMask(found, join(folder, 'masks'), ['background', 'bright']);
  const on = { path: join(folder, 'ct'), isFolder: true };
  const masks = await readVolume(join(folder, 'masks/ct_seg.dcm'), false, on);
  const values = (await readVolume(on.path, true)).data;
  expect([...masks.data]).toEqual(Array.from(values, (value) => (value > 15 ? 1 : 0)));
  expect([...(masks.names ?? [])]).toEqual([[1, 'bright']]);
});

test('classes that overlap are volumes along the fourth axis of a NIfTI, and segments of a DICOM-SEG, which are learned again', async () => {
  /** Class low above 10, class high above 30, which is within it. */
  const sets: Predictor<unknown> = {
    ...above(0),
    predict: async (images) =>
      images.map(({ data, width, height }) => {
        const mask = Uint8Array.from(data, (value) => Number(value > 10) + 2 * Number(value > 30));
        return { mask, width, height, overlaps: true };
      }),
  };
  const slice = (z: number) => {
    const pixels = Uint8Array.from({ length: 12 }, (_, i) => 15 * z + i);
    return drawDicom({ columns: 4, rows: 3, pixels, bits: 8, position: [1, 2, 5 * z] });
  };
  const folder = folderWith({
    'a.nii': writeNifti(VALUES, { ...PSL, data: VALUES }, null),
    'p/ct/1.dcm': slice(2),
    'p/ct/2.dcm': slice(0),
    'p/ct/3.dcm': slice(1),
  });
  const options = { axis: null, slices: 1, isDeep: true } as const;
  const volume = await predictVolume(sets, [join(folder, 'a.nii')], options);
  expect(volume.overlaps).toBe(true);
  writeVolumeMask(volume, join(folder, 'masks'), ['low', 'high']);
  const written = readNifti(readFileSync(join(folder, 'masks/a.nii')));
  expect(written).toMatchObject({ channels: 2, width: 4, height: 3, depth: 5, affine: PSL.affine });
  expect([...written.data]).toEqual([...VALUES].flatMap((value) => [Number(value > 10), Number(value > 30)]));
  const { value } = showVolume(volume, segmentation as unknown as Task, ['low', 'high']);
  expect(value.classes).toMatchObject([10, 30].map((least) => ({ voxels: VALUES.filter((v) => v > least).length })));

  const series = await predictVolume(sets, [join(folder, 'p/ct')], options);
  writeVolumeMask(series, join(folder, 'p'), ['low', 'high']);
  const data = await openData(
    { kind: 'medical', root: join(folder, 'p'), mode: 'multilabel', axis: 'axial', val: null },
    'classMap',
    { split: 'train' },
  );
  expect(data?.labels.classes.map(({ name }) => name).sort()).toEqual(['high', 'low']);
  const [low, high] = ['low', 'high'].map(
    (name) => 1 << (data?.labels.classes.findIndex((one) => one.name === name) ?? 0),
  );
  for (const i of [0, 1, 2]) {
    const { image, truth } = (await data?.get(i)) ?? {};
    const wanted = Array.from(image?.data ?? [], (v) => (v > 10 ? (low ?? 0) : 0) + (v > 30 ? (high ?? 0) : 0));
    expect([...(truth?.mask ?? [])]).toEqual(wanted);
    expect(wanted).toHaveLength(12);
  }
});

test('masks of two patients whose volumes have one name are both kept', async () => {
  const folder = folderWith(
    Object.fromEntries(
      [0, 1].map((p) => [
        `p${p}/t2.nii`,
        writeNifti(
          VALUES.map((v) => v + p),
          { ...PSL, data: VALUES },
          null,
        ),
      ]),
    ),
  );
  const out = join(folder, 'masks');
  const files = [0, 1].map((p) => join(folder, `p${p}/t2.nii`));
  for (const file of files) {
    const found = await predictVolume(above(30), [file], { axis: null, slices: 1, isDeep: true });
    writeVolumeMask(found, out, ['background', 'bright']);
  }
  const maskOf = (name: string) => readNifti(readFileSync(join(out, name))).data;
  expect(maskOf('t2.nii')).toEqual(VALUES.map((value) => (value > 30 ? 1 : 0)));
  expect(maskOf('t2-2.nii')).toEqual(VALUES.map((value) => (value > 29 ? 1 : 0)));
});

test('a volume of several times is an error of its file for a network of one channel', async () => {
  const header = `${`{'descr': '|u1', 'fortran_order': False, 'shape': (3, 4, 5, 2), }`.padEnd(117)}\n`;
  const start = Buffer.concat([Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'), Buffer.from(header)]);
  const folder = folderWith({ 'a.npy': Buffer.concat([start, new Uint8Array(120)]) });
  const one: Predictor<unknown> = {
    ...above(0),
    predict: async (images) => {
      for (const image of images) requireChannels(image, 1);
      return [];
    },
  };
  await expect(predictVolume(one, [join(folder, 'a.npy')], { axis: null, slices: 1, isDeep: true })).rejects.toThrow(
    /a\.npy: the image has 2 channels, the network takes 1/,
  );
});

test('a network that finds objects is refused', async () => {
  const folder = folderWith({ 'a.nii': writeNifti(VALUES, { ...PSL, data: VALUES }, null) });
  const boxes: Predictor<unknown> = { ...above(0), predict: async () => [{ boxes: new Float32Array(0) }] };
  await expect(predictVolume(boxes, [join(folder, 'a.nii')], { axis: null, slices: 1, isDeep: true })).rejects.toThrow(
    'finds objects',
  );
});

test.skipIf(dataMissing)('a cord is answered on its own grid, in its own place', async () => {
  const file = dataPath('nifti/sct/t2.nii.gz');
  const found = await predictVolume(above(500), [file], { axis: null, slices: 1, isDeep: true });
  const folder = folderWith({});
  writeVolumeMask(found, folder, ['background', 'bright']);
  const [mask, volume] = [readNifti(gunzipSync(readFileSync(join(folder, 't2.nii.gz')))), await readVolume(file)];
  expect(mask.affine).toEqual(volume.affine);
  const expected = Uint8Array.from(volume.data, (value) => (value > 500 ? 1 : 0));
  expect(Buffer.from(mask.data.buffer, mask.data.byteOffset, mask.data.length).equals(expected)).toBe(true);
});
