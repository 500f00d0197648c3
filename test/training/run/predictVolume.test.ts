import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { channelsOf } from '../../../datasets/pixelTypes.js';
import { readNifti, writeNifti } from '../../../datasets/volumes/nifti.js';
import { readVolume } from '../../../datasets/volumes/readVolume.js';
import type { Task } from '../../../heads/index.js';
import { segmentation } from '../../../heads/tasks/segmentation.js';
import { showVolume, writeVolumeMask } from '../../../tools/volumePrediction.js';
import type { Predictor } from '../../../training/predictor.js';
import { predictVolume } from '../../../training/run/predictVolume.js';
import { dataMissing, dataPath } from '../../data.js';
import { folderWith } from '../../datasets/folder.js';

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
  const found = await predictVolume(above(30), join(folder, 'a.nii'), { axis, slices: 1, isDeep: true });
  expect(found.labels).toEqual(VALUES.map((value) => (value > 30 ? 1 : 0)));
  expect(found.slices).toBe([5, 4, 3][axis]);
  expect(found.millilitres).toBeCloseTo(0.024, 12);
  writeVolumeMask(found, join(folder, 'masks'));
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
  const found = await predictVolume(middle, join(folder, 'a.nii'), { axis: 2, slices: 3, isDeep: true });
  expect(found.labels).toEqual(VALUES.map((value) => (value > 30 ? 1 : 0)));
  expect(channelsOf(found.shown.image)).toBe(1);
});

test('a network that finds objects is refused', async () => {
  const folder = folderWith({ 'a.nii': writeNifti(VALUES, { ...PSL, data: VALUES }, null) });
  const boxes: Predictor<unknown> = { ...above(0), predict: async () => [{ boxes: new Float32Array(0) }] };
  await expect(predictVolume(boxes, join(folder, 'a.nii'), { axis: null, slices: 1, isDeep: true })).rejects.toThrow(
    'finds objects',
  );
});

test.skipIf(dataMissing)('a cord is answered on its own grid, in its own place', async () => {
  const file = dataPath('nifti/sct/t2.nii.gz');
  const found = await predictVolume(above(500), file, { axis: null, slices: 1, isDeep: true });
  const folder = folderWith({});
  writeVolumeMask(found, folder);
  const [mask, volume] = [readNifti(gunzipSync(readFileSync(join(folder, 't2.nii.gz')))), await readVolume(file)];
  expect(mask.affine).toEqual(volume.affine);
  const expected = Uint8Array.from(volume.data, (value) => (value > 500 ? 1 : 0));
  expect(Buffer.from(mask.data.buffer, mask.data.byteOffset, mask.data.length).equals(expected)).toBe(true);
});
