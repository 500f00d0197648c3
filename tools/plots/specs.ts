import type { ClassCurve } from '../../datasets/evaluators/index.js';
import type { RateAdvice } from '../../training/rateSweep.js';
import type { History } from '../dashboard/history.js';
import { classColor, cssOf } from '../draw/palette.js';

/** A Vega-Lite specification: plain JSON. */
export type Plot = { readonly [key: string]: unknown };

const [WIDTH, HEIGHT] = [420, 240];
const COLORS = Array.from({ length: 24 }, (_, index) => cssOf(classColor(index)));
const FONT = 'Noto Sans, system-ui, sans-serif';
const config = {
  font: FONT,
  view: { stroke: null },
  axis: { gridColor: '#e4e7eb', domainColor: '#b9c0c8', tickColor: '#b9c0c8', labelFontSize: 11, titleFontWeight: 400 },
  title: { fontSize: 14, fontWeight: 600, anchor: 'start', subtitleFontSize: 11, subtitleColor: '#59636e' },
  legend: { orient: 'bottom', columns: 4, labelLimit: 160, symbolType: 'stroke' },
  range: { category: COLORS },
};

const base = (title: string): Plot => ({
  background: '#fff',
  padding: 12,
  width: WIDTH,
  height: HEIGHT,
  title,
  config,
});
const quantity = (field: string, title: string, scale: Plot = { zero: false }): Plot => ({
  field,
  type: 'quantitative',
  title,
  scale,
});

interface LinePlot {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly { readonly x: number; readonly y: number; readonly name: string }[];
  /** Ends of both axes. */
  readonly domain?: readonly [number, number];
  /** True: x is drawn on a logarithmic scale. Defaults to false. */
  readonly isLogarithmic?: boolean;
  /** Order of the names, which gives their colours. */
  readonly names?: readonly string[];
}

/** Lines by name; points on them where there are few. */
export function linePlot({ title, x, y, points, domain, names, isLogarithmic = false }: LinePlot): Plot {
  const scale = domain ? { domain } : { zero: false };
  const few = points.length <= 60;
  return {
    ...base(title),
    data: { values: points },
    mark: { type: 'line', strokeWidth: 2, ...(few ? { point: { size: 22 } } : {}) },
    encoding: {
      x: quantity('x', x, isLogarithmic ? { type: 'log' } : scale),
      y: quantity('y', y, scale),
      color: { field: 'name', type: 'nominal', title: null, ...(names ? { scale: { domain: names } } : {}) },
    },
  };
}

/** A line for each class whose objects were looked for. */
export function recallPlot(curves: readonly ClassCurve[]): Plot {
  const points = curves.flatMap(({ name, recall, precision }) =>
    (precision ?? []).map((y, i) => ({ x: recall[i] ?? 0, y, name })),
  );
  const title = 'Precision over recall at IoU 0.5';
  return linePlot({ title, x: 'recall', y: 'precision', points, domain: [0, 1], names: namesOf(curves) });
}

/** F1 over the score from which on answers count. */
export function f1Plot(curves: readonly ClassCurve[]): Plot {
  const points = curves.flatMap(({ name, recall, precision, scores }) => {
    const byScore = new Map<number, number>(); // of a score the highest recall counts
    for (const [i, p] of (precision ?? []).entries()) {
      const [r, x] = [recall[i] ?? 0, scores?.[i] ?? 0];
      if (p > 0 && x > 0) byScore.set(x, (2 * p * r) / (p + r));
    }
    return [...byScore].map(([x, y]) => ({ x, y, name }));
  });
  const title = 'F1 over the threshold at IoU 0.5';
  return linePlot({ title, x: 'score', y: 'F1', points, domain: [0, 1], names: namesOf(curves) });
}

const namesOf = (curves: readonly ClassCurve[]): readonly string[] => curves.map(({ name }) => name);

interface BarPlot {
  readonly title: string;
  readonly y: string;
  readonly bars: readonly { readonly name: string; readonly value: number }[];
  readonly domain?: readonly [number, number];
}

/** Letters of a name that fits below a bar; with longer ones bars lie on their side. */
const [MOST_LETTERS, BAR] = [12, 20];

/** One bar for each name, in the names' order, in their colours. */
export function barPlot({ title, y, bars, domain }: BarPlot): Plot {
  const names = bars.map(({ name }) => name);
  const isLying = names.some(({ length }) => length > MOST_LETTERS);
  const axis = isLying ? { labelLimit: 400 } : { labelAngle: names.length > 6 ? -50 : 0, labelLimit: 120 };
  const place = { field: 'name', type: 'nominal', sort: null, title: null, axis };
  const amount = quantity('value', y, domain ? { domain } : { zero: true });
  return {
    ...base(title),
    ...(isLying ? { height: BAR * names.length } : {}),
    data: { values: bars },
    mark: 'bar',
    encoding: {
      ...(isLying ? { x: amount, y: place } : { x: place, y: amount }),
      color: { field: 'name', type: 'nominal', legend: null, scale: { domain: names } },
    },
  };
}

interface HistogramPlot {
  readonly title: Plot;
  readonly x: string;
  readonly y: string;
  /** Stacked by name. */
  readonly bars: readonly {
    readonly from: number;
    readonly to: number;
    readonly count: number;
    readonly name: string;
  }[];
  /** Position of a dashed line. */
  readonly mark: number;
}

/** Counts of a fraction. */
export function histogramPlot({ title, x, y, bars, mark }: HistogramPlot): Plot {
  const names = [...new Set(bars.map(({ name }) => name))];
  return {
    ...base(''),
    title,
    layer: [
      {
        data: { values: bars },
        mark: { type: 'bar', binSpacing: 1 },
        encoding: {
          x: { ...quantity('from', x, { domain: [0, 1] }), bin: { binned: true } },
          x2: { field: 'to' },
          y: quantity('count', y, { zero: true }),
          color: {
            field: 'name',
            type: 'nominal',
            title: null,
            sort: names,
            scale: { domain: names },
            legend: { symbolType: 'square' },
          },
        },
      },
      {
        data: { values: [{ mark }] },
        mark: { type: 'rule', strokeDash: [5, 4], strokeWidth: 1.5, color: '#1b1f24' },
        encoding: { x: { field: 'mark', type: 'quantitative' } },
      },
    ],
  };
}

/** Rows are truths, columns answers; the shade is the share of the row. */
export function confusionPlot(title: string, names: readonly string[], rows: readonly (readonly number[])[]): Plot {
  const cells = rows.flatMap((row, t) => {
    const total = row.reduce((sum, count) => sum + count, 0);
    return row.map((count, a) => ({ truth: names[t], answer: names[a], count, share: total > 0 ? count / total : 0 }));
  });
  const side = Math.min(640, Math.max(220, 46 * names.length));
  const place = {
    y: { field: 'truth', type: 'nominal', sort: names },
    x: { field: 'answer', type: 'nominal', sort: names, axis: { labelAngle: -45 } },
  };
  return {
    ...base(title),
    width: side,
    height: side,
    data: { values: cells },
    encoding: place,
    layer: [
      {
        mark: 'rect',
        encoding: {
          color: {
            field: 'share',
            type: 'quantitative',
            title: 'share of the truths',
            scale: { range: ['#f7fbff', '#08519c'], domain: [0, 1] },
          },
        },
      },
      ...(names.length > 16
        ? []
        : [
            {
              mark: { type: 'text', fontSize: 11 },
              encoding: {
                text: { field: 'count', type: 'quantitative', format: '.3~s' },
                color: { condition: { test: 'datum.share > 0.5', value: '#fff' }, value: '#1b1f24' },
              },
            },
          ]),
    ],
  };
}

/** Losses by term across steps. */
export function lossPlot({ steps }: History): Plot {
  const stride = Math.max(1, Math.ceil(steps.length / 400));
  const kept = steps.filter((_, i) => i % stride === 0);
  // More terms than there are colours are no training of this library.
  const terms = new Set([...new Set(kept.flatMap(({ losses }) => Object.keys(losses)))].slice(0, COLORS.length));
  const points = kept.flatMap(({ step, losses }) =>
    Object.entries(losses).flatMap(([name, y]) => (terms.has(name) ? [{ x: step, y, name }] : [])),
  );
  return linePlot({ title: 'Loss by term', x: 'step', y: 'loss', points });
}

/** Figures of evaluations that are fractions, the first few. */
export function figuresPlot({ evaluations }: History): Plot | null {
  const points = evaluations.flatMap(({ step, report }) =>
    Object.entries(Object(report))
      .filter((pair): pair is [string, number] => typeof pair[1] === 'number' && pair[1] <= 1)
      .slice(0, 6)
      .map(([name, y]) => ({ x: step, y, name })),
  );
  if (points.length === 0) return null;
  return linePlot({ title: 'Figures at evaluations', x: 'step', y: 'fraction', points });
}

/** Losses over rising rates, as they were and smoothed. */
export function ratePlot({ points, suggestion }: RateAdvice): Plot {
  const told = suggestion === null ? 'the loss falls nowhere' : `it falls fastest at ${suggestion.toPrecision(2)}`;
  const lines = points.flatMap(({ rate, loss, smooth }) => [
    { x: rate, y: loss, name: 'loss' },
    { x: rate, y: smooth, name: 'smoothed' },
  ]);
  const title = `Loss over learning rates: ${told}`;
  return linePlot({
    title,
    x: 'learning rate',
    y: 'loss',
    points: lines,
    names: ['loss', 'smoothed'],
    isLogarithmic: true,
  });
}
