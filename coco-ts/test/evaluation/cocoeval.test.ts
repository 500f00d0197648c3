import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { COCO, COCOeval } from '../../src/index.js';
import { golden, readGolden, recorded, recordedMissing, recordedNames } from '../goldens.js';
import { type EvalCase, expectRecorded } from './golden.js';

const selection = golden<{ provenance: string; cases: EvalCase[] }>('eval.json.gz').cases;

describe('COCOeval equals pycocotools 2.0.11 to the bit', () => {
  test.each(selection.map((entry) => [entry.name, entry] as const))('in the recorded case %s', (_, entry) =>
    expectRecorded(entry),
  );

  test.skipIf(recordedMissing)(`in all recorded cases${recordedMissing ? `: skipped, ${recordedMissing}` : ''}`, () => {
    const names = recordedNames();
    expect(names.length).toBeGreaterThan(selection.length);
    for (const name of names) {
      try {
        expectRecorded(readGolden<EvalCase>(join(recorded, 'eval', name)));
      } catch (error) {
        throw new Error(`${name}: ${(error as Error).message}`, { cause: error });
      }
    }
  });
});

const one = () => {
  const gt = new COCO({
    images: [{ id: 1, width: 100, height: 100 }],
    categories: [{ id: 7, name: 'cat' }],
    annotations: [{ id: 5, image_id: 1, category_id: 7, bbox: [10, 10, 20, 20], area: 400, iscrowd: 0 }],
  });
  return { gt, dt: gt.loadRes([{ image_id: 1, category_id: 7, bbox: [10, 10, 20, 20], score: 0.9 }]) };
};

describe('COCOeval', () => {
  test('gives AP 1 to a perfect detection and prints the twelve lines of pycocotools', () => {
    const { gt, dt } = one();
    const evaluation = new COCOeval(gt, dt, 'bbox');
    evaluation.evaluate();
    evaluation.accumulate();
    const lines = evaluation.summarize();
    // Not exactly 1: the reference adds an epsilon to every denominator of precision.
    for (const [i, value] of [1, 1, 1, 1, -1, -1, 1, 1, 1, 1, -1, -1].entries())
      expect(evaluation.stats[i]).toBeCloseTo(value, 14);
    expect(lines[0]).toBe(' Average Precision  (AP) @[ IoU=0.50:0.95 | area=   all | maxDets=100 ] = 1.000');
    expect(lines[10]).toBe(' Average Recall     (AR) @[ IoU=0.50:0.95 | area=medium | maxDets=100 ] = -1.000');
  });

  test('prints progress only when asked to', () => {
    const { gt, dt } = one();
    const lines: string[] = [];
    const evaluation = new COCOeval(gt, dt, 'bbox', { verbose: (line) => lines.push(line) });
    evaluation.evaluate();
    evaluation.accumulate();
    evaluation.summarize();
    expect(lines.slice(0, 2)).toEqual(['Running per image evaluation...', 'Evaluate annotation type *bbox*']);
    expect(lines).toHaveLength(17);
  });

  test('keeps params live: a change after construction counts', () => {
    const { gt, dt } = one();
    const evaluation = new COCOeval(gt, dt, 'bbox');
    evaluation.params.maxDets = [100, 1, 2];
    evaluation.params.areaRng[0] = [500, 1e5];
    evaluation.evaluate();
    evaluation.accumulate();
    expect(evaluation.params.maxDets).toEqual([1, 2, 100]);
    expect(evaluation.eval?.precision.slice(0, 3)).toEqual(new Float64Array([-1, -1, -1]));
  });

  test('refuses steps out of order with the reference sentences', () => {
    const { gt, dt } = one();
    const evaluation = new COCOeval(gt, dt, 'bbox');
    expect(() => evaluation.accumulate()).toThrow('Please run evaluate() first');
    expect(() => evaluation.summarize()).toThrow('Please run accumulate() first');
  });
});
