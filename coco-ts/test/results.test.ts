import { describe, expect, test } from 'vitest';
import {
  COCO,
  COCOeval,
  type Dataset,
  type IouType,
  mask,
  type ResultRecord,
  type ResultsInput,
  type Segmentation,
} from '../src/index.js';
import { difference } from './goldens.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

const polygons = [
  [[2, 2, 22, 4, 18, 25]],
  [[30, 30, 50, 30, 50, 44, 30, 44]],
  [
    [5, 30, 20, 30, 12, 45],
    [22, 30, 28, 30, 25, 40],
  ],
];
const rleOf = (parts: number[][]): mask.Rle => mask.merge(mask.frPyObjects(parts, 50, 60) as mask.Rle[]);
const truth: Dataset = {
  images: [
    { id: 1, width: 60, height: 50, file_name: 'train/000000000139.jpg' },
    { id: 2, width: 60, height: 50, file_name: 'b.png' },
  ],
  categories: [{ id: 1, name: 'cat' }],
  annotations: polygons.map((segmentation, i) => {
    const rle = rleOf(segmentation);
    const shape = { segmentation, area: mask.area(rle), bbox: [...mask.toBbox(rle)] };
    return { id: i + 1, image_id: 1 + (i % 2), category_id: 1, iscrowd: 0, ...shape };
  }),
};
const boxes: ResultRecord[] = [
  { image_id: 1, category_id: 1, bbox: [2, 2, 20, 23], score: 0.9 },
  { image_id: 2, category_id: 1, bbox: [30, 30, 20, 14], score: 0.8 },
];

function stats(results: ResultsInput, type: IouType = 'bbox', gt = new COCO(truth)): Float64Array {
  const evaluation = new COCOeval(gt, gt.loadRes(results), type);
  evaluation.evaluate();
  evaluation.accumulate();
  evaluation.summarize();
  return evaluation.stats;
}

describe('loadRes', () => {
  test('of nothing found gives AP and AR 0, and -1 for sizes without truths', () => {
    for (const none of [[], new Float64Array(0), bytes('[]'), bytes('{"annotations": []}'), { annotations: [] }]) {
      for (const type of ['bbox', 'segm', 'boundary'] as const)
        expect([...stats(none, type)], type).toEqual([0, 0, 0, 0, -1, -1, 0, 0, 0, 0, -1, -1]);
    }
    const gt = new COCO(truth);
    expect(gt.loadRes([]).getImgIds()).toEqual([1, 2]);
  });

  test('takes a list inside an object, and JSON lines, as the plain list', () => {
    const wanted = stats(boxes);
    const lines = boxes.map((record) => JSON.stringify(record));
    const forms: ResultsInput[] = [
      { annotations: boxes },
      bytes(JSON.stringify({ info: { annotations: 'no' }, annotations: boxes, images: [] })),
      bytes(JSON.stringify({ annotations: boxes }, null, 2)),
      bytes(lines.join('\n')),
      bytes(`\ufeff${lines.join('\r\n\n')}\n`),
    ];
    for (const form of forms) expect(difference(stats(form), wanted)).toBeNull();
    expect(stats(bytes(lines[0]!))[0]).toBeGreaterThan(0);
  });

  test('says what is no list of results, and in which line', () => {
    const gt = new COCO(truth);
    const load = (text: string) => () => gt.loadRes(bytes(text));
    expect(load('{"images": [], "categories": []}')).toThrow('the results are an object with images, categories');
    expect(load('')).toThrow('the file is empty');
    expect(load('7')).toThrow('the results are of type number: a list of detections is needed');
    expect(() => gt.loadRes([null] as never)).toThrow('result 0 is no object');
    expect(load('{"image_id": 1, "score": 1}\n{"image_id": 1, "sc')).toThrow(/^line 2: /);
    expect(() => new COCO(boxes as never)).toThrow('are these results');
    expect(load('[{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}]')).not.toThrow();
    expect(() => stats(bytes('[{"image_id": 1, "category_id": 1, "bbox": [1, 2, 3, 4]}]'))).toThrow(
      'annotation 1 has no score: detections have a score each, truths have none',
    );
  });

  test('takes masks as polygons, as plain run lengths and compressed, to the same bits', () => {
    const moved = polygons.map((parts) => parts.map((part) => part.map((value) => value + 1)));
    const records = (form: (rle: mask.Rle, parts: number[][]) => Segmentation): ResultRecord[] =>
      moved.map((parts, i) => {
        const rle = rleOf(parts);
        return { image_id: 1 + (i % 2), category_id: 1, score: 0.9 - i / 10, segmentation: form(rle, parts) };
      });
    const wanted = stats(
      records((rle) => rle),
      'segm',
    );
    expect(wanted[0]).toBeGreaterThan(0.3);
    const plain = records(({ size, counts }) => ({ size, counts: [...mask.toRuns({ size, counts }).counts] }));
    for (const list of [plain, records((_, parts) => parts)]) {
      for (const form of [list, bytes(JSON.stringify(list))])
        expect(difference(stats(form, 'segm'), wanted)).toBeNull();
    }
    const [first] = new COCO(truth).loadRes(records((_, parts) => parts)).dataset.annotations!;
    expect(first).toMatchObject({ area: mask.area(rleOf(moved[0]!)) });
  });

  test('an empty segmentation is an empty mask, of truths and of results', () => {
    const empty = {
      ...truth,
      annotations: truth.annotations!.map((ann, i) => (i === 2 ? { ...ann, segmentation: [] } : ann)),
    };
    const exact = polygons.map((segmentation, i) => ({
      image_id: 1 + (i % 2),
      category_id: 1,
      score: 0.9 - i / 10,
      segmentation,
    }));
    const results = [...exact.slice(0, 2), { ...exact[2]!, segmentation: [] }];
    for (const gt of [new COCO(empty), new COCO(truth)]) {
      // Two of three truths are found: recalls 0 to 0.66, 67 of 101.
      for (const type of ['segm', 'boundary'] as const) expect(stats(results, type, gt)[0]).toBeCloseTo(67 / 101, 12);
    }
  });

  test('hints at what is wrong with the ids of images', () => {
    const load =
      (image_id: string | number, gt = new COCO(truth)) =>
      () =>
        gt.loadRes([{ ...boxes[0]!, image_id }]);
    expect(load('000000000139')).toThrow(
      'there is no image "000000000139"; it is the file name of image 1: results name images by id',
    );
    expect(load('b.png')).toThrow('the file name of image 2');
    expect(load('1')).toThrow('there is no image "1"; there is the number 1: write ids alike in both files');
    const named = new COCO({ ...truth, images: [{ id: '7' }], annotations: [] });
    expect(load(7, named)).toThrow('there is the text "7"');
    expect(load(5)).toThrow('there is no image 5; of its 2 images the first are 1, 2');
    expect(() => new COCO(truth).loadRes(bytes('[{"image_id": 5, "category_id": 1, "bbox": [1,2,3,4]}]'))).toThrow(
      'there is no image 5; of its 2 images',
    );
  });
});
