import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { AnchorReport } from '../../configs/anchors.js';
import { ConfigError } from '../../engine/errors.js';
import { readJson } from '../../engine/files/read.js';
import type { LabelStatistics } from '../../training/run/index.js';
import { barPlot, histogramPlot, linePlot, type Plot } from './specs.js';

/** How well anchors fit the objects of a run's training images, where it recorded it. */
export function anchorPlots(folder: string): readonly (readonly [string, Plot])[] {
  const report = recorded<AnchorReport>(folder, 'anchors');
  if (report === null) return [];
  const { objects, fitted, threshold, bySize, better } = report;
  const bars = Object.entries(bySize).flatMap(([name, { overlaps }]) =>
    overlaps.map((count, bin) => ({ from: bin / overlaps.length, to: (bin + 1) / overlaps.length, count, name })),
  );
  const percent = (share: number): string => `${Math.round(100 * share)} %`;
  const remedy =
    better === null ? [] : [`${percent(better.share)} with model.head: ${JSON.stringify(better.settings)}`];
  const title = {
    text: `Anchors: ${percent(fitted)} of ${objects} objects overlap one by ${threshold}`,
    subtitle: ['small: below 32 pixels of the input, medium: below 96', ...remedy],
  };
  const plot = histogramPlot({
    title,
    x: 'IoU of the anchor that overlaps an object most',
    y: 'objects',
    bars,
    mark: threshold,
  });
  return [['anchors', plot]];
}

/** How many objects there are of each class, and how large they are, where a run recorded it. */
export function labelPlots(folder: string): readonly (readonly [string, Plot])[] {
  const statistics = recorded<LabelStatistics>(folder, 'labels');
  if (statistics === null) return [];
  const { classes } = statistics;
  const bars = classes.slice(0, 60).map(({ name, objects }) => ({ name, value: objects }));
  const shown = classes.slice(0, 24).filter(({ objects }) => objects > 0);
  const used = shown.flatMap(({ sides }) => sides.flatMap((count, bin) => (count > 0 ? [bin] : [])));
  const [first, last] = [Math.min(...used) - 1, Math.max(...used) + 1];
  const points = shown.flatMap(({ name, sides, objects }) =>
    sides.flatMap((count, bin) =>
      bin < first || bin > last ? [] : [{ x: 2 ** (bin + 0.5), y: count / objects, name }],
    ),
  );
  const sizes = linePlot({
    title: 'Sizes of objects',
    x: 'square root of the area, pixels',
    y: 'share of the class',
    points,
    names: classes.slice(0, 24).map(({ name }) => name),
  });
  const encoding = { ...Object(sizes.encoding), x: { ...Object(sizes.encoding).x, scale: { type: 'log', base: 2 } } };
  return [
    ['labels', barPlot({ title: 'Objects of each class', y: 'objects', bars })],
    ['sizes', { ...sizes, encoding }],
  ];
}

/** What is told in a file about the training images; null: nothing. */
function recorded<T>(folder: string, name: string): T | null {
  const file = join(folder, `${name}.json`);
  if (!existsSync(file)) return null;
  return readJson(file, { maxBytes: 2 ** 24, refuse: (problem) => new ConfigError(`${file}: ${problem}`) }) as T;
}
