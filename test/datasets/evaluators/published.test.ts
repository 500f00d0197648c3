import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { COCO_METRICS, createDetectionEvaluator } from '../../../datasets/evaluators/detection.js';
import { dataMissing, dataPath, golden } from '../../data.js';
import { detectionsOf, fromXywh, labelsOf, truthOf } from './fixture.js';

interface CocoFile {
  images: { id: number; file_name?: string }[];
  annotations: { image_id: number; category_id: number; bbox: number[]; area: number; iscrowd: number }[];
  categories: { id: number; name: string }[];
}
interface CocoResult {
  image_id: number;
  category_id: number;
  bbox: number[];
  score: number;
}

/** COCO JSON through the evaluator, images by ascending id. */
function evaluateCoco(file: CocoFile, results: readonly CocoResult[]) {
  const classes = [...file.categories].sort((a, b) => a.id - b.id);
  const indexOf = new Map(classes.map(({ id }, index) => [id, index]));
  const evaluator = createDetectionEvaluator({ labels: { classes } });
  for (const { id } of [...file.images].sort((a, b) => a.id - b.id)) {
    const truths = file.annotations
      .filter((annotation) => annotation.image_id === id)
      .map(({ bbox, category_id, area, iscrowd }) => ({
        box: fromXywh(bbox),
        label: indexOf.get(category_id) ?? -1,
        area,
        ignored: iscrowd === 1,
      }));
    const found = results
      .filter((result) => result.image_id === id)
      .map(({ bbox, category_id, score }) => ({ box: fromXywh(bbox), label: indexOf.get(category_id) ?? -1, score }));
    evaluator.add(`${id}`, truthOf(truths), detectionsOf(found));
  }
  return evaluator.report();
}

test('equals pycocotools on a set with crowds: 12 numbers and the AP of each class', () => {
  const { dataset, detections, stats, per_class_AP, per_class_AP50 } = golden<{
    dataset: CocoFile;
    detections: CocoResult[];
    stats: { [name: string]: number };
    per_class_AP: number[];
    per_class_AP50: number[];
  }>('evaluators/coco_bbox.json');
  const report = evaluateCoco(dataset, detections);
  // The recorded numbers have 9 digits.
  for (const name of COCO_METRICS) expect(report[name]).toBeCloseTo(stats[name] ?? Number.NaN, 8);
  report.perClass.forEach(({ AP, AP50 }, i) => {
    expect(AP).toBeCloseTo(per_class_AP[i] ?? Number.NaN, 8);
    expect(AP50).toBeCloseTo(per_class_AP50[i] ?? Number.NaN, 8);
  });
});

describe.skipIf(dataMissing)(`published numbers${dataMissing ? ` (${dataMissing})` : ''}`, () => {
  const json = <T>(...parts: string[]): T => JSON.parse(readFileSync(dataPath(...parts), 'utf8')) as T;

  test('100 COCO images and the detections that come with cocoapi give its 12 numbers', () => {
    const expected = json<{ gt: string; bbox: { dt: string; stats: { [name: string]: number } } }>(
      'cocoapi_eval',
      'EXPECTED.json',
    );
    const report = evaluateCoco(json('cocoapi_eval', expected.gt), json('cocoapi_eval', expected.bbox.dt));
    for (const name of COCO_METRICS) expect(report[name]).toBeCloseTo(expected.bbox.stats[name] ?? Number.NaN, 12);
  });

  /** `label x y w h` per line; boxes name their last pixel, so a side is one pixel longer here. */
  const lines = (...parts: string[]): string[][] =>
    readFileSync(dataPath(...parts), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/\s+/));
  const inclusive = ([x = 0, y = 0, w = 0, h = 0]: readonly number[]): number[] => [x, y, x + w + 1, y + h + 1];

  test('the 7 images of Object-Detection-Metrics give its AP at IoU 0.5, by 11 and by all points', () => {
    const evaluator = createDetectionEvaluator({ labels: labelsOf('person') });
    for (const name of readdirSync(dataPath('padilla_odm', 'groundtruths'))) {
      const truths = lines('padilla_odm', 'groundtruths', name).map(([, ...box]) => ({
        box: inclusive(box.map(Number)),
        label: 0,
      }));
      const found = lines('padilla_odm', 'detections', name).map(([, score, ...box]) => ({
        box: inclusive(box.map(Number)),
        label: 0,
        score: Number(score),
      }));
      evaluator.add(name, truthOf(truths), detectionsOf(found));
    }
    const report = evaluator.report();
    expect(report.VOC07).toBeCloseTo(0.0303030303, 9);
    expect(report.VOC10).toBeCloseTo(0.0222222222, 9);
  });

  test('100 VOC images with difficult objects give the mean AP of the VOC rule', () => {
    const names = readFileSync(dataPath('padilla_review', 'database', 'voc.names'), 'utf8')
      .trim()
      .split(/\s+/);
    const evaluator = createDetectionEvaluator({ labels: labelsOf(...names) });
    const folder = dataPath('padilla_review', 'database');
    const detected = new Set(readdirSync(`${folder}/dets/abs_xyx2y2`));
    for (const file of readdirSync(`${folder}/gts/pascalvoc_format`)) {
      const xml = readFileSync(`${folder}/gts/pascalvoc_format/${file}`, 'utf8');
      const truths = [...xml.matchAll(/<object>.*?<\/object>/gs)].map(([object]) => {
        const tag = (name: string): string =>
          object.match(new RegExp(`<${name}>\\s*([^<]+?)\\s*</${name}>`))?.[1] ?? '';
        return {
          box: [Number(tag('xmin')), Number(tag('ymin')), Number(tag('xmax')) + 1, Number(tag('ymax')) + 1],
          label: names.indexOf(tag('name')),
          ignored: tag('difficult') === '1',
        };
      });
      const text = file.replace(/xml$/, 'txt');
      const rows = detected.has(text) ? lines('padilla_review', 'database', 'dets', 'abs_xyx2y2', text) : [];
      const found = rows.map((row) => {
        const [label = 0, score = 0, x1 = 0, y1 = 0, x2 = 0, y2 = 0] = row.map(Number);
        return { box: [x1, y1, x2 + 1, y2 + 1], label, score };
      });
      evaluator.add(file, truthOf(truths), detectionsOf(found));
    }
    const report = evaluator.report();
    expect(report.VOC10).toBeCloseTo(0.6138747923, 9);
    expect(report.VOC07).toBeCloseTo(0.6075105147, 9);
  });
});
