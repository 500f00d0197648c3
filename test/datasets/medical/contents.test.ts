import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openData } from '../../../datasets/index.js';
import { contentsOf } from '../../../datasets/medical/contents.js';
import { findCases } from '../../../datasets/medical/findCases.js';
import { writeNifti } from '../../../datasets/volumes/nifti.js';
import { createRandom } from '../../../engine/random.js';
import { failure, folderWith } from '../folder.js';

const SIZE = { width: 2, height: 2, depth: 3, channels: 1, spacing: [1, 1, 5], affine: null } as const;
/** A volume of three slices, each of one value. */
const nifti = (...slices: readonly number[]): Uint8Array => {
  const data = Uint8Array.from({ length: 12 }, (_, i) => slices[Math.floor(i / 4)] ?? 0);
  return writeNifti(data, { ...SIZE, data }, null);
};
/** Pixels of its own for every patient. */
const scan = (p: number): Uint8Array => nifti(p + 1, p + 2, 99 - p);

it('groups are shared out by what their masks show, and by how many of their slices are empty', async () => {
  const masks = [
    [1, 1, 1],
    [0, 1, 2],
    [0, 0, 1],
  ] as const;
  const files = masks.flatMap((slices, p) => [
    [`p${p}/t2.nii`, scan(p)] as const,
    [`p${p}/t2_seg.nii`, nifti(...slices)] as const,
  ]);
  const root = folderWith(Object.fromEntries(files));
  const cases = findCases(files.map(([name]) => name));
  const found = await contentsOf(
    cases.map((one) => [one]),
    { root: { path: root, real: root }, masks: ['seg'] },
  );
  expect(found).toEqual([
    ['seg 1', 'third 0'],
    ['seg 1', 'seg 2', 'third 1'],
    ['seg 1', 'third 2'],
  ]);
});

/** Twelve patients of three sites, four of them with a second class. */
function hospital(): string {
  const files = Array.from({ length: 12 }, (_, p) => [
    [`p${p}/t2.nii`, scan(p)] as const,
    [`p${p}/t2_seg.nii`, nifti(0, 1, p % 3 === 0 ? 2 : 1)] as const,
  ]).flat();
  const rows = Array.from({ length: 12 }, (_, p) => `p${p}\tsite${p % 3}`);
  return folderWith({ ...Object.fromEntries(files), 'participants.tsv': ['participant_id\tsite', ...rows].join('\n') });
}

const patientOf = (id: string): number => Number(/p(\d+)/.exec(id)?.[1]);

it('each fold has the rare class alike, every patient once, and none is in training and validation', async () => {
  const root = hospital();
  const random = createRandom([7]);
  for (const splitSeed of [random.integer(1e6), random.integer(1e6), random.integer(1e6)]) {
    const seen: number[] = [];
    for (const fold of [0, 1, 2, 3]) {
      const data = { kind: 'medical' as const, root, folds: 4, fold, splitSeed };
      const [train, val] = await Promise.all([
        openData(data, 'classMap', { split: 'train' }),
        openData(data, 'classMap', { split: 'val' }),
      ]);
      const held = [...new Set(val?.entries.map(({ id }) => patientOf(id)))];
      expect(held.filter((p) => p % 3 === 0)).toHaveLength(1);
      expect(train?.entries.some(({ id }) => held.includes(patientOf(id)))).toBe(false);
      seen.push(...held);
    }
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 12 }, (_, p) => p));
  }
});

it('patients of one site are in one fold, by a table', async () => {
  const root = hospital();
  for (const fold of [0, 1, 2]) {
    const data = { kind: 'medical' as const, root, folds: 3, fold, sites: 'participants.tsv' };
    const val = await openData(data, 'classMap', { split: 'val' });
    const sites = new Set(val?.entries.map(({ id }) => patientOf(id) % 3));
    expect([sites.size, val?.size]).toEqual([1, 12]);
  }
});

it('a table without the columns, or without a patient, is refused with what it has', async () => {
  const files = { 'a.csv': 'who,where\np0,x', 'b.csv': 'patient,site\np0,x' };
  const other = folderWith({
    'p0/t2.nii': scan(0),
    'p0/t2_seg.nii': nifti(1, 0, 0),
    'p1/t2.nii': scan(1),
    'p1/t2_seg.nii': nifti(1, 0, 0),
    ...files,
  });
  const opened = (sites: string) =>
    failure(openData({ kind: 'medical', root: other, sites }, 'classMap', { split: 'train' }));
  expect(await opened('a.csv')).toContain(
    'its columns are who, where: one is called patient or participant_id, one site',
  );
  expect(await opened('b.csv')).toContain('it names no site of p1: add a row');
  expect(await opened('none.csv')).toContain(join(other, 'none.csv'));
});
