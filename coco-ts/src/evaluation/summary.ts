import { type Accumulated, curveColumn } from './accumulate.js';
import { meanOrMinusOne } from './numeric.js';

/** One mean of the summary: precision over all or one IoU threshold, or recall. */
interface Row {
  readonly name: string;
  readonly precision: boolean;
  readonly iou?: number;
  readonly area: string;
  readonly maxDets: number;
}

/** The 12 (boxes, masks) or 10 (keypoints) numbers, their names, and pycocotools' lines for them. */
export interface Summary {
  readonly stats: Float64Array;
  readonly names: readonly string[];
  readonly lines: readonly string[];
}

/**
 * pycocotools' summary, which takes AP at 100 detections and AR at the first 3 maxDets (keypoints: all at 20), or, with `ownLimits` and
 * where it has none, one that takes AP at the last of maxDets and AR at each.
 */
export function summarizeAccumulated(result: Accumulated, ownLimits: boolean): Summary {
  const { iouType, maxDets } = result.params;
  const last = maxDets[maxDets.length - 1] ?? 0;
  const keypoints = iouType === 'keypoints';
  const own = ownLimits || (!keypoints && maxDets.length < 3);
  const rows = keypoints
    ? keypointRows(own ? last : 20)
    : own
      ? detectionRows(last, last, maxDets)
      : detectionRows(100, maxDets[2]!, maxDets.slice(0, 3));
  const stats = Float64Array.from(rows, (row) => mean(result, row));
  return { stats, names: rows.map(({ name }) => name), lines: rows.map((row, i) => line(result, row, stats[i]!)) };
}

/** @param first limit of AP, @param most that of the other numbers, @param limits those of AR */
function detectionRows(first: number, most: number, limits: readonly number[]): Row[] {
  const sizes = ['small', 'medium', 'large'].map((area) => ({ area, maxDets: most }));
  return [
    { name: 'AP', precision: true, area: 'all', maxDets: first },
    { name: 'AP50', precision: true, iou: 0.5, area: 'all', maxDets: most },
    { name: 'AP75', precision: true, iou: 0.75, area: 'all', maxDets: most },
    ...sizes.map((size) => ({ name: `AP${size.area[0]}`, precision: true, ...size })),
    ...limits.map((limit) => ({ name: `AR${limit}`, precision: false, area: 'all', maxDets: limit })),
    ...sizes.map((size) => ({ name: `AR${size.area[0]}`, precision: false, ...size })),
  ];
}

function keypointRows(maxDets: number): Row[] {
  return [true, false].flatMap((precision) => {
    const name = precision ? 'AP' : 'AR';
    return [
      { name, precision, area: 'all', maxDets },
      { name: `${name}50`, precision, iou: 0.5, area: 'all', maxDets },
      { name: `${name}75`, precision, iou: 0.75, area: 'all', maxDets },
      { name: `${name}m`, precision, area: 'medium', maxDets },
      { name: `${name}l`, precision, area: 'large', maxDets },
    ];
  });
}

/** Mean over the selected entries that are not -1, in C order with numpy's summation. */
function mean(result: Accumulated, row: Row): number {
  const { params } = result;
  const [T, R, K] = result.counts;
  const areas = params.areaRngLbl.flatMap((label, index) => (label === row.area ? [index] : []));
  const limits = params.maxDets.flatMap((limit, index) => (limit === row.maxDets ? [index] : []));
  const inner = row.precision ? R : 1;
  const { source, width, columns } = chosen(result, row, areas, limits);
  const thresholds = Array.from(params.iouThrs).filter((iou) => row.iou === undefined || iou === row.iou).length;
  const values = new Float64Array(thresholds * inner * K * columns.length);
  let n = 0;
  for (let t = 0; t < T; t++) {
    if (row.iou !== undefined && params.iouThrs[t] !== row.iou) continue;
    n = known(source, t * inner * K * width, (t + 1) * inner * K * width, width, columns, values, n);
  }
  return meanOrMinusOne(values, n);
}

/** What a row of the summary reads: rows of `width` numbers, and which of each. */
function chosen(result: Accumulated, row: Row, areas: readonly number[], limits: readonly number[]) {
  const [, , , A, M] = result.counts;
  const [area, limit] = [areas[0], limits[0]];
  if (row.precision && areas.length === 1 && limits.length === 1 && area !== undefined && limit !== undefined) {
    const { values, width, at } = curveColumn(result, 'precision', area, limit);
    return { source: values, width, columns: [at] };
  }
  const columns = areas.flatMap((a) => limits.map((m) => a * M + m));
  const isNone = columns.length === 0;
  return { source: row.precision && !isNone ? result.precision : result.recall, width: A * M, columns };
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
