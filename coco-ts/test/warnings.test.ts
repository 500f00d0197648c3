import { expect, test } from 'vitest';
import { COCO, type Dataset } from '../src/index.js';

const box = { category_id: 1, bbox: [1, 1, 5, 5], area: 25, iscrowd: 0 };

/** A sound file of one image with these annotations. */
const file = (annotations: object[], more: Partial<Dataset> = {}): COCO =>
  new COCO({
    images: [{ id: 1, width: 20, height: 10, file_name: 'a.jpg' }],
    categories: [{ id: 1, name: 'cat' }],
    annotations: annotations.map((ann, i) => ({ id: i + 1, image_id: 1, ...box, ...ann })),
    ...more,
  });
const rules = (coco: COCO): string[] => coco.warnings().map(({ rule, index, count }) => `${rule} ${index} ${count}`);

test('a sound file has no warnings; boxes may end half a pixel behind the image', () => {
  expect(rules(file([{}, { bbox: [-0.4, 0, 20.9, 10.4] }]))).toEqual([]);
});

test('warnings name what breaks no rule, once each with the count', () => {
  const coco = file(
    [{ id: 0 }, { area: undefined }, { area: null, iscrowd: undefined }, { bbox: [15, 1, 6, 2], keypoints: [1, 2, 2] }],
    {
      images: [
        { id: 1, width: 20, height: 10, file_name: 'a.jpg' },
        { id: 2, width: 20, height: 10, file_name: 'a.jpg' },
      ],
      categories: [
        { id: 1, name: 'cat' },
        { id: 2, name: 'cat' },
      ],
    },
  );
  expect(rules(coco)).toEqual([
    'same-file-name 1 1',
    'same-category-name 1 1',
    'id-zero 0 1',
    'no-area 1 2',
    'no-iscrowd 2 1',
    'no-num-keypoints 3 1',
    'outside-image 3 1',
  ]);
  expect(coco.warnings()[3]?.message).toBe(
    'annotations[1] and 1 more: no area: an evaluation takes that of the segmentation, or else of the box',
  );
  expect(coco.violations()).toEqual([]);
});

test('no polygon, or null, beside a box is no violation; without a box it is', () => {
  expect(file([{ segmentation: [] }, { segmentation: null, area: null, iscrowd: null }]).violations()).toEqual([]);
  const bare = file([{ segmentation: [], bbox: undefined }, { segmentation: [[1, 2, 3]] }]).violations();
  expect(bare.map(({ index, rule }) => `${index} ${rule}`)).toEqual(['0 bad-polygon', '1 bad-polygon']);
});
