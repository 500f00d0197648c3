import { describe, expect, test } from 'vitest';
import { COCO, COCOeval, CocoFile, type Dataset, type Id } from '../../src/index.js';

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));

/** Notes of an evaluation of results of these categories against a truth of those. */
async function notes(
  known: readonly Id[],
  found: readonly Id[],
  names = known.map((id) => `c${id}`),
  change: Partial<Dataset> = {},
) {
  const bbox = [0, 0, 10, 10];
  const file = {
    images: [{ id: 1, width: 90, height: 90 }],
    categories: known.map((id, i) => ({ id, name: names[i] })),
    annotations: known.map((category_id, i) => ({ id: i + 1, image_id: 1, category_id, bbox, area: 100, iscrowd: 0 })),
    ...change,
  };
  const results = found.map((category_id) => ({ image_id: 1, category_id, bbox, score: 1 }));
  const both: string[][] = [];
  for (const gt of [await CocoFile.open(bytes(file)), new COCO(file as Dataset)]) {
    const evaluation = new COCOeval(gt, gt.loadRes(gt.columns ? bytes(results) : (results as never)), 'bbox');
    evaluation.evaluate();
    both.push(evaluation.notes);
  }
  expect(both[0]).toEqual(both[1]);
  return both[0]!;
}

describe('an evaluation says when results and truth name different things', () => {
  test('with a hint at ids counted from 0 or from 1', async () => {
    expect(await notes([1, 2, 3], [1, 2, 3])).toEqual([]);
    expect(await notes([1, 2, 3], [0, 1, 2])).toEqual([
      '1 of 3 results have a category that the truth lacks (0): each is a category of the truth when 1 is added; do the results count from 0?',
    ]);
    expect(await notes([0, 1], [1, 2])).toEqual([
      expect.stringContaining('when 1 is taken away; does the truth count from 0?'),
    ]);
    expect(await notes([5], [4])).toEqual([
      'no result has a category of the truth: results have 4, the truth 5: each is a category of the truth when 1 is added; do the results count from 0?',
    ]);
  });

  test('with a hint at places in the list, names, and texts in place of numbers', async () => {
    expect(await notes([7, 18, 44], [0, 1, 2])).toEqual([
      'no result has a category of the truth: results have 0, 1, 2, the truth 7, 18, 44: do the results number the categories by their place in the list? Their ids are needed',
    ]);
    expect(await notes([7, 18], ['cat', 'dog'], ['cat', 'dog'])).toEqual([
      'no result has a category of the truth: results have "cat", "dog", the truth 7, 18: these are names, ids are needed',
    ]);
    expect(await notes([7], ['7'])).toEqual([
      expect.stringContaining('results have "7", the truth 7: texts in one file, numbers in the other'),
    ]);
    expect(await notes([7], [1000, 2000])).toEqual([
      'no result has a category of the truth: results have 1000, 2000, the truth 7',
    ]);
  });

  test('and when annotations of the truth name an image or a category that it does not have', async () => {
    expect(await notes([1, 2], [1], undefined, { categories: [{ id: 1 }], images: [{ id: 1 }] })).toEqual([
      '1 annotation of the truth: no category 2',
    ]);
    const stray = { id: 9, image_id: 5, category_id: 1, bbox: [0, 0, 1, 1], area: 1, iscrowd: 0 };
    expect(await notes([1], [1], undefined, { annotations: [stray] })).toEqual([
      '1 annotation of the truth names an image that it does not have',
    ]);
  });
});
