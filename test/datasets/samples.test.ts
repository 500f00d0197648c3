import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { decodeMask } from '../../datasets/decode/index.js';
import { drawRadiographs, drawSkin, openData } from '../../datasets/index.js';
import { readVolume } from '../../datasets/volumes/readVolume.js';
import { failure } from './folder.js';

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

test('skin has lesions of two kinds as palette masks, and splits by patients', async () => {
  const root = join(folder, 'skin');
  expect(await drawSkin({ out: root, images: 5, seed: 1 })).toMatchObject({ train: 4, val: 1 });
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
