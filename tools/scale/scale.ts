import { extname } from 'node:path';
import { ConfigError } from '../../engine/errors.js';
import { writeWhole } from '../../engine/files/write.js';
import type { EngineOptions } from '../engine.js';
import { measure } from '../measure.js';
import { createOutput } from '../output.js';
import { formatTable } from '../table.js';
import {
  fitExponents,
  type Grid,
  isBeyond,
  type MeasuredPoint,
  paretoFront,
  RULE_STEP,
  ruleMacsAt,
  scalePoints,
  stepOfTime,
} from './grid.js';
import { svgPlot, textPlot } from './plot.js';

interface ScaleOptions extends EngineOptions, Grid {
  readonly budgetMs: number;
  readonly seconds: number;
  readonly out?: string;
  readonly json?: boolean;
}

/** Networks that take more than so many budgets end a direction of the grid. */
const LIMIT = 3;

/** Measures a grid of EfficientNets, each in a process of its own, and compares the compound rule with the best of them. */
export async function scale(options: ScaleOptions): Promise<void> {
  const { budgetMs: budget, seconds, engine, threads, out } = options;
  const output = createOutput(options.json === true);
  if (out !== undefined && extname(out) !== '.svg') throw new ConfigError(`--out ${out}: the plot is written as .svg`);
  const points: MeasuredPoint[] = [];
  const planned = scalePoints(options);
  for (const [index, point] of planned.entries()) {
    if (isBeyond(point, points, LIMIT * budget)) continue;
    const { width, depth, resolution } = point;
    const { p50, peakBytes } = await measure({
      arch: { width, depth, resolution },
      pixels: resolution,
      batch: 1,
      seconds,
      ...(engine === undefined ? {} : { engine }),
      ...(threads === undefined ? {} : { threads }),
    });
    points.push({ ...point, p50, peakBytes });
    const factors = `width ${width.toFixed(2)}, depth ${depth.toFixed(2)}, ${resolution} pixels`;
    output.note(`${index + 1} of ${planned.length}: ${factors}: ${p50.toFixed(2)} ms`);
  }
  const front = paretoFront(points);
  const summary = summarise(points, budget);
  if (out !== undefined) {
    const plot = new TextEncoder().encode(svgPlot(points, { budget, front }));
    writeWhole(out, [plot], 'name another file with --out');
  }
  const text = [tableOf(front), textPlot(points, { budget, front }), describeSummary(summary)].join('\n\n');
  output.result({ budget, points, front, ...summary }, text);
}

/** How the compound rule does against the grid. */
export function summarise(points: readonly MeasuredPoint[], budget: number) {
  const within = points.filter(({ p50 }) => p50 <= budget).toSorted((a, b) => b.macs - a.macs);
  const exponents = fitExponents(points);
  return {
    /** The most multiply-accumulates within the budget. */
    best: within[0] ?? null,
    /** What the rule has for the same time. */
    ruleMacs: within[0] ? ruleMacsAt(points, within[0].p50) : null,
    exponents,
    /** What one step of phi multiplies the time by; the rule says RULE_STEP. */
    step: exponents ? stepOfTime(exponents) : null,
  };
}

function tableOf(front: readonly MeasuredPoint[]): string {
  const rows = front.map(({ phi, width, depth, resolution, macs, p50, peakBytes }) => [
    ...[width.toFixed(2), depth.toFixed(2), String(resolution), phi === null ? '' : `phi ${phi}`],
    ...[(macs / 1e9).toFixed(3), p50.toFixed(2), (peakBytes / 2 ** 20).toFixed(0), (macs / 1e6 / p50).toFixed(1)],
  ]);
  return formatTable(['width', 'depth', 'pixels', 'rule', 'G MACs', 'p50 ms', 'peak MiB', 'G MACs/s'], rows);
}

export function describeSummary({ best, ruleMacs, exponents, step }: ReturnType<typeof summarise>): string {
  const lines = ['More multiply-accumulates stand for more accuracy here; accuracy itself is not measured.'];
  if (best === null) lines.push('No network of the grid is within the budget: give smaller factors.');
  else {
    const { width, depth, resolution, macs, p50 } = best;
    const factors = `width ${width.toFixed(2)}, depth ${depth.toFixed(2)}, ${resolution} pixels`;
    lines.push(`Best within the budget: ${factors}: ${(macs / 1e9).toFixed(3)} G MACs in ${p50.toFixed(2)} ms.`);
    lines.push(
      ruleMacs === null
        ? 'The compound rule was not measured at that time: no comparison.'
        : `The compound rule does ${(ruleMacs / 1e9).toFixed(3)} G MACs in that time: ${percent(ruleMacs / macs)} of the best.`,
    );
  }
  if (exponents !== null && step !== null) {
    const { depth, width, resolution } = exponents;
    const powers = `depth^${depth.toFixed(2)} width^${width.toFixed(2)} resolution^${resolution.toFixed(2)}`;
    lines.push(`Time grows as ${powers} here, multiply-accumulates as depth width^2 resolution^2.`);
    lines.push(
      `One step of phi takes ${step.toFixed(2)} times as long; alpha beta^2 gamma^2 is ${RULE_STEP.toFixed(2)}.`,
    );
  }
  return lines.join('\n');
}

const percent = (share: number): string => `${(100 * share).toFixed(0)} %`;
