import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { LabelMap } from '../../datasets/sample.js';
import { ConfigError } from '../../engine/errors.js';
import { readText } from '../../engine/files/read.js';
import { makeFolder, writeWhole } from '../../engine/files/write.js';
import { type KeptPictures, type RunFolder, runFolder } from '../../training/run/index.js';
import { listPictures } from '../dashboard/pictures.js';
import { createTail } from '../dashboard/tail.js';
import { pngOf } from '../draw/raster.js';
import { contactSheet } from './contactSheet.js';
import { anchorPlots, labelPlots } from './labels.js';
import { confusionPlot, f1Plot, figuresPlot, lossPlot, type Plot, recallPlot } from './specs.js';
import { svgOf } from './svg.js';

/** Names longer than this, and more classes than this, are not legible in a plot. */
const [MOST_LETTERS, MOST_CLASSES] = [32, 24];

/**
 * Draws what a run recorded into its folder `plots`: curves as SVG and PNG, contact sheets as PNG.
 *
 * @returns the folder
 * @throws WriteError when the disk is full
 */
export async function writePlots(path: string, labels: LabelMap): Promise<string> {
  const files = runFolder(path);
  const folder = files.plots;
  makeFolder(folder);
  for (const [name, plot] of await plotsOf(files, labels)) {
    const svg = await svgOf(plot);
    writeWhole(join(folder, `${name}.svg`), [Buffer.from(svg)]);
    writeWhole(join(folder, `${name}.png`), [pngOf(svg)]);
  }
  const { batches, answers } = listPictures(path);
  const sheets = [
    ['batch', batches.at(-1), 'batch'],
    ['answers', answers.at(-1), 'answers'],
  ] as const;
  for (const [name, step, kind] of sheets) {
    const kept = step === undefined ? null : keptPictures(files, `${kind}-${step}`);
    const sheet = kept && (await contactSheet(files.pictures, kept.pictures, namesOf(labels)));
    if (sheet) writeWhole(join(folder, `${name}.png`), [sheet]);
  }
  return folder;
}

const namesOf = ({ classes }: LabelMap): readonly string[] => classes.map(({ name }) => name.slice(0, MOST_LETTERS));

async function plotsOf(files: RunFolder, labels: LabelMap): Promise<readonly (readonly [string, Plot])[]> {
  const tail = createTail(files.events);
  await tail.read(0);
  const { history } = tail;
  const figures = figuresPlot(history);
  const names = namesOf(labels);
  const last = listPictures(files.path).answers.at(-1);
  const kept = last === undefined ? null : keptPictures(files, `answers-${last}`);
  const plots: (readonly [string, Plot] | null)[] = [
    history.steps.length > 0 ? ['loss', lossPlot(history)] : null,
    figures && ['figures', figures],
    kept?.confusion && names.length <= MOST_CLASSES ? ['confusion', confusionOf(names, kept.confusion)] : null,
    kept?.curves ? ['precision-recall', recallPlot(kept.curves.slice(0, MOST_CLASSES))] : null,
    kept?.curves ? ['f1', f1Plot(kept.curves.slice(0, MOST_CLASSES))] : null,
    ...labelPlots(files.pictures),
    ...anchorPlots(files.pictures),
  ];
  return plots.filter((plot) => plot !== null);
}

const confusionOf = (names: readonly string[], rows: readonly (readonly number[])[]): Plot =>
  confusionPlot('Confusion of the last evaluation', rows.length > names.length ? [...names, 'nothing'] : names, rows);

const MOST_BYTES = 2 ** 26;

/** What was kept under this name; null: nothing. */
export function keptPictures({ pictures }: RunFolder, name: string): KeptPictures | null {
  const file = join(pictures, `${name}.json`);
  if (!existsSync(file)) return null;
  const refuse = (problem: string) => new ConfigError(`${file}: ${problem}`);
  return JSON.parse(readText(file, { maxBytes: MOST_BYTES, refuse })) as KeptPictures;
}
