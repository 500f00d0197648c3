import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Report, Task } from '../../heads/index.js';
import { TASKS } from '../../heads/index.js';
import { showPrediction } from '../../tools/prediction.js';
import { describeReport as describeOf } from '../../tools/reportText.js';
import { makeRunFolder, newestRunFolder } from '../../tools/runFolder.js';
import { formatTable } from '../../tools/table.js';

const [detection, segmentation] = [TASKS.detection, TASKS.segmentation] as unknown as [Task, Task];
const describeReport = (report: Report): string => describeOf(report, 'mIoU' in report ? segmentation : detection);

describe('tables', () => {
  it('line up text left and numbers right', () => {
    expect(
      formatTable(
        ['name', 'n', 'share'],
        [
          ['a', 1200, 0.5],
          ['long', 3, 1],
        ],
      ),
    ).toBe(['name      n  share', 'a     1,200  0.500', 'long      3  1.000'].join('\n'));
  });
});

describe('a report', () => {
  it('of a detector shows the figures, the recalls and the classes', () => {
    const text = describeReport({ AP: 0.5, AP50: 0.75, AR1: 0.25, perClass: [{ name: 'cell', AP: 0.5, AP50: 0.75 }] });
    expect(text).toBe(
      ['   AP   AP50', '0.500  0.750', '', '  AR1', '0.250', '', 'class     AP   AP50', 'cell   0.500  0.750'].join(
        '\n',
      ),
    );
  });

  it('of a detector shows - where there is no object, and says so where there is none at all', () => {
    const perClass = [{ name: 'cell', AP: null, AP50: null }];
    expect(describeReport({ AP: 0.5, APs: null, perClass }).split('\n')).toEqual([
      ...['   AP  APs', '0.500  -', '', 'class  AP  AP50', 'cell   -   -'],
    ]);
    expect(describeReport({ AP: null, APs: null, perClass })).toMatch(/^no objects to find/);
    expect(describeReport({ mIoU: null })).toMatch(/^no pixels to compare/);
  });

  it('of a segmenter shows absent classes as -', () => {
    const text = describeReport({ mIoU: 0.5, perClassIoU: { a: 0.5, b: null }, perClassDice: { a: 0.6, b: null } });
    expect(text.split('\n').slice(-2)).toEqual(['a      0.500  0.600', 'b      -      -']);
  });
});

describe('the folder of a run', () => {
  it('is the next number of its config, made at once, or the newest run when it is resumed', () => {
    const runs = mkdtempSync(join(tmpdir(), 'espalier-runs-'));
    try {
      expect(() => newestRunFolder('configs/a.yaml', runs)).toThrow(/no run of a /);
      expect(makeRunFolder('configs/a.yaml', join(runs, 'new'))).toBe(join(runs, 'new', 'a-1'));
      for (const name of ['a-2', 'a-10', 'a-b-99', 'b-77', 'a-011']) mkdirSync(join(runs, name));
      expect(makeRunFolder('a.yaml', runs)).toBe(join(runs, 'a-11'));
      expect(makeRunFolder('a.yaml', runs)).toBe(join(runs, 'a-12')); // made at once, so that no other run gets it
      for (const name of ['a-2', 'a-10']) writeFileSync(join(runs, name, 'config.json'), '{}');
      expect(newestRunFolder('a.yaml', runs)).toBe(join(runs, 'a-10')); // the larger ones hold no run
    } finally {
      rmSync(runs, { recursive: true });
    }
  });
});

describe('an answer', () => {
  const image = { data: new Uint8Array(12), width: 2, height: 2 };

  it('of a detector lists what reaches the threshold', () => {
    const detections = {
      boxes: Float32Array.of(0, 0, 1, 2, 0, 0, 2, 2),
      labels: Int32Array.of(1, 0),
      scores: Float32Array.of(0.75, 0.25),
    };
    const show = (threshold: number) =>
      showPrediction({ file: 'a.png', image, result: detections }, detection, { names: ['x', 'y'], threshold });
    expect(show(0.5).value).toEqual({
      image: 'a.png',
      detections: [{ label: 'y', score: 0.75, box: [0, 0, 1, 2] }],
    });
    expect(show(0.9).text).toBe('a.png\n  nothing');
  });

  it('of a segmenter states the share of every class', () => {
    const classMap = { mask: Uint8Array.of(0, 1, 1, 1), width: 2, height: 2 };
    const options = { names: ['x', 'y'], threshold: 0.5 };
    expect(showPrediction({ file: 'a.png', image, result: classMap }, segmentation, options).value).toEqual({
      image: 'a.png',
      classes: [
        { label: 'x', share: 0.25 },
        { label: 'y', share: 0.75 },
      ],
    });
  });
});
