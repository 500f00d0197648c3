import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDetectionEvaluator } from '../../../datasets/evaluators/detection.js';
import { createRandom } from '../../../engine/random.js';
import { runEvaluatorCases } from '../../conformance/evaluator.js';
import { detectionsOf, type Found, labelsOf, type Truth, truthOf } from './fixture.js';

/** Truths and detections jittered about them, scores without ties. */
function randomImages(seed: number, count: number, classes: number) {
  const random = createRandom([seed]);
  return Array.from({ length: count }, (_, image) => {
    const truths: Truth[] = [];
    const found: Found[] = [];
    for (let i = random.integer(6) + (image === 0 ? 1 : 0); i > 0; i--) {
      const x = random.integer(80);
      const y = random.integer(80);
      const box = [x, y, x + 4 + random.integer(60), y + 4 + random.integer(60)];
      truths.push({ box, label: random.integer(classes), ignored: random.next() < 0.15 });
      const label = random.next() < 0.8 ? (truths.at(-1)?.label ?? 0) : random.integer(classes);
      const moved = box.map((edge) => edge + random.integer(5) - 2);
      if (random.next() < 0.85) found.push({ box: moved, label, score: random.next() });
      if (random.next() < 0.3) found.push({ box: box.map((edge) => edge + 20), label, score: random.next() });
    }
    return { id: `${image}`, truths, found };
  });
}

for (const classes of [1, 2, 91, 300])
  runEvaluatorCases({
    name: `COCO and VOC average precision of ${classes} classes`,
    create: () =>
      createDetectionEvaluator({ labels: labelsOf(...Array.from({ length: classes }, (_, i) => `class${i}`)) }),
    images: randomImages(4, 8, classes).map(({ id, truths, found }) => ({
      id,
      truth: truthOf(truths),
      result: detectionsOf(found),
    })),
    perfect: (truth) => ({
      boxes: Float32Array.from(truth.boxes),
      labels: truth.labels,
      scores: Float32Array.from(truth.labels, (_, i) => 0.9 - i * 0.01),
    }),
    headline: (report) => [report.AP, report.AP50, report.VOC07, report.VOC10],
  });

describe('worked by hand', () => {
  test('one truth found and one missed: AP 51/101 at every IoU, VOC07 6/11, VOC10 1/2', () => {
    const evaluator = createDetectionEvaluator({ labels: labelsOf('a', 'b') });
    const truths = [
      { box: [0, 0, 10, 10], label: 0 },
      { box: [50, 50, 60, 60], label: 0 },
    ];
    evaluator.add('1', truthOf(truths), detectionsOf([{ box: [0, 0, 10, 10], label: 0, score: 0.5 }]));
    const report = evaluator.report();
    expect(report.AP).toBeCloseTo(51 / 101, 12);
    expect(report.AR1).toBeCloseTo(0.5, 12);
    expect(report.VOC07).toBeCloseTo(6 / 11, 12);
    expect(report.VOC10).toBeCloseTo(0.5, 12);
    expect(report.APm).toBeNull();
    expect(report.perClass).toEqual([
      { name: 'a', AP: expect.closeTo(51 / 101, 12), AP50: expect.closeTo(51 / 101, 12) },
      { name: 'b', AP: null, AP50: null },
    ]);
  });

  test('a box of IoU 0.6 counts at 0.50, 0.55 and 0.60 only', () => {
    const evaluator = createDetectionEvaluator({ labels: labelsOf('a') });
    evaluator.add(
      '1',
      truthOf([{ box: [0, 0, 10, 10], label: 0 }]),
      detectionsOf([{ box: [0, 0, 10, 6], label: 0, score: 1 }]),
    );
    const report = evaluator.report();
    expect([report.AP, report.AP50, report.AP75]).toEqual([expect.closeTo(0.3, 12), expect.closeTo(1, 12), 0]);
  });

  test('a detection on an ignored truth counts neither way; the size of a truth is its stated area', () => {
    const evaluator = createDetectionEvaluator({ labels: labelsOf('a') });
    const truths = [
      { box: [0, 0, 10, 10], label: 0, area: 5000 },
      { box: [50, 50, 90, 90], label: 0, ignored: true },
    ];
    const found = [
      { box: [50, 50, 90, 90], label: 0, score: 0.9 },
      { box: [0, 0, 10, 10], label: 0, score: 0.5 },
    ];
    evaluator.add('1', truthOf(truths), detectionsOf(found));
    const report = evaluator.report();
    for (const value of [report.AP, report.VOC07, report.VOC10, report.APm]) expect(value).toBeCloseTo(1, 12);
    expect(report.APs).toBeNull();
  });

  test('an image of 300 objects, all found: AP 1, unless fewer detections count; VOC counts all of them in any case', () => {
    const boxes = Array.from({ length: 300 }, (_, i) => [20 * (i % 20), 20 * Math.floor(i / 20)] as const);
    const truths = boxes.map(([x, y]) => ({ box: [x, y, x + 15, y + 15], label: 0 }));
    const found = truths.map((truth, i) => ({ ...truth, score: 1 - i / 1000 }));
    const report = (options: { maxDetections?: number }) => {
      const evaluator = createDetectionEvaluator({ labels: labelsOf('a'), ...options });
      evaluator.add('1', truthOf(truths), detectionsOf(found));
      return evaluator.report();
    };
    const every = {
      VOC07: expect.closeTo(1, 12),
      VOC10: expect.closeTo(1, 12),
      AR1: expect.closeTo(1 / 300, 12),
      AR10: expect.closeTo(1 / 30, 12),
    };
    const full = { ...every, AP: expect.closeTo(1, 12), AP50: expect.closeTo(1, 12), APs: expect.closeTo(1, 12) };
    for (const options of [{}, { maxDetections: 300 }, { maxDetections: 1000 }]) {
      expect(report(options)).toMatchObject({ ...full, AR100: expect.closeTo(1 / 3, 12), ARs: 1 });
      expect(report(options).perClass[0]?.AP).toBeCloseTo(1, 12);
    }
    // A third is found: recalls 0 to 0.33, 34 of 101.
    const third = {
      AP: expect.closeTo(34 / 101, 12),
      APs: expect.closeTo(34 / 101, 12),
      ARs: expect.closeTo(1 / 3, 12),
    };
    expect(report({ maxDetections: 100 })).toMatchObject({ ...every, ...third });
  });

  test('refuses a class outside the label map, naming both', () => {
    const evaluator = createDetectionEvaluator({ labels: labelsOf('a', 'b') });
    const none = detectionsOf([]);
    expect(() => evaluator.add('x.jpg', truthOf([{ box: [0, 0, 1, 1], label: 2 }]), none)).toThrow(
      /x\.jpg: truth of class 2, the data set has 2 classes/,
    );
    evaluator.add('x.jpg', truthOf([]), none);
    expect(evaluator.report().AP).toBeNull();
  });
});

test('equals a plain reading of the definitions on random data', () => {
  fc.assert(
    fc.property(fc.nat(), (seed) => {
      const images = randomImages(seed, 5, 3);
      const evaluator = createDetectionEvaluator({ labels: labelsOf('a', 'b', 'c') });
      for (const { id, truths, found } of images) evaluator.add(id, truthOf(truths), detectionsOf(found));
      const report = evaluator.report();
      const thresholds = Array.from({ length: 10 }, (_, i) => (i === 9 ? 0.95 : 0.5 + i * ((0.95 - 0.5) / 9)));
      const perClass = [0, 1, 2].map((label) => thresholds.map((iou) => slowPrecision(images, label, iou)));
      const present = perClass.filter(([first]) => first !== -1);
      const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
      expect(report.AP ?? -1).toBeCloseTo(present.length ? mean(present.map(mean)) : -1, 9);
      expect(report.AP50 ?? -1).toBeCloseTo(present.length ? mean(present.map(([first = 0]) => first)) : -1, 9);
      perClass.forEach((values, label) => {
        expect(report.perClass[label]?.AP ?? -1).toBeCloseTo(mean(values), 9);
      });
    }),
    { numRuns: 40 },
  );
});

/** AP of one class at one IoU: greedy matching by score, best precision at 101 recalls; grid values as numpy's linspace. */
function slowPrecision(images: ReturnType<typeof randomImages>, label: number, threshold: number): number {
  const rows: { score: number; isHit: boolean }[] = [];
  let wanted = 0;
  for (const { truths, found } of images) {
    const mine = truths.filter((truth) => truth.label === label);
    wanted += mine.filter((truth) => !truth.ignored).length;
    const taken = new Set<Truth>();
    for (const one of found.filter((each) => each.label === label).sort((a, b) => b.score - a.score)) {
      const open = mine
        .filter((truth) => !truth.ignored && !taken.has(truth))
        .map((truth) => ({ truth, iou: overlap(one.box, truth.box, 'union') }))
        .filter(({ iou }) => iou >= threshold)
        .sort((a, b) => a.iou - b.iou);
      const best = open.at(-1);
      if (best) taken.add(best.truth);
      else if (mine.some((truth) => truth.ignored && overlap(one.box, truth.box, 'detection') >= threshold)) continue;
      rows.push({ score: one.score, isHit: best !== undefined });
    }
  }
  if (wanted === 0) return -1;
  rows.sort((a, b) => b.score - a.score);
  let hits = 0;
  const curve = rows.map(({ isHit }, i) => {
    if (isHit) hits++;
    return { recall: hits / wanted, precision: hits / (i + 1) };
  });
  let sum = 0;
  for (let r = 0; r <= 100; r++) {
    const reached = curve.filter(({ recall }) => recall >= r * 0.01).map(({ precision }) => precision);
    sum += reached.length ? Math.max(...reached) : 0;
  }
  return sum / 101;
}

function overlap(a: readonly number[], b: readonly number[], over: 'union' | 'detection'): number {
  const [ax1 = 0, ay1 = 0, ax2 = 0, ay2 = 0] = a;
  const [bx1 = 0, by1 = 0, bx2 = 0, by2 = 0] = b;
  const inside =
    Math.max(0, Math.min(ax2, bx2) - Math.max(ax1, bx1)) * Math.max(0, Math.min(ay2, by2) - Math.max(ay1, by1));
  const areaA = (ax2 - ax1) * (ay2 - ay1);
  return inside / (over === 'detection' ? areaA : areaA + (bx2 - bx1) * (by2 - by1) - inside);
}
