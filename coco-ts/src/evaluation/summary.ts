import { CocoError } from '../errors.js';
import type { Accumulated } from './accumulate.js';
import { meanOrMinusOne } from './numeric.js';

/** One mean of the summary: precision over all or one IoU threshold, or recall. */
interface Row {
  readonly precision: boolean;
  readonly iou?: number;
  readonly area: string;
  readonly maxDets: number;
}

/** The 12 (boxes, masks) or 10 (keypoints) numbers and pycocotools' lines for them. */
export interface Summary {
  readonly stats: Float64Array;
  readonly lines: readonly string[];
}

/** @throws CocoError when fewer than 3 maxDets were evaluated, as pycocotools */
export function summarizeAccumulated(result: Accumulated): Summary {
  const rows = result.params.iouType === 'keypoints' ? keypointRows() : detectionRows(result.params.maxDets);
  const stats = Float64Array.from(rows, (row) => mean(result, row));
  return { stats, lines: rows.map((row, i) => line(result, row, stats[i]!)) };
}

function detectionRows(maxDets: readonly number[]): Row[] {
  const [one, ten, all] = maxDets as [number, number, number];
  if (maxDets.length < 3)
    throw new CocoError(
      `list index out of range: summarize needs 3 maxDets, there are ${maxDets.length}`,
      'IndexError',
    );
  const sizes = ['small', 'medium', 'large'];
  return [
    // The reference fixes 100 here whatever maxDets say.
    { precision: true, area: 'all', maxDets: 100 },
    { precision: true, iou: 0.5, area: 'all', maxDets: all },
    { precision: true, iou: 0.75, area: 'all', maxDets: all },
    ...sizes.map((area) => ({ precision: true, area, maxDets: all })),
    ...[one, ten, all].map((limit) => ({ precision: false, area: 'all', maxDets: limit })),
    ...sizes.map((area) => ({ precision: false, area, maxDets: all })),
  ];
}

function keypointRows(): Row[] {
  return [true, false].flatMap((precision) => [
    { precision, area: 'all', maxDets: 20 },
    { precision, iou: 0.5, area: 'all', maxDets: 20 },
    { precision, iou: 0.75, area: 'all', maxDets: 20 },
    { precision, area: 'medium', maxDets: 20 },
    { precision, area: 'large', maxDets: 20 },
  ]);
}

/** Mean over the selected entries that are not -1, in C order with numpy's summation. */
function mean(result: Accumulated, row: Row): number {
  const { params } = result;
  const [T, R, K, A, M] = result.counts;
  const areas = params.areaRngLbl.flatMap((label, index) => (label === row.area ? [index] : []));
  const limits = params.maxDets.flatMap((limit, index) => (limit === row.maxDets ? [index] : []));
  const source = row.precision ? result.precision : result.recall;
  const inner = row.precision ? R : 1;
  const columns = areas.flatMap((a) => limits.map((m) => a * M + m));
  const values = new Float64Array(T * inner * K * columns.length);
  let n = 0;
  for (let t = 0; t < T; t++) {
    if (row.iou !== undefined && params.iouThrs[t] !== row.iou) continue;
    n = known(source, t * inner * K * A * M, (t + 1) * inner * K * A * M, A * M, columns, values, n);
  }
  return meanOrMinusOne(values, n);
}

/** Appends the columns of rows of `width` numbers in [from, end), those that are not -1. @returns how many numbers there are */
function known(
  source: Float64Array,
  from: number,
  end: number,
  width: number,
  columns: readonly number[],
  out: Float64Array,
  filled: number,
): number {
  let n = filled;
  for (let at = from; at < end; at += width) {
    for (let c = 0; c < columns.length; c++) {
      const value = source[at + columns[c]!]!;
      if (value > -1) out[n++] = value;
    }
  }
  return n;
}

function line(result: Accumulated, row: Row, value: number): string {
  const thresholds = result.params.iouThrs;
  const iou =
    row.iou === undefined
      ? `${(thresholds[0] ?? Number.NaN).toFixed(2)}:${(thresholds[thresholds.length - 1] ?? Number.NaN).toFixed(2)}`
      : row.iou.toFixed(2);
  const title = row.precision ? 'Average Precision' : 'Average Recall';
  const kind = row.precision ? '(AP)' : '(AR)';
  return ` ${title.padEnd(18)} ${kind} @[ IoU=${iou.padEnd(9)} | area=${row.area.padStart(6)} | maxDets=${String(row.maxDets).padStart(3)} ] = ${threeDecimals(value)}`;
}

/** Python's {:0.3f}: -1 prints as -1.000. toFixed rounds the exact value too, half away from zero only on exact ties. */
function threeDecimals(value: number): string {
  const thousandths = value * 1000;
  const floor = Math.floor(thousandths);
  const exactTie = thousandths - floor === 0.5 && (floor + 0.5) / 1000 === value && Number.isInteger(value * 2 ** 40);
  return exactTie && floor % 2 === 0 ? (floor / 1000).toFixed(3) : value.toFixed(3);
}
