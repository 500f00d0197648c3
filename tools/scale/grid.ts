import {
  COMPOUND,
  compound,
  countNetwork,
  createClassifier,
  type Scaling,
  scaleEfficientNet,
} from '../../backbones/index.js';
import type { Measurement } from '../measure.js';

/** A network of the grid, or one that the compound rule gives. */
export interface ScalePoint extends Scaling {
  /** Coefficient of the compound rule; null: a point of the grid. */
  readonly phi: number | null;
  /** Multiply-accumulates of one image. */
  readonly macs: number;
}
export interface MeasuredPoint extends ScalePoint, Pick<Measurement, 'p50' | 'peakBytes'> {}

/** Compound coefficients that are measured beside the grid. */
const PHIS = [-5, -4, -3, -2, -1, 0, 1, 2, 3];

export interface Grid {
  readonly widths: readonly number[];
  readonly depths: readonly number[];
  readonly resolutions: readonly number[];
}

/** Every combination, and networks of the compound rule; the cheapest first. */
export function scalePoints({ widths, depths, resolutions }: Grid): readonly ScalePoint[] {
  const grid = widths.flatMap((width) =>
    depths.flatMap((depth) => resolutions.map((resolution) => ({ width, depth, resolution, phi: null }))),
  );
  const rule = PHIS.map((phi) => ({ ...compound(phi), phi }));
  return [...grid, ...rule].map((point) => ({ ...point, macs: macsOf(point) })).toSorted((a, b) => a.macs - b.macs);
}

function macsOf(scaling: Scaling): number {
  const { resolution } = scaling;
  const arch = scaleEfficientNet(scaling);
  const create = () => createClassifier({ arch, classes: 1000, frozen: 'all', seed: 1 });
  return countNetwork(create, [resolution, resolution, 3]).macs;
}

/** Whether a network is sure to take too long: one that is nowhere larger already took more than the limit. */
export function isBeyond(point: Scaling, measured: readonly MeasuredPoint[], limit: number): boolean {
  return measured.some(
    (other) =>
      other.p50 > limit &&
      other.width <= point.width &&
      other.depth <= point.depth &&
      other.resolution <= point.resolution,
  );
}

/** Points that no other one beats: as many multiply-accumulates in less time or memory; the fastest first. */
export function paretoFront(points: readonly MeasuredPoint[]): readonly MeasuredPoint[] {
  const beats = (a: MeasuredPoint, b: MeasuredPoint): boolean =>
    a.macs >= b.macs &&
    a.p50 <= b.p50 &&
    a.peakBytes <= b.peakBytes &&
    (a.macs > b.macs || a.p50 < b.p50 || a.peakBytes < b.peakBytes);
  return points.filter((point) => !points.some((other) => beats(other, point))).toSorted((a, b) => a.p50 - b.p50);
}

/** How time grows with each factor: time ~ depth^d width^w resolution^r, by least squares of the logarithms. */
export interface Exponents {
  readonly depth: number;
  readonly width: number;
  readonly resolution: number;
}

/** Points for each of the four numbers of the fit, below which noise decides it. */
const POINTS_PER_NUMBER = 2;

/** @returns null where the points are few, or do not vary in all three */
export function fitExponents(points: readonly MeasuredPoint[]): Exponents | null {
  if (points.length < POINTS_PER_NUMBER * 4) return null;
  const rows = points.map(({ depth, width, resolution }) => [1, ...[depth, width, resolution].map(Math.log)]);
  const solution = leastSquares(
    rows,
    points.map(({ p50 }) => Math.log(p50)),
  );
  if (!solution) return null;
  const [, depth = 0, width = 0, resolution = 0] = solution;
  return { depth, width, resolution };
}

/** What one step of the compound coefficient multiplies the time by. */
export function stepOfTime({ depth, width, resolution }: Exponents): number {
  const { alpha, beta, gamma } = COMPOUND;
  return alpha ** depth * beta ** width * gamma ** resolution;
}

/** The rule's own: alpha beta^2 gamma^2, about 2. */
export const RULE_STEP = stepOfTime({ depth: 1, width: 2, resolution: 2 });

/** Multiply-accumulates that the compound rule buys for a time, between its two measured neighbours; null: beyond them. */
export function ruleMacsAt(points: readonly MeasuredPoint[], milliseconds: number): number | null {
  const rule = points.filter(({ phi }) => phi !== null).toSorted((a, b) => a.p50 - b.p50);
  const above = rule.findIndex(({ p50 }) => p50 >= milliseconds);
  const [low, high] = [rule[above - 1], rule[above]];
  if (!high) return null;
  if (!low) return high.p50 === milliseconds ? high.macs : null;
  const share = Math.log(milliseconds / low.p50) / Math.log(high.p50 / low.p50);
  return low.macs * (high.macs / low.macs) ** share;
}

/** Normal equations by elimination with pivots; null where they have no single solution. */
function leastSquares(rows: readonly (readonly number[])[], values: readonly number[]): readonly number[] | null {
  const size = rows[0]?.length ?? 0;
  const at = (row: readonly number[], i: number): number => row[i] ?? 0;
  const system = Array.from({ length: size }, (_, i) => [
    ...Array.from({ length: size }, (_, j) => rows.reduce((sum, row) => sum + at(row, i) * at(row, j), 0)),
    rows.reduce((sum, row, n) => sum + at(row, i) * at(values, n), 0),
  ]);
  for (let column = 0; column < size; column++) {
    const below = system.slice(column).map((row) => Math.abs(at(row, column)));
    const pivot = column + below.indexOf(Math.max(...below));
    const [lead, other] = [system[pivot], system[column]];
    if (!lead || !other || Math.abs(at(lead, column)) < 1e-9) return null;
    system[pivot] = other;
    system[column] = lead;
    for (const [index, row] of system.entries()) {
      if (index === column) continue;
      const factor = at(row, column) / at(lead, column);
      system[index] = row.map((value, i) => value - factor * at(lead, i));
    }
  }
  return system.map((row, i) => at(row, size) / at(row, i));
}
