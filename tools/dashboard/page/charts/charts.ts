import { render, show } from '@tensorflow/tfjs-vis';
import { valueAt } from '../../../../engine/checked.js';
import { type ChartSpec, COLORS, patchSpecs } from './embed.js';

/** Lines over a common axis; null: nothing there. */
export interface Lines {
  readonly title: string;
  readonly x: readonly number[];
  readonly xLabel: string;
  readonly series: readonly { readonly name: string; readonly y: readonly (number | null)[] }[];
  readonly zero?: boolean;
  /** Marked with a point. */
  readonly best?: { readonly x: number; readonly y: number } | null;
}

const HEIGHT = 230;
/** Colour of text on a light background. */
const INK = '#10171e';

/** A name as a field of Vega, where dots and brackets would be a path. */
const fieldName = (name: string): string =>
  name.slice(0, 60).replaceAll(/[.[\]'"\\]/g, (mark) => ({ '.': '\u2024', '[': '(', ']': ')' })[mark] ?? '\u2032');

export async function drawLines(element: HTMLElement, { title, x, xLabel, series, zero, best }: Lines): Promise<void> {
  const used = new Set<string>();
  const names = series.map(({ name }) => {
    let field = fieldName(name) || 'unnamed';
    while (used.has(field)) field += '\u2032';
    used.add(field);
    return field;
  });
  const values = series.map(({ y }) => y.map((value, i) => ({ x: valueAt(x, i), y: value as number })));
  patchSpecs(element, (spec) => placeLines(spec, x, best ?? null));
  const options = { xLabel, yLabel: '', height: HEIGHT, width: element.clientWidth, zoomToFit: zero !== true };
  const seriesColors = names.map((_, i) => valueAt(COLORS, i % COLORS.length));
  await render.linechart(element, { values, series: names }, { ...options, seriesColors });
  const ends = series.map(
    ({ name, y }) => `${name} ${y.findLast((value) => value !== null)?.toPrecision(4) ?? 'none'}`,
  );
  say(element, `${title}, lines across ${xLabel}; last: ${ends.join(', ')}`);
}

/** tfjs-vis counts points; here they stand where they belong. */
function placeLines(spec: ChartSpec, x: readonly number[], best: Lines['best']): void {
  for (const [i, value] of spec.data.values.entries()) value.x = x[i];
  const point = { type: 'point', filled: true, size: 70, color: '#d55e00' };
  const at = { y: { field: 'y', type: 'quantitative' } };
  if (best) spec.layer?.push({ data: { values: [best] }, mark: point, encoding: at });
}

export async function drawBars(
  element: HTMLElement,
  title: string,
  bars: readonly { readonly index: string; readonly value: number }[],
) {
  patchSpecs(element, (spec) => {
    spec.mark = { type: 'bar', tooltip: true, color: COLORS[0] };
    spec.padding = { bottom: 4 }; // letters reach below the axis
    for (const [i, value] of spec.data.values.entries()) value.index = bars[i]?.index.slice(0, 60);
    spec.encoding.x = {
      ...spec.encoding.x,
      sort: null,
      axis: { labelAngle: bars.length > 6 ? -60 : 0, labelLimit: 90, title: null },
    };
    spec.encoding.y = { ...spec.encoding.y, axis: { title } };
  });
  // Named by number, as tfjs-vis types them, and by name when drawn.
  const data = bars.map(({ value }, index) => ({ index, value }));
  await render.barchart(element, data, {
    xLabel: '',
    yLabel: title,
    height: HEIGHT,
    width: element.clientWidth,
    color: valueAt(COLORS, 0),
  });
  describe(
    element,
    title,
    bars.map(({ index, value }) => `${index} ${value.toPrecision(3)}`),
  );
}

/** Rows are truths, columns answers; shaded by the share of the row, as classes have very different sizes. */
export async function drawConfusion(
  element: HTMLElement,
  names: readonly string[],
  rows: readonly (readonly number[])[],
) {
  const shares = rows.flatMap((row) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count) => count / Math.max(1, total));
  });
  patchSpecs(element, (spec) => {
    for (const [i, value] of spec.data.values.entries()) value.scaleCount = shares[i];
    spec.encoding.x!.axis = { labelAngle: -45, labelLimit: 90 };
    for (const { encoding } of (spec.layer ?? []) as Partial<ChartSpec>[]) {
      // Cells are white to blue, also on a dark page.
      if (encoding?.text) encoding.color = { value: INK };
      else if (encoding?.color) encoding.color.legend = null;
    }
  });
  const tickLabels = names.map((name, i) =>
    names.indexOf(name) === i ? name.slice(0, 40) : `${name.slice(0, 36)} ${i}`,
  );
  const height = Math.min(520, 120 + 34 * names.length);
  await render.confusionMatrix(
    element,
    { values: rows.map((row) => [...row]), tickLabels },
    { height, width: element.clientWidth, xLabel: 'answer', yLabel: 'truth', shadeDiagonal: true },
  );
  describe(
    element,
    'confusion: rows are truths, columns answers',
    rows.map((row, i) => `${names[i]}: ${row.join(' ')}`),
  );
}

/** One row for each class, one column for each evaluation. */
export async function drawHeat(
  element: HTMLElement,
  title: string,
  columns: readonly string[],
  rows: readonly string[],
  values: readonly (readonly number[])[],
) {
  patchSpecs(element, (spec) => {
    spec.config.view = { stroke: null };
  });
  const data = {
    values: values.map((column) => [...column]),
    xTickLabels: [...columns],
    yTickLabels: rows.map((name) => name.slice(0, 40)),
  };
  await render.heatmap(element, data, {
    height: Math.min(520, 90 + 22 * rows.length),
    width: element.clientWidth,
    domain: [0, 1],
    colorMap: 'viridis',
  });
  describe(element, title, rows);
}

/** tfjs-vis writes cells as HTML: every text is escaped first. */
export function drawTable(
  element: HTMLElement,
  headers: readonly string[],
  values: readonly (readonly (string | number)[])[],
): void {
  const safe = (cell: string | number): string | number => (typeof cell === 'string' ? escapeHtml(cell) : cell);
  void render.table(element, { headers: headers.map(escapeHtml), values: values.map((row) => row.map(safe)) });
}

const ESCAPES: { readonly [mark: string]: string } = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
export const escapeHtml = (text: string): string => text.replaceAll(/[&<>"']/g, (mark) => ESCAPES[mark] ?? mark);

/** A chart for each figure over the evaluations. */
export async function drawFigures(
  element: HTMLElement,
  steps: readonly number[],
  figures: { readonly [name: string]: readonly number[] },
) {
  element.replaceChildren();
  patchSpecs(element, (spec) => {
    for (const [i, value] of spec.data.values.entries()) value.x = steps[i];
  });
  const history = {
    history: Object.fromEntries(Object.entries(figures).map(([name, values]) => [fieldName(name), [...values]])),
  };
  const options = { xLabel: 'step', yLabel: '', height: 130, width: element.clientWidth, zoomToFit: true };
  await show.history(
    element,
    history as unknown as Parameters<typeof show.history>[1],
    Object.keys(figures).map(fieldName),
    options,
  );
  describe(element, 'figures over evaluations', Object.keys(figures));
}

function describe(element: HTMLElement, title: string, parts: readonly string[]): void {
  say(element, `${title}: ${parts.slice(0, 40).join('; ')}`);
}

/** What a chart shows, for those who do not see it; after it is drawn, since Vega names it by itself. */
function say(element: HTMLElement, label: string): void {
  element.setAttribute('role', 'img');
  element.setAttribute('aria-label', label);
}
