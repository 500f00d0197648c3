import { describe, expect, test } from 'vitest';
import { CocoError, type Dataset, mergeDatasets } from '../src/index.js';

/** Two pictures `names`, an annotation on each. */
function camera(width: number, names = ['0001.jpg', '0002.jpg']): Dataset {
  return {
    images: names.map((file_name, i) => ({ id: i + 1, file_name, width, height: 100 })),
    categories: [{ id: 1, name: 'cat' }],
    annotations: names.map((_, i) => ({ id: i + 1, image_id: i + 1, category_id: 1, bbox: [i, 0, width / 4, 9] })),
  };
}

describe('mergeDatasets', () => {
  test('never joins two pictures of one name and different size, from two files or from one', () => {
    expect(() => mergeDatasets([camera(200), camera(640)])).toThrow(
      '0001.jpg is 200 x 100 in one file and 640 x 100 in another: two pictures of one name. Put a prefix before the file names of each',
    );
    const twice = camera(200, ['a.jpg', 'a.jpg']);
    twice.images![1]!.height = 300;
    const { images, annotations } = mergeDatasets([twice, camera(640)]);
    expect(images).toHaveLength(4);
    expect(annotations?.map(({ image_id }) => image_id)).toEqual([1, 2, 3, 4]);
  });

  test('keeps them apart with prefixes, each with its annotations', () => {
    const merged = mergeDatasets([camera(200), camera(640)], { prefixes: ['a/', 'b/'] });
    expect(merged.images?.map(({ id, file_name, width }) => [id, file_name, width])).toEqual([
      [1, 'a/0001.jpg', 200],
      [2, 'a/0002.jpg', 200],
      [3, 'b/0001.jpg', 640],
      [4, 'b/0002.jpg', 640],
    ]);
    expect(merged.annotations?.map(({ image_id, bbox }) => [image_id, bbox?.[2]])).toEqual([
      [1, 50],
      [2, 50],
      [3, 160],
      [4, 160],
    ]);
    expect(() => mergeDatasets([camera(1), camera(1)], { prefixes: ['a'] })).toThrow(CocoError);
  });

  test('joins the same picture of several files, keeps the same annotation once, and says so', () => {
    const notes: string[] = [];
    const more = camera(200);
    more.annotations!.push({ id: 3, image_id: 1, category_id: 1, bbox: [7, 7, 7, 7] });
    const merged = mergeDatasets([camera(200), more], { note: (sentence) => notes.push(sentence) });
    expect(merged.images).toHaveLength(2);
    expect(merged.annotations?.map(({ id, image_id, bbox }) => [id, image_id, bbox])).toEqual([
      [1, 1, [0, 0, 50, 9]],
      [2, 2, [1, 0, 50, 9]],
      [3, 1, [7, 7, 7, 7]],
    ]);
    expect(notes).toEqual([
      'images that several files have, by name and size: 2, each kept once',
      'annotations of these that are the same but for the id: 2, left out',
    ]);
  });

  test('keeps images without a name apart, and says nothing where nothing is joined', () => {
    const notes: string[] = [];
    const bare = (): Dataset => ({ ...camera(10), images: [{ id: 1 }, { id: 2 }] });
    const merged = mergeDatasets([bare(), bare()], { note: (sentence) => notes.push(sentence) });
    expect(merged.images?.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect(merged.annotations?.map(({ image_id }) => image_id)).toEqual([1, 2, 3, 4]);
    expect(notes).toEqual([]);
  });
});
