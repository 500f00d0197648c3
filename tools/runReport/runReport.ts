import { createHash } from 'node:crypto';
import { join, resolve } from 'node:path';
import type { SplitName } from '../../configs/datasets.js';
import { openRun, type Run } from '../../configs/run.js';
import { analyseBoxes, classCurves, type PairedTest } from '../../datasets/evaluators/index.js';
import { ConfigError } from '../../engine/errors.js';
import { readText } from '../../engine/files/read.js';
import { writeWhole } from '../../engine/files/write.js';
import { shownName } from '../../engine/printable.js';
import { headOf, headSettings } from '../../heads/index.js';
import { built } from '../built.js';
import { commandLine } from '../commandLine.js';
import { type EngineOptions, openEngine } from '../engine.js';
import { createOutput } from '../output.js';
import { refuseForeign } from '../ownFiles.js';
import { type Gathered, gather } from './gather.js';
import { headlineInterval, pairedTest } from './headline.js';
import { type Html, html, jsonIn, section, tableOf, trusted } from './html.js';
import { recordOf } from './record.js';
import * as sections from './sections.js';

export interface ReportCommand extends EngineOptions {
  readonly data?: string;
  readonly split?: SplitName;
  readonly against?: string;
  readonly slices?: string;
  readonly out?: string;
  readonly json?: boolean;
  readonly allowModules?: boolean;
}

/** Longest side of a thumbnail, pixels; and bytes of all of them in base64: a report stays below 10 MB. */
const [SIDE, MOST_BYTES] = [360, 7_500_000];

/** Writes what a run answers on a split as one file that opens anywhere. */
export async function report(folder: string, command: ReportCommand): Promise<void> {
  const output = createOutput(command.json === true);
  const file = command.out ?? join(folder, 'report.html');
  refuseForeign(file, 'report', '--out');
  await openEngine(command, output);
  const { allowModules } = command;
  const run = openRun(folder, { allowModules });
  const other = command.against === undefined ? null : openRun(command.against, { allowModules });
  try {
    const split = command.split ?? run.experiment.evaluate.split;
    const root = command.data === undefined ? undefined : resolve(command.data);
    const options = { split, root, side: SIDE };
    const gathered = await gather(run, { ...options, slices: command.slices });
    const rival = other && { run: other, folder: command.against ?? '', gathered: await gather(other, options) };
    const page = await pageOf(folder, run, gathered, rival, split);
    writeWhole(file, [new TextEncoder().encode(page)], 'choose another file with --out');
    output.result(
      {
        report: file,
        ...gathered.report,
        ...(gathered.cases && { cases: gathered.cases }),
        ...(gathered.slices.length > 0 && { slices: gathered.slices }),
      },
      `report: ${file}`,
    );
  } finally {
    run.dispose();
    other?.dispose();
  }
}

interface Rival {
  readonly run: Run;
  readonly folder: string;
  readonly gathered: Gathered;
}

async function pageOf(
  folder: string,
  run: Run,
  gathered: Gathered,
  rival: Rival | null,
  split: string,
): Promise<string> {
  const { labels, experiment } = run;
  const { images, answered, report: figures, dataset, alike, confusion, cases, slices } = gathered;
  const names = labels.classes.map(({ name }) => shownName(name));
  const { maxDetections } = headOf(experiment.model.head).limits(headSettings(experiment.model.head));
  const threshold = experiment.evaluate.drawThreshold;
  const [hasBoxes, hasMaps] = [answered.length > 0, gathered.confusions.length > 0];
  const sizes = images.map(({ width, height }) => ({ width, height }));
  const analysis = hasBoxes ? analyseBoxes(answered, sizes, { labels, maxDetections, threshold }) : null;
  const parts: (Html | null)[] = [
    sections.headlineSection(
      figures,
      run.network.task,
      headlineInterval(run.network.task, gathered, { labels, maxDetections }),
    ),
    rival && compareSection(run, gathered, rival),
    hasBoxes ? await sections.curvesSection(classCurves(labels, answered, maxDetections)) : null,
    names.length <= 60 ? sections.confusionSection(names, confusion) : null,
    ...(analysis ? await sections.analysisSections(analysis) : []),
    hasMaps ? sections.pixelsSection(images) : null,
    hasMaps ? sections.volumesSection(names, confusion) : null,
    cases && sections.casesSection(cases),
    slices.length > 0 ? sections.slicesSection(slices, figures) : null,
    gallerySection(),
    sections.suspicionsSection(images, names),
    sections.alikeSection(alike),
    section('record', 'Record', tableOf(['what', 'value'], await recordOf(folder, run, dataset, commandLine()))),
    section('config', 'Config', html`<pre class="scroll" tabindex="0">${JSON.stringify(experiment, null, 2)}</pre>`),
  ];
  return reportPage(`${folder}: ${split}, ${images.length} images`, parts, { names, images: withThumbnails(images) });
}

export function gallerySection(): Html {
  return section(
    'images',
    'Images',
    html`<div class="controls"><label>name <input id="search" type="search"></label> <label>order <select id="order"><option value="error">worst first</option><option value="name">as listed</option></select></label> <button id="all" type="button" hidden>all cells</button> <span id="count" role="status"></span></div>`,
    html`<p class="note">Truths are dashed: white where found, yellow where missed. Answers have the colour of their class, magenta where they found nothing, and where pixels have a wrong class. A click enlarges.</p>`,
    html`<div id="gallery"></div><button id="more" type="button" hidden>more</button><dialog id="large" aria-label="one image"></dialog>`,
  );
}

function saidOf({ difference: { estimate, low, high }, pValue }: PairedTest): string {
  const [by, from, to] = [estimate, low, high].map((value) => value.toFixed(4));
  const p = pValue < 0.01 ? 'below 0.01' : `= ${pValue.toFixed(2)}`;
  return `The headline differs by ${by} (95 % between ${from} and ${to}), p ${p}: images drawn again in pairs.`;
}

function compareSection(run: Run, own: Gathered, { run: other, folder, gathered }: Rival): Html {
  const theirs = new Map(sections.figuresOf(gathered.report));
  const rows = sections
    .figuresOf(own.report)
    .map(([name, value]) => [name, value, theirs.get(name), value - (theirs.get(name) ?? Number.NaN)]);
  const isSame = JSON.stringify(run.labels) === JSON.stringify(other.labels);
  const { labels, experiment } = run;
  const { maxDetections } = headOf(experiment.model.head).limits(headSettings(experiment.model.head));
  const test = isSame ? pairedTest(run.network.task, own, gathered, { labels, maxDetections }) : null;
  const said = test && saidOf(test);
  return section(
    'against',
    `Against ${folder}`,
    said && html`<p>${said}</p>`,
    tableOf(['figure', 'this run', 'the other', 'difference'], rows),
  );
}

/** The worst images first, as long as there is room. */
function withThumbnails(images: Gathered['images']) {
  let room = MOST_BYTES;
  const kept = new Set<string>();
  for (const { id, jpeg } of [...images].sort((a, b) => b.error - a.error)) {
    room -= (jpeg.length * 4) / 3;
    if (room < 0) break;
    kept.add(id);
  }
  return images.map(({ jpeg, suspicions: _suspicions, wrong: _wrong, ...image }) => ({
    ...image,
    jpeg: kept.has(image.id) ? Buffer.from(jpeg).toString('base64') : null,
  }));
}

/** Nothing is loaded, and no script but the report's own runs. */
export function reportPage(title: string, parts: readonly (Html | null)[], data: unknown): string {
  const [script, style] = ['report.js', 'report.css'].map((name) => textOf(built(`report/${name}`)));
  const digest = createHash('sha256')
    .update(script ?? '')
    .digest('base64');
  const policy = `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<title>${title}</title>
<style>${trusted(style ?? '')}</style>
</head>
<body>
<h1>Espalier report <span>${title}</span></h1>
<main>${parts}</main>
<script type="application/json" id="data">${jsonIn(data)}</script>
<script type="module">${trusted(script ?? '')}</script>
</body>
</html>
`.html;
}

const textOf = (file: string): string =>
  readText(file, { maxBytes: 2 ** 24, refuse: (problem) => new ConfigError(`${file}: ${problem}`) });
