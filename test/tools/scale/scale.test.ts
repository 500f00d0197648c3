import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { percentile } from '../../../tools/measure.js';
import {
  fitExponents,
  isBeyond,
  type MeasuredPoint,
  paretoFront,
  RULE_STEP,
  ruleMacsAt,
  scalePoints,
  stepOfTime,
} from '../../../tools/scale/grid.js';
import { svgPlot, textPlot } from '../../../tools/scale/plot.js';
import { describeSummary, summarise } from '../../../tools/scale/scale.js';
import { expectRefusal, runProgram } from '../program.js';

const folder = mkdtempSync(join(tmpdir(), 'espalier-scale-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const point = (change: Partial<MeasuredPoint>): MeasuredPoint => ({
  width: 1,
  depth: 1,
  resolution: 224,
  phi: null,
  macs: 4e8,
  p50: 10,
  peakBytes: 1e8,
  ...change,
});

describe('networks to measure', () => {
  const points = scalePoints({ widths: [0.5, 1], depths: [1], resolutions: [64, 128] });

  it('are all combinations and the compound rule, the cheapest first', () => {
    const own = points.filter(({ phi }) => phi === null);
    expect(own.map(({ width, resolution }) => [width, resolution])).toEqual([
      [0.5, 64],
      [1, 64],
      [0.5, 128],
      [1, 128],
    ]);
    expect(points.map(({ macs }) => macs)).toEqual(points.map(({ macs }) => macs).toSorted((a, b) => a - b));
  });

  it('of phi 0 are B0, with its published multiply-accumulates', () => {
    expect(points.find(({ phi }) => phi === 0)).toMatchObject({ width: 1, resolution: 224, macs: 385_814_752 });
  });

  it('are left out where a smaller one took too long already', () => {
    const measured = [point({ p50: 61 })];
    expect(isBeyond({ width: 1, depth: 1.2, resolution: 224 }, measured, 60)).toBe(true);
    expect(isBeyond({ width: 1, depth: 1.2, resolution: 224 }, measured, 61)).toBe(false);
    expect(isBeyond({ width: 0.9, depth: 1.2, resolution: 300 }, measured, 60)).toBe(false);
  });
});

describe('the comparison', () => {
  it('has on the front what nothing beats in time, memory and multiply-accumulates', () => {
    const fast = point({ p50: 5, macs: 1e8 });
    const large = point({ p50: 20, macs: 9e8 });
    const small = point({ p50: 20, macs: 8e8, peakBytes: 5e7 });
    const beaten = point({ p50: 21, macs: 9e8 });
    expect(paretoFront([large, beaten, small, fast])).toEqual([fast, large, small]);
  });

  it('finds how time grows with each factor', () => {
    const points = [0.5, 1, 2].flatMap((width) =>
      [0.6, 1].flatMap((depth) =>
        [128, 224, 300].map((resolution) =>
          point({ width, depth, resolution, p50: 3 * depth ** 0.8 * width ** 1.5 * (resolution / 224) ** 1.9 }),
        ),
      ),
    );
    const fit = fitExponents(points);
    expect(fit?.depth).toBeCloseTo(0.8, 6);
    expect(fit?.width).toBeCloseTo(1.5, 6);
    expect(fit?.resolution).toBeCloseTo(1.9, 6);
    expect(fitExponents(points.filter(({ width }) => width === 1))).toBeNull();
    expect(fitExponents(points.slice(0, 7))).toBeNull(); // too few to tell
  });

  it("knows the rule's own step", () => {
    expect(RULE_STEP).toBeCloseTo(1.2 * 1.1 ** 2 * 1.15 ** 2, 12);
    expect(stepOfTime({ depth: 1, width: 0, resolution: 0 })).toBeCloseTo(1.2, 12);
  });

  it('reads the rule between two of its networks', () => {
    const rule = [point({ phi: 0, p50: 10, macs: 4e8 }), point({ phi: 1, p50: 40, macs: 16e8 })];
    expect(ruleMacsAt(rule, 20)).toBeCloseTo(8e8, 0);
    expect(ruleMacsAt(rule, 10)).toBe(4e8);
    expect(ruleMacsAt(rule, 9)).toBeNull();
    expect(ruleMacsAt(rule, 41)).toBeNull();
    const summary = summarise([...rule, point({ p50: 20, macs: 10e8 }), point({ p50: 50, macs: 30e8 })], 25);
    expect(summary.best?.macs).toBe(10e8);
    expect(describeSummary(summary)).toMatch(/does 0\.800 G MACs in that time: 80 % of the best/);
    expect(describeSummary(summarise(rule, 5))).toMatch(/No network of the grid is within the budget/);
  });

  it('takes percentiles by nearest rank', () => {
    const values = Array.from({ length: 20 }, (_, i) => 20 - i);
    expect([percentile(values, 0.5), percentile(values, 0.95), percentile([3], 0.95)]).toEqual([10, 19, 3]);
  });

  it('is drawn as text and as SVG', () => {
    const points = [point({ p50: 5, macs: 1e8 }), point({ phi: 0 }), point({ p50: 20, macs: 9e8 })];
    const front = paretoFront(points);
    const text = textPlot(points, { budget: 12, front });
    for (const mark of ['o', '*', '|']) expect(text.split('\n').slice(1, 19).join('')).toContain(mark);
    expect(text).toMatch(/5\.0 ms +20\.0 ms/);
    const svg = svgPlot(points, { budget: 12, front });
    expect(svg.match(/<circle /g)).toHaveLength(3);
    expect(svg).toMatch(/^<svg [\s\S]*<\/svg>\n$/);
    expect(svg).not.toMatch(/NaN/);
  });
});

describe('measuring in the command line', () => {
  it('benchmark times every model in a process of its own, beside its multiply-accumulates', () => {
    const models = ['shufflenet_v2_x0_5', 'mobilenetv2_035'];
    const args = [
      'benchmark',
      ...models,
      '--px',
      '64',
      '--batch',
      '2',
      '--seconds',
      '0.05',
      '--engine',
      'wasm',
      '--json',
    ];
    const { status, stdout } = runProgram(folder, args);
    expect(status).toBe(0);
    const rows = JSON.parse(stdout) as { [name: string]: number }[];
    expect(rows.map(({ model }) => model)).toEqual(models);
    for (const { p50 = 0, p95 = 0, runs = 0, imagesPerSecond = 0, peakBytes = 0, macs = 0 } of rows) {
      expect(p95).toBeGreaterThanOrEqual(p50);
      expect(p50).toBeGreaterThan(0);
      expect(runs).toBeGreaterThanOrEqual(5);
      expect(imagesPerSecond).toBeCloseTo(2000 / p50, 6);
      expect(peakBytes).toBeGreaterThan(20e6);
      expect(macs).toBeGreaterThan(1e6);
    }
  });

  it('scale measures what is not sure to take too long, says how far the rule is, and draws', () => {
    const grid = ['--widths', '0.25,0.5', '--depths', '0.5', '--resolutions', '32', '--seconds', '0.05'];
    const args = ['scale', '--budget-ms', '0.01', ...grid, '--engine', 'wasm', '--out', 'plot.svg', '--json'];
    const { status, stdout, stderr } = runProgram(folder, args);
    expect(stderr).toMatch(/1 of 11: width 0\.25, depth 0\.50, 32 pixels: /);
    expect(status).toBe(0);
    const { points, front, best } = JSON.parse(stdout) as { [name: string]: MeasuredPoint[] };
    expect(points?.map(({ phi }) => phi)).toEqual([null, -5]); // every other one has more of all three factors
    expect(front?.length).toBeGreaterThan(0);
    expect(best).toBeNull(); // nothing takes ten microseconds
    expect(readFileSync(join(folder, 'plot.svg'), 'utf8').match(/<circle /g)).toHaveLength(2);
  });

  it('refuses a model that does not exist, a picture it cannot draw and numbers out of range', () => {
    expectRefusal(runProgram(folder, ['benchmark', 'resnet1']), 2, /no network is called 'resnet1'/);
    expectRefusal(runProgram(folder, ['scale', '--budget-ms', '9', '--out', 'a.png']), 2, /written as \.svg/);
    expectRefusal(
      runProgram(folder, ['scale', '--budget-ms', '9', '--widths', '1,x']),
      2,
      /Give a number from 0\.01 to 16/,
    );
  });
});
