import { expect, it } from 'vitest';
import { openSplit } from '../../configs/datasets.js';
import { parseExperiment } from '../../configs/read.js';
import { folderWith, greyPng } from '../datasets/folder.js';

it('images with more objects than boxes are kept are warned of where they are measured, crowds aside', async () => {
  const ann = (id: number, image_id: number, iscrowd = 0) => ({
    id,
    image_id,
    category_id: 1,
    bbox: [id, id, 4, 4],
    area: 16,
    iscrowd,
  });
  const json = {
    images: ['a', 'b', 'c'].map((name, i) => ({ id: i + 1, file_name: `${name}.png`, width: 30, height: 30 })),
    categories: [{ id: 1, name: 'cell' }],
    annotations: [ann(1, 1), ann(2, 1), ann(3, 1, 1), ann(4, 2), ann(5, 2), ann(6, 2), ann(7, 3)],
  };
  const pictures = Object.fromEntries(json.images.map(({ file_name }) => [file_name, greyPng(30, 30)]));
  const root = folderWith({ 'all.json': JSON.stringify(json), ...pictures });
  const data = { kind: 'coco', root, images: '.', train: 'all.json', val: 'all.json' };
  const experiment = (maxDetections: number) => parseExperiment({ data, evaluate: { maxDetections } }, 'the test');
  const { warnings } = await openSplit(experiment(2), 'val');
  expect(warnings.map(({ code, files, message }) => [code, files, message])).toEqual([
    [
      'more-than-detections',
      ['b.png'],
      '1 image has more objects than model.head.decode.maxDetections (2) keeps boxes, b.png 3: the rest counts as missed',
    ],
  ]);
  expect((await openSplit(experiment(3), 'val')).warnings).toEqual([]);
  const train = await openSplit(experiment(2), 'train');
  expect(train.warnings).toEqual([]);
});
