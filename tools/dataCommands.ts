import { existsSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { checkData, configName, type DataReport, experimentOf, renderConfig } from '../configs/checkData.js';
import { openSplit } from '../configs/datasets.js';
import { type MedicalPlan, planMedical, renderMedicalPlan } from '../configs/medicalPlan.js';
import type { SplitSurvey } from '../datasets/check/survey.js';
import { FORMATS, formatOf } from '../datasets/formats/index.js';
import { ConfigError } from '../engine/errors.js';
import { makeFolder, writeWhole } from '../engine/files/write.js';
import { shownName } from '../engine/printable.js';
import { createOutput } from './output.js';

/** Draws the layouts of all data set formats. */
export function formats({ json = false }: { readonly json?: boolean }): void {
  const value = FORMATS.map(({ kind, title, tools, layout, readers }) => ({
    kind,
    title,
    tools,
    layout,
    truths: Object.keys(readers),
  }));
  const text = value.map(
    ({ kind, title, tools, layout }) => `${title} (kind: ${kind})\n  ${tools}\n\n${layout.replace(/^/gm, '    ')}`,
  );
  createOutput(json).result(value, text.join('\n\n'));
}

export interface CheckCommand {
  readonly json?: boolean;
  readonly strict?: boolean;
  readonly write?: string;
  readonly show?: number;
  readonly out?: string;
}

/** Tells what a data set holds and what is wrong with it. */
export async function check(path: string, command: CheckCommand): Promise<void> {
  if (command.write !== undefined) refuseExisting(command.write, '--write');
  const report = await checkData(await experimentOf(path));
  const { experiment: _, ...value } = report;
  const output = createOutput(command.json === true);
  const shown = command.show === undefined || report.problem !== null ? [] : await show(report, path, command);
  output.result(command.show === undefined ? value : { ...value, shown }, describe(report));
  if (shown.length > 0) output.note(`batches: ${shown.join(', ')}`);
  if (command.write !== undefined) writeConfig(report, path, command.write);
  const isFaulty =
    report.problem !== null || (command.strict === true && (report.findings.length > 0 || report.alike.length > 0));
  if (isFaulty) process.exitCode = 1;
}

/** Images of a batch that are drawn: a sheet of more is no picture. */
const MOST_SHOWN = 32;

/** Draws the first batches. @returns the files */
async function show({ experiment }: DataReport, path: string, { show: count = 1, out }: CheckCommand) {
  const { firstBatches } = await import('../configs/firstBatches.js');
  const { drawTruth } = await import('./draw/draw.js');
  const { sheetOf } = await import('./plots/contactSheet.js');
  const folder = out ?? `${basename(resolve(path)).replace(/\.(?:ya?ml|json)$/, '')}-batches`;
  makeFolder(folder, 'choose another folder with --out');
  const files: string[] = [];
  for await (const { step, images, names } of firstBatches(experiment, count)) {
    const tiles = images
      .slice(0, MOST_SHOWN)
      .map(({ image, truth }) => (truth === null ? image : drawTruth(image, truth, names)));
    const file = join(folder, `batch-${step}.png`);
    const sheet = sheetOf(tiles);
    if (sheet) writeWhole(file, [sheet], 'choose another folder with --out');
    files.push(file);
  }
  return files;
}

export interface InitCommand {
  readonly json?: boolean;
  readonly out?: string;
  /** Minutes of two cores that a training on volumes is planned for. */
  readonly minutes: number;
}

/** Recognises a folder, checks it, and writes a config for it; of volumes a plan by their fingerprint. */
export async function init(folder: string, { json = false, out, minutes }: InitCommand): Promise<void> {
  const file = out ?? configName(folder);
  refuseExisting(file, '--out');
  const report = await checkData(await experimentOf(folder));
  const { experiment, ...value } = report;
  const isPlanned = formatOf(experiment.data).isPlanned === true && report.problem === null;
  const plan = isPlanned ? await planMedical(await openSplit(experiment, 'train'), minutes) : null;
  writeConfig(report, folder, file, plan);
  const { fingerprint: _, ...planned } = plan ?? { fingerprint: null };
  createOutput(json).result(
    { config: file, ...value, ...(plan && { plan: planned }) },
    `${describe(report)}\n\n${file} is written: espalier train ${file}`,
  );
}

/** A config may have been edited since, and any other file is none of ours. */
function refuseExisting(file: string, option: string): void {
  if (existsSync(file)) throw new ConfigError(`${file} exists: name another file with ${option}, or remove it`);
}

function writeConfig(report: DataReport, path: string, file: string, plan: MedicalPlan | null = null): void {
  const relativeRoot = relative(dirname(resolve(file)), report.experiment.data.root) || '.';
  const root = relativeRoot.startsWith('..') ? resolve(path) : relativeRoot;
  const text = plan === null ? renderConfig(report, root) : renderMedicalPlan(plan, root, report.notes);
  writeWhole(file, [new TextEncoder().encode(text)], 'choose another file');
}

const NAMED = 5;

function describe({ experiment, splits, alike, notes, findings, anchors }: DataReport): string {
  const similar = alike.filter(({ isLeak }) => !isLeak);
  const named = similar
    .slice(0, NAMED)
    .map(({ images }) => `\n    ${images.slice(0, NAMED).map(shownName).join(', ')}`);
  return [
    `${experiment.data.root}: ${experiment.data.kind}, ${experiment.task}`,
    ...notes.map((note) => `  ${note}`),
    ...splits.map(describeSplit),
    ...(anchors === null ? [] : [describeAnchors(anchors)]),
    ...(similar.length > 0 ? [`  note: ${similar.length} groups of images look alike${named.join('')}`] : []),
    ...findings.map(
      ({ severity, pitfall, split, message, fix }) =>
        `  ${severity} ${pitfall}: ${split}: ${message}${message.includes(fix) ? '' : `\n    to mend it: ${fix}`}`,
    ),
    ...(findings.length === 0 ? ['  nothing is wrong'] : []),
  ].join('\n');
}

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

function describeAnchors({ objects, fitted, threshold, bySize }: NonNullable<DataReport['anchors']>): string {
  const sizes = Object.entries(bySize).flatMap(([size, of]) =>
    of.objects === 0 ? [] : [`${percent(of.fitted)} of ${of.objects} ${size} ones`],
  );
  return `  anchors: ${percent(fitted)} of ${objects} objects overlap one by ${threshold} (${sizes.join(', ')})`;
}

function describeSplit({ split, images, empty, classes, counted, ignored, sides, boxSides }: SplitSurvey): string {
  const most = [...classes].sort((a, b) => b.count - a.count).slice(0, 12);
  const shown = most.map(({ name, count }) => `${shownName(name)} ${count}`).join(', ');
  const rest = classes.length > most.length ? ` and ${classes.length - most.length} classes more` : '';
  const lines = [
    `  ${split}: ${images} images of ${sides[0]} to ${sides[2]} pixels a side${empty === null || empty === 0 ? '' : `, ${empty} without objects`}`,
    `    ${counted}: ${shown}${rest}${ignored > 0 ? `; ignored ${ignored}` : ''}`,
  ];
  if (boxSides.length > 0) lines.push(`    sides of boxes at 0, 10, 50, 90, 100 %: ${boxSides.join(', ')} pixels`);
  return lines.join('\n');
}
