import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type VocDetection, type VocTruth, vocAveragePrecision } from '../../src/index.js';
import { dataMissing, dataPath } from '../goldens.js';

describe('vocAveragePrecision', () => {
  const truths: VocTruth[] = [
    { image: 1, bbox: [0, 0, 10, 10] },
    { image: 1, bbox: [20, 0, 10, 10] },
    { image: 2, bbox: [0, 0, 10, 10], difficult: true },
  ];
  const detections: VocDetection[] = [
    { image: 1, bbox: [0, 0, 10, 10], score: 0.9 },
    { image: 1, bbox: [0, 0, 10, 10], score: 0.8 },
    { image: 2, bbox: [0, 0, 10, 10], score: 0.7 },
    { image: 1, bbox: [20, 0, 10, 10], score: 0.6 },
  ];

  test('counts a second detection of a truth as false and drops one of a difficult truth', () => {
    const result = vocAveragePrecision(detections, truths);
    expect([...result.precision]).toEqual([1, 1 / 2, 2 / 3]);
    expect([...result.recall]).toEqual([1 / 2, 1 / 2, 1]);
    expect(result.averagePrecision).toBeCloseTo(0.5 * 1 + 0.5 * (2 / 3), 12);
    expect(result).toMatchObject({ truths: 2, truePositives: 2, falsePositives: 1 });
  });

  test('averages the best precision at eleven recalls under the 2007 rule', () => {
    expect(vocAveragePrecision(detections, truths, { rule: 'voc07' }).averagePrecision).toBeCloseTo(
      (6 * 1 + 5 * (2 / 3)) / 11,
      12,
    );
  });

  test('has no value without truths and is 0 without detections', () => {
    expect(vocAveragePrecision(detections, []).averagePrecision).toBeNaN();
    expect(vocAveragePrecision([], truths).averagePrecision).toBe(0);
  });

  test('takes the truth of highest overlap even when it is taken', () => {
    const crowded: VocTruth[] = [
      { image: 1, bbox: [0, 0, 10, 10] },
      { image: 1, bbox: [0, 0, 10, 8] },
    ];
    const twice = [0.9, 0.8].map((score) => ({ image: 1, bbox: [0, 0, 10, 10], score }));
    expect(vocAveragePrecision(twice, crowded).truePositives).toBe(1);
  });
});

const rows = (folder: string): { image: string; numbers: number[] }[] =>
  readdirSync(folder).flatMap((name) =>
    readFileSync(`${folder}/${name}`, 'utf8')
      .split('\n')
      .filter((line) => line.trim() !== '')
      .map((line) => ({ image: name.replace('.txt', ''), numbers: line.trim().split(/\s+/).slice(1).map(Number) })),
  );

const toy = dataMissing('padilla_review', 'tests', 'test_case_1');
describe.skipIf(toy)(`vocAveragePrecision on the published toy set${toy ?? ''}`, () => {
  const folder = dataPath('padilla_review', 'tests', 'test_case_1');
  const truths = toy ? [] : rows(`${folder}/gts`).map(({ image, numbers }) => ({ image, bbox: numbers }));
  const detections = toy
    ? []
    : rows(`${folder}/dets`).map(({ image, numbers }) => ({ image, score: numbers[0]!, bbox: numbers.slice(1) }));

  test.each([
    [0.1, 0.3333333333, 0.3371980676],
    [0.3, 0.2683982683, 0.2456866804],
    [0.5, 0.0303030303, 0.0222222222],
    [0.75, 0, 0],
  ])('gives the published numbers at IoU %d', (iouThreshold, voc07, voc10) => {
    const shared = { iouThreshold, inclusivePixels: true } as const;
    expect(
      vocAveragePrecision(detections, truths, { ...shared, rule: 'voc07', recalls: 'linspace' }).averagePrecision,
    ).toBeCloseTo(voc07, 9);
    expect(vocAveragePrecision(detections, truths, { ...shared, rule: 'voc10' }).averagePrecision).toBeCloseTo(
      voc10,
      9,
    );
  });

  test('reads recall 0.6 at the exact tenth unless told otherwise', () => {
    const result = vocAveragePrecision(detections, truths, { iouThreshold: 0.1, rule: 'voc07', inclusivePixels: true });
    expect(result.averagePrecision).toBeCloseTo(0.3689064559, 9);
  });
});

const review = dataMissing('padilla_review', 'database');
describe.skipIf(review)(`vocAveragePrecision on 100 PASCAL VOC images${review ?? ''}`, () => {
  const folder = dataPath('padilla_review', 'database');
  const names = review
    ? []
    : readFileSync(`${folder}/voc.names`, 'utf8')
        .trim()
        .split(/\s*\n\s*/);

  const truthsOf = (wanted: string): VocTruth[] =>
    readdirSync(`${folder}/gts/pascalvoc_format`).flatMap((file) => {
      const xml = readFileSync(`${folder}/gts/pascalvoc_format/${file}`, 'utf8');
      return [...xml.matchAll(/<object>.*?<\/object>/gs)].flatMap(([object]) => {
        // The first of each tag is the object's own; persons list the boxes of their parts after it.
        const read = (tag: string): string => new RegExp(`<${tag}>\\s*(.*?)\\s*</${tag}>`, 's').exec(object)?.[1] ?? '';
        if (read('name') !== wanted) return [];
        const [x1, y1, x2, y2] = ['xmin', 'ymin', 'xmax', 'ymax'].map((tag) => Number(read(tag))) as [
          number,
          number,
          number,
          number,
        ];
        return [
          { image: file.replace('.xml', ''), bbox: [x1, y1, x2 - x1, y2 - y1], difficult: read('difficult') === '1' },
        ];
      });
    });

  const all = review
    ? []
    : readdirSync(`${folder}/dets/abs_xyx2y2`).flatMap((file) =>
        readFileSync(`${folder}/dets/abs_xyx2y2/${file}`, 'utf8')
          .split('\n')
          .filter((line) => line.trim())
          .map((line) => {
            const [label, score, x1, y1, x2, y2] = line.trim().split(/\s+/).map(Number) as [
              number,
              number,
              number,
              number,
              number,
              number,
            ];
            return { label, image: file.replace('.txt', ''), score, bbox: [x1, y1, x2 - x1, y2 - y1] };
          }),
      );

  test.each([
    ['voc10', true, 0.6138747923],
    ['voc07', true, 0.6075105147],
    ['voc10', false, 0.6109129075],
    ['voc07', false, 0.6041264369],
  ] as const)('gives the mean by %s with difficult truths ignored: %s', (rule, ignored, expected) => {
    const values = names.map((name, label) => {
      const truths = truthsOf(name).map((truth) => (ignored ? truth : { ...truth, difficult: false }));
      return vocAveragePrecision(
        all.filter((found) => found.label === label),
        truths,
        { rule, inclusivePixels: true },
      ).averagePrecision;
    });
    expect(values.reduce((sum, value) => sum + value, 0) / values.length).toBeCloseTo(expected, 9);
  });
});
