import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ConfigError } from '../../engine/errors.js';
import { readText } from '../../engine/files/read.js';
import type { LabelStatistics } from '../../training/run/index.js';
import { barPlot, linePlot, type Plot } from './specs.js';

/** How many objects there are of each class, and how large they are, where a run recorded it. */
export function labelPlots(folder: string): readonly (readonly [string, Plot])[] {
  const file = join(folder, 'labels.json');
  if (!existsSync(file)) return [];
  const refuse = (problem: string) => new ConfigError(`${file}: ${problem}`);
  const { classes } = JSON.parse(readText(file, { maxBytes: 2 ** 24, refuse })) as LabelStatistics;
  const bars = classes.slice(0, 60).map(({ name, objects }) => ({ name, value: objects }));
  const points = classes
    .slice(0, 24)
    .flatMap(({ name, sides, objects }) =>
      sides.map((count, bin) => ({ x: 2 ** (bin + 0.5), y: objects > 0 ? count / objects : 0, name })),
    );
  const sizes = linePlot({
    title: 'Sizes of objects',
    x: 'square root of the area, pixels',
    y: 'share of the class',
    points,
  });
  const encoding = { ...Object(sizes.encoding), x: { ...Object(sizes.encoding).x, scale: { type: 'log', base: 2 } } };
  return [
    ['labels', barPlot({ title: 'Objects of each class', y: 'objects', bars })],
    ['sizes', { ...sizes, encoding }],
  ];
}
