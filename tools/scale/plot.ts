import type { MeasuredPoint } from './grid.js';

export interface PlotOptions {
  /** Drawn as a line across. */
  readonly budget: number;
  readonly front: readonly MeasuredPoint[];
}

const [COLUMNS, ROWS] = [64, 18];

/** Positions from 0 to 1 of values on a logarithmic axis. */
function logAxis(values: readonly number[]): (value: number) => number {
  const [low, high] = [Math.log(Math.min(...values)), Math.log(Math.max(...values))];
  return (value) => (high === low ? 0.5 : (Math.log(value) - low) / (high - low));
}

function axes(points: readonly MeasuredPoint[], budget: number) {
  return { x: logAxis(points.map(({ p50 }) => p50).concat(budget)), y: logAxis(points.map(({ macs }) => macs)) };
}

/** Time to the right, multiply-accumulates up, both logarithmic: `.` grid, `o` front, `*` compound rule, `|` budget. */
export function textPlot(points: readonly MeasuredPoint[], { budget, front }: PlotOptions): string {
  const { x, y } = axes(points, budget);
  const cells = Array.from({ length: ROWS }, () => Array.from({ length: COLUMNS }, () => ' '));
  const column = (time: number): number => Math.round(x(time) * (COLUMNS - 1));
  for (const row of cells) row[column(budget)] = '|';
  const marks: readonly (readonly [string, readonly MeasuredPoint[]])[] = [
    ['.', points],
    ['o', front],
    ['*', points.filter(({ phi }) => phi !== null)],
  ];
  for (const [mark, some] of marks) {
    for (const { p50, macs } of some) {
      const row = cells[ROWS - 1 - Math.round(y(macs) * (ROWS - 1))];
      if (row) row[column(p50)] = mark;
    }
  }
  const [macs, times] = [points.map((point) => point.macs), points.map(({ p50 }) => p50).concat(budget)];
  const ends = [Math.min(...times), Math.max(...times)].map((time) => `${time.toFixed(1)} ms`);
  return [
    `G MACs ${(Math.max(...macs) / 1e9).toFixed(2)}`,
    ...cells.map((row) => `  ${row.join('').trimEnd()}`),
    `       ${(Math.min(...macs) / 1e9).toFixed(2)}`,
    `  ${ends[0]?.padEnd(COLUMNS - (ends[1]?.length ?? 0))}${ends[1]}   . grid  o Pareto front  * compound rule  | budget`,
  ].join('\n');
}

const [WIDTH, HEIGHT, MARGIN] = [720, 480, 56];

/** The same as an SVG file. */
export function svgPlot(points: readonly MeasuredPoint[], { budget, front }: PlotOptions): string {
  const { x, y } = axes(points, budget);
  const left = (time: number): string => (MARGIN + x(time) * (WIDTH - 2 * MARGIN)).toFixed(1);
  const top = (macs: number): string => (HEIGHT - MARGIN - y(macs) * (HEIGHT - 2 * MARGIN)).toFixed(1);
  const path = (some: readonly MeasuredPoint[]): string =>
    some.map(({ p50, macs }) => `${left(p50)},${top(macs)}`).join(' ');
  const rule = points.filter(({ phi }) => phi !== null);
  const dots = points.map((point) => {
    const color = point.phi === null ? '#888' : '#c33';
    return `<circle cx="${left(point.p50)}" cy="${top(point.macs)}" r="4" fill="${color}"><title>${title(point)}</title></circle>`;
  });
  const times = points.map(({ p50 }) => p50).concat(budget);
  const macs = points.map((point) => point.macs);
  const text = (at: readonly [number, number], words: string): string =>
    `<text x="${at[0]}" y="${at[1]}">${words}</text>`;
  const [bottom, right] = [HEIGHT - MARGIN, WIDTH - MARGIN];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>`,
    `<path d="M${MARGIN} ${MARGIN}V${bottom}H${right}" fill="none" stroke="#333"/>`,
    `<path d="M${left(budget)} ${MARGIN}V${bottom}" stroke="#393" stroke-dasharray="4"/>`,
    `<polyline points="${path(front)}" fill="none" stroke="#36c"/>`,
    `<polyline points="${path(rule)}" fill="none" stroke="#c33" stroke-dasharray="6 3"/>`,
    ...dots,
    text([MARGIN, 24], `blue: Pareto front of time, memory and MACs; red: compound rule; green: ${budget} ms`),
    text([MARGIN, bottom + 20], `${Math.min(...times).toFixed(1)} ms`),
    text([right - 60, bottom + 20], `${Math.max(...times).toFixed(1)} ms`),
    text([4, bottom], `${(Math.min(...macs) / 1e9).toFixed(2)} G`),
    text([4, MARGIN], `${(Math.max(...macs) / 1e9).toFixed(2)} G MACs`),
    '</svg>\n',
  ].join('\n');
}

function title({ width, depth, resolution, phi, p50, macs }: MeasuredPoint): string {
  const name = phi === null ? '' : `phi ${phi}: `;
  return `${name}width ${width.toFixed(2)}, depth ${depth.toFixed(2)}, ${resolution} pixels: ${p50.toFixed(2)} ms, ${(macs / 1e9).toFixed(3)} G MACs`;
}
