import { expect, it } from 'vitest';
import { nameGroups } from '../../../datasets/check/groups.js';
import { openData } from '../../../datasets/formats/index.js';
import { foldsOf } from '../../../datasets/stated/folds.js';
import { folderWith, greyPng } from '../folder.js';

const itemsOf = (ids: readonly string[], classOf: (id: string) => string = () => 'cell') =>
  ids.map((id) => ({ id, classes: [classOf(id)] }));

/** Members of each fold. */
const sizesOf = (fold: readonly number[], folds: number): number[] =>
  Array.from({ length: folds }, (_, k) => fold.filter((one) => one === k).length);

it('ten images make folds of 3, 3, 2 and 2, the same each time, others with another seed', () => {
  const items = itemsOf(Array.from({ length: 10 }, (_, i) => `image-${String.fromCharCode(97 + i)}`));
  const fold = foldsOf(items, { folds: 4, seed: 1 });
  expect(sizesOf(fold, 4)).toEqual([3, 3, 2, 2]);
  expect(foldsOf(items, { folds: 4, seed: 1 })).toEqual(fold);
  expect(foldsOf(items, { folds: 4, seed: 2 })).not.toEqual(fold);
});

it('each fold has each class alike', () => {
  const items = itemsOf(
    Array.from({ length: 40 }, (_, i) => `x${i}`),
    (id) => (Number(id.slice(1)) < 8 ? 'rare' : 'common'),
  );
  const fold = foldsOf(items, { folds: 4, seed: 3 });
  const rare = sizesOf(
    fold.filter((_, i) => i < 8),
    4,
  );
  expect(rare).toEqual([2, 2, 2, 2]);
});

it('images of one patient are in one fold, and large groups are evened out by small ones', () => {
  const counts = [6, 2, 2, 1, 1];
  const ids = counts.flatMap((count, p) => Array.from({ length: count }, (_, i) => `patient0${p}_slice${i}`));
  const fold = foldsOf(itemsOf(ids), { folds: 2, seed: 1 });
  expect(sizesOf(fold, 2)).toEqual([6, 6]);
  for (const [i, id] of ids.entries()) {
    const first = ids.findIndex((other) => other.slice(0, 9) === id.slice(0, 9));
    expect(fold[i]).toBe(fold[first]);
  }
});

it('items that are groups are not grouped again by their names', () => {
  const ids = ['a1_1', 'a1_2', 'a2_1', 'a2_2'];
  expect(new Set(foldsOf(itemsOf(ids), { folds: 4, seed: 1, groups: true })).size).toBe(4);
});

it('fewer groups than folds are refused with both numbers', () => {
  const ids = ['a1_1', 'a1_2', 'a2_1', 'a2_2'];
  expect(() => foldsOf(itemsOf(ids), { folds: 3, seed: 1 })).toThrow(
    'data.folds is 3, and there are 2 groups of training images: lower it',
  );
  expect(() => foldsOf(itemsOf(['a']), { folds: 2, seed: 1 })).toThrow(/there are 1 training images/);
  expect(() => foldsOf(itemsOf(['a']), { folds: 2, seed: 1, groups: true })).toThrow(/are 1 groups of training images/);
});

it('every image validates once over all folds, and trains in the others; test stays apart', async () => {
  const names = Array.from({ length: 9 }, (_, i) => `${'abcdefghi'[i]}.png`);
  const root = folderWith({
    ...Object.fromEntries(names.map((name) => [`images/${name}`, greyPng(4, 4, 9)])),
    ...Object.fromEntries(names.map((name, i) => [`masks/${name}`, greyPng(4, 4, i % 2)])),
  });
  const open = async (split: 'train' | 'val' | 'test', fold: number) => {
    const data = { kind: 'masks', root, folds: 3, fold, test: 0.2, train: 0.8 } as const;
    const opened = await openData(data, 'classMap', { split });
    return { ids: opened?.entries.map(({ id }) => id) ?? [], notes: opened?.warnings.map(({ message }) => message) };
  };
  const test = (await open('test', 0)).ids;
  const validated: string[] = [];
  for (const fold of [0, 1, 2]) {
    const { ids: train } = await open('train', fold);
    const { ids: val, notes } = await open('val', fold);
    expect(new Set([...train, ...val, ...test]).size).toBe(9);
    expect(notes).toContainEqual(
      expect.stringMatching(new RegExp(`fold ${fold} of 3 \\(0-2\\), ${val.length} of 7 training images`)),
    );
    validated.push(...val);
  }
  expect([...new Set(validated)].length).toBe(7);
  expect(validated.length).toBe(7);
});

it('groups may be many, and numbers that look like years among others are no years', () => {
  const ids = Array.from({ length: 260_000 }, (_, i) => `patient${i >> 1}_${i & 1}.png`);
  expect(nameGroups([ids])).toHaveLength(130_000);
  expect(nameGroups([['IMG_2019_1.png', 'IMG_2019_2.png', 'IMG_2020_1.png', 'IMG_2020_2.png']])).toEqual([]);
});
