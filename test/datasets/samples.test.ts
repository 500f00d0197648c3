import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeMask } from '../../datasets/decode/index.js';
import { drawPanoptic, drawRadiographs, drawSkin, openData } from '../../datasets/index.js';
import { readVolume } from '../../datasets/volumes/readVolume.js';
import { failure, folderWith } from './folder.js';

const folder = mkdtempSync(join(tmpdir(), 'samples-'));
const digest = (root: string): string => {
  const names = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name));
  const hash = createHash('sha256');
  for (const name of names.sort()) hash.update(name).update(readFileSync(join(root, name)));
  return hash.digest('hex');
};
const patientOf = (id: string): string => /patient-\d+/.exec(id)?.[0] ?? '';

test('radiographs use 12 of 16 bits, have findings as truth, and split by patients', async () => {
  const root = join(folder, 'radiographs');
  const summary = await drawRadiographs({ out: root, images: 6, seed: 1 });
  expect(summary).toMatchObject({ train: 4, val: 2, classes: ['nodule', 'opacity'], drawn: true });
  expect(await drawRadiographs({ out: root, images: 6, seed: 1 })).toMatchObject({ drawn: false });
  expect(await failure(drawRadiographs({ out: root, images: 6, seed: 2 }))).toContain('holds another sample');
  await drawRadiographs({ out: join(folder, 'again'), images: 6, seed: 1 });
  expect(digest(join(folder, 'again'))).toBe(digest(root));

  const { data, kind, spacing, modality } = await readVolume(join(root, 'train/patient-001/view-0/image.dcm'));
  expect({ kind, spacing, modality }).toEqual({ kind: 'dicom', spacing: [1.4, 1.4, 1], modality: 'DX' });
  expect(data).toBeInstanceOf(Uint16Array);
  expect(new Set(data).size).toBeGreaterThan(1000);
  expect(Math.max(...data)).toBeLessThan(4096);

  const train = await openData({ root }, 'classMap', { split: 'train' });
  expect(train?.labels.classes).toHaveLength(3);
  const val = await openData({ root }, 'classMap', { split: 'val', labels: train?.labels ?? { classes: [] } });
  expect([train?.size, val?.size]).toEqual([4, 2]);
  expect(train?.deep).toEqual({ type: 'uint16', channels: 1, rule: 'zscore' });
  const own = new Set(train?.entries.map(({ id }) => patientOf(id)));
  expect(val?.entries.map(({ id }) => own.has(patientOf(id)))).toEqual([false, false]);
  // Findings stand out of what is around them by less than the texture does.
  const sample = await train?.get(2);
  const mask = sample?.truth.mask ?? new Uint8Array();
  const within = mask.reduce((count, index) => count + (index > 0 ? 1 : 0), 0);
  expect(within).toBeGreaterThan(50);
  expect(within).toBeLessThan(0.2 * mask.length);
});

test('what is learned of 12-bit DICOM is what is learned of the same pixels as arrays', async () => {
  const root = join(folder, 'radiographs');
  await drawRadiographs({ out: root, images: 6, seed: 1 });
  const twin: { [path: string]: Uint8Array } = {};
  for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((path) =>
    /\.(dcm|nii)$/.test(path),
  )) {
    const file = join(root, name);
    twin[name.replace(/\.dcm$/, '.npy')] = name.endsWith('.dcm')
      ? npy((await readVolume(file)).data)
      : readFileSync(file);
  }
  const open = (path: string) => openData({ root: path }, 'classMap', { split: 'train' });
  const [dicom, arrays] = [await open(root), await open(folderWith(twin))];
  expect([arrays?.size, arrays?.deep]).toEqual([dicom?.size, dicom?.deep]);
  for (let i = 0; i < 4; i++) {
    const [a, b] = [await dicom?.get(i), await arrays?.get(i)];
    expect(a?.image.data).toEqual(b?.image.data);
    expect(a?.image.statistics).toEqual(b?.image.statistics);
    expect(a?.truth.mask).toEqual(b?.truth.mask);
  }
});

/** One slice of 256 x 256 values as NumPy writes it. */
function npy(data: ArrayLike<number>): Uint8Array {
  const header = `${"{'descr': '<u2', 'fortran_order': False, 'shape': (1, 256, 256), }".padEnd(117)}\n`;
  const start = Buffer.concat([Buffer.from('\x93NUMPY\x01\x00v\x00', 'latin1'), Buffer.from(header)]);
  return Buffer.concat([start, new Uint8Array(Uint16Array.from(data).buffer)]);
}

test('skin has lesions of two kinds as palette masks, and splits by patients', async () => {
  const root = join(folder, 'skin');
  expect(await drawSkin({ out: root, images: 5, seed: 1 })).toMatchObject({ train: 4, val: 1 });
  expect(await drawSkin({ out: join(folder, 'few'), images: 2, seed: 1 })).toMatchObject({ train: 1, val: 1 });
  await drawSkin({ out: join(folder, 'skin again'), images: 5, seed: 1 });
  expect(digest(join(folder, 'skin again'))).toBe(digest(root));
  const values = new Set<number>();
  for (const name of readdirSync(join(root, 'train/masks'))) {
    const { data, unit } = await decodeMask(join(root, 'train/masks', name));
    expect(unit).toBe('value');
    for (const value of data) values.add(value);
  }
  expect([...values].sort()).toEqual([0, 1, 2]);
  const classes = { values: { 0: 'background', 1: 'regular', 2: 'irregular' } };
  const train = await openData({ kind: 'masks', root, ...classes }, 'classMap', { split: 'train' });
  const val = await openData({ kind: 'masks', root, ...classes }, 'classMap', {
    split: 'val',
    labels: train?.labels ?? { classes: [] },
  });
  const own = new Set(train?.entries.map(({ id }) => patientOf(id)));
  expect(val?.entries.map(({ id }) => own.has(patientOf(id)))).toEqual([false]);
});

test('cells in medium and tissue are objects on regions, every pixel of which has a class', async () => {
  const root = join(folder, 'panoptic');
  const summary = await drawPanoptic({ out: root, images: 5, seed: 1 });
  expect(summary).toMatchObject({ train: 4, val: 1, classes: ['speck', 'disc', 'lobed', 'medium', 'tissue'] });
  await drawPanoptic({ out: join(folder, 'panoptic again'), images: 5, seed: 1 });
  expect(digest(join(folder, 'panoptic again'))).toBe(digest(root));
  const train = await openData({ root }, 'panoptic', { split: 'train' });
  expect(train?.labels.classes.map(({ name, isStuff }) => [name, isStuff === true])).toEqual([
    ['speck', false],
    ['disc', false],
    ['lobed', false],
    ['medium', true],
    ['tissue', true],
  ]);
  expect([train?.size, train?.warnings.filter(({ isNote }) => !isNote)]).toEqual([4, []]);
  let [objects, stuff] = [0, 0];
  for (let i = 0; i < 4; i++) {
    const truth = (await train?.get(i))?.truth;
    objects += truth?.labels.length ?? 0;
    stuff += truth?.mask.filter((label) => label >= 3).length ?? 0;
    expect(truth?.mask.every((label) => label < 5)).toBe(true);
  }
  expect(objects).toBeGreaterThan(8);
  expect(stuff).toBeGreaterThan(0.5 * 4 * 320 * 240);
});
