import { runDatasetCases } from '../conformance/dataset.js';
import { folderWith, greyPng, vocXml } from './folder.js';
import { openCoco, openMasks, openVoc } from './open.js';

/** One image of so many classes, each with one box and one region, or as many as class maps have. */
for (const [classes, width, height] of [
  [1, 1, 1],
  [1, 4096, 64],
  [2, 60, 40],
  [91, 60, 40],
  [300, 60, 40],
] as const) {
  const names = Array.from({ length: classes }, (_, i) => `class${i}`);
  const drawn = names.slice(0, 254); // and background
  const labels = classes === 1 ? names : ['background', ...drawn];
  const square = [0, 0, width, 0, width, height / 2, 0, height / 2];
  const annotations = names.map((_, i) => ({
    id: i + 1,
    image_id: 1,
    category_id: i + 1,
    bbox: [0, 0, width, height],
    area: width * height,
    iscrowd: 0,
    segmentation: [square],
  }));
  const coco = (count: number) =>
    JSON.stringify({
      images: [{ id: 1, file_name: 'a.png', width, height }],
      categories: names.slice(0, count).map((name, i) => ({ id: i + 1, name })),
      annotations: annotations.slice(0, count),
    });
  const mask = greyPng(
    width,
    height,
    Array.from({ length: width * height }, (_, i) => i % Math.max(2, labels.length)),
  );
  const root = folderWith({
    'JPEGImages/a.png': greyPng(width, height),
    'boxes.json': coco(classes),
    'regions.json': coco(drawn.length),
    'ImageSets/Main/train.txt': 'a',
    'ImageSets/Segmentation/train.txt': 'a',
    'Annotations/a.xml': vocXml(
      [width, height],
      names.map((name) => [name, 1, 1, width + 1, height + 1] as const),
    ),
    'SegmentationClass/a.png': mask,
  });
  const about = `${classes} classes, ${width} x ${height}`;
  const images = 'JPEGImages';
  runDatasetCases({
    name: `COCO boxes of ${about}`,
    create: () => openCoco({ root, annotations: 'boxes.json', images, task: 'detection' }),
  });
  runDatasetCases({
    name: `COCO regions of ${about}`,
    create: () => openCoco({ root, annotations: 'regions.json', images, task: 'segmentation' }),
  });
  runDatasetCases({
    name: `VOC boxes of ${about}`,
    create: () => openVoc({ root, split: 'train', task: 'detection' }),
  });
  runDatasetCases({
    name: `VOC masks of ${about}`,
    create: () => openVoc({ root, split: 'train', task: 'segmentation', classes: labels }),
  });
  runDatasetCases({
    name: `mask files of ${about}`,
    create: () =>
      openMasks({ root, images: 'JPEGImages/*.png', masks: 'SegmentationClass/*.png', split: 'a', classes: labels }),
  });
}
