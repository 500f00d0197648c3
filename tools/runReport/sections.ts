import type { BoxAnalysis, CaseReport, ClassCurve, Estimate } from '../../datasets/evaluators/index.js';
import type { Report, Task } from '../../heads/index.js';
import { caseTables, emptiesOf } from '../cases.js';
import { barPlot, f1Plot, linePlot, recallPlot } from '../plots/specs.js';
import { svgOf } from '../plots/svg.js';
import type { AlikeImages } from './alike.js';
import type { ReportImage } from './gather.js';
import { type Html, html, section, tableOf, trusted } from './html.js';
import type { SliceFigures } from './slices.js';

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;

/** Figures of a report that are numbers. */
export const figuresOf = (report: object): readonly (readonly [string, number])[] =>
  Object.entries(report).filter((pair): pair is [string, number] => typeof pair[1] === 'number');

export function headlineSection(report: Report, { tables }: Pick<Task, 'tables'>, interval: Estimate | null): Html {
  const [first] = figuresOf(report);
  const between =
    interval &&
    ` (95 % between ${interval.low.toFixed(3)} and ${interval.high.toFixed(3)}: images drawn again 200 times)`;
  const figures = figuresOf(report);
  return section(
    'headline',
    'Headline',
    first
      ? html`<p><span class="headline">${first[0]} ${first[1].toFixed(4)}</span>${between}</p>`
      : html`<p>Nothing was to be measured.</p>`,
    tableOf(
      figures.map(([name]) => name),
      [figures.map(([, value]) => value)],
    ),
    ...tables(report)
      .slice(1)
      .filter(({ header }) => header.some((name) => !(name in report))) // others stand above
      .map(({ header, rows }) => tableOf(header, rows)),
  );
}

/** Classes that are told apart in one plot. */
const MOST_CLASSES = 24;

export async function curvesSection(curves: readonly ClassCurve[]): Promise<Html> {
  const shown = curves.filter(({ precision }) => precision !== null).slice(0, MOST_CLASSES);
  const plots = await Promise.all([recallPlot(shown), f1Plot(shown)].map((plot) => svgOf(plot)));
  const rows = shown.map(({ name, best }) => [name, best?.score, best?.f1, best?.precision, best?.recall]);
  return section(
    'curves',
    'Curves',
    html`<div class="plots">${plots.map(trusted)}</div>`,
    tableOf(['class', 'best threshold', 'F1', 'precision', 'recall'], rows),
  );
}

/** Every cell is a button that shows its images. */
export function confusionSection(names: readonly string[], rows: readonly (readonly number[])[]): Html {
  const heads = rows.length > names.length ? [...names, 'nothing'] : names;
  const index = (i: number): number => (i < names.length ? i : -1);
  const line = (row: readonly number[], t: number): Html => {
    const total = row.reduce((sum, count) => sum + count, 0);
    const cells = row.map((count, a) => {
      const label = `truth ${heads[t]}, answer ${heads[a]}: ${count}`;
      return html`<td class="share-${Math.round((10 * count) / Math.max(1, total))}"><button type="button" data-cell="${index(t)} ${index(a)}" aria-pressed="false" aria-label="${label}">${count}</button></td>`;
    });
    return html`<tr><th scope="row">${heads[t]}</th>${cells}</tr>`;
  };
  return section(
    'confusion',
    'Confusion',
    html`<p class="note">Rows are truths, columns answers. A click shows the images of a cell.</p>`,
    html`<div class="scroll"><table class="confusion"><thead><tr><th></th>${heads.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows.map(line)}</tbody></table></div>`,
  );
}

export async function analysisSections({ costs, calibration, groups }: BoxAnalysis): Promise<readonly Html[]> {
  const kinds = Object.entries(costs).filter(([name]) => name !== 'ap');
  const [bars, bins] = await Promise.all([
    svgOf(
      barPlot({
        title: 'AP50 that each kind of error costs',
        y: 'AP50',
        bars: kinds.map(([name, value]) => ({ name, value })),
      }),
    ),
    svgOf(
      linePlot({
        title: 'Share that is right over the score',
        x: 'mean score',
        y: 'share that is right',
        domain: [0, 1],
        names: ['answers', 'ideal'],
        points: [
          ...calibration.bins.map(({ confidence, accuracy }) => ({ x: confidence, y: accuracy, name: 'answers' })),
          { x: 0, y: 0, name: 'ideal' },
          { x: 1, y: 1, name: 'ideal' },
        ],
      }),
    ),
  ]);
  const rows = groups.map(({ by, group, objects, found, AP }) => [by, group, objects, AP, percent(found / objects)]);
  return [
    section(
      'costs',
      'What errors cost',
      html`<div class="plots">${trusted(bars)}</div>`,
      tableOf(['kind', 'AP50'], kinds),
    ),
    section(
      'calibration',
      'Calibration',
      html`<div class="plots">${trusted(bins)}</div><p class="note">Expected calibration error ${calibration.expectedError.toFixed(4)}.</p>`,
    ),
    section(
      'found',
      'What is found',
      html`<p class="note">AP over IoU 0.50:0.95 of boxes in each group: other objects need not be found, and answers unlike the group do not count. Found: at IoU 0.5, by answers that are drawn. The middle has the centres of half of the width and height.</p>`,
      html`<div class="plots">${trusted(await groupsPlot(groups))}</div>`,
      tableOf(['by', 'group', 'objects', 'AP', 'found'], rows),
    ),
  ];
}

const groupsPlot = (groups: BoxAnalysis['groups']): Promise<string> =>
  svgOf(
    barPlot({
      title: 'AP of objects by what they are like',
      y: 'AP',
      domain: [0, 1],
      bars: groups.map(({ by, group, AP }) => ({ name: `${by}: ${group}`, value: AP ?? 0 })),
    }),
  );

/** Class maps: how many pixels are wrong, and whether they lie at borders. */
export function pixelsSection(images: readonly ReportImage[]): Html {
  let [pixels, wrong, near] = [0, 0, 0];
  for (const { width, height, wrong: of } of images) {
    pixels += of === null ? 0 : width * height;
    wrong += of?.[0] ?? 0;
    near += of?.[1] ?? 0;
  }
  const rows = images
    .filter(({ wrong }) => wrong !== null)
    .sort((a, b) => b.error - a.error)
    .slice(0, 50)
    .map(({ id, error, wrong }) => [
      id,
      percent(error),
      wrong?.[0],
      wrong && wrong[0] > 0 ? percent(wrong[1] / wrong[0]) : null,
    ]);
  return section(
    'pixels',
    'Wrong pixels',
    html`<p>${percent(wrong / Math.max(1, pixels))} of all pixels, ${percent(near / Math.max(1, wrong))} of these near a border.</p>`,
    html`<p class="note">The worst images. Near a border: within 3 pixels of one of the truth.</p>`,
    tableOf(['image', 'wrong', 'pixels', 'of them near a border'], rows),
  );
}

/** Pixels of each class, as labelled and as answered: volumes of what was cut into images. */
export function volumesSection(names: readonly string[], confusion: readonly (readonly number[])[]): Html {
  const rows = names.map((name, k) => {
    const truth = confusion[k]?.reduce((sum, count) => sum + count, 0) ?? 0;
    const answer = confusion.reduce((sum, row) => sum + (row[k] ?? 0), 0);
    return [name, truth, answer, truth > 0 ? percent(answer / truth - 1) : null];
  });
  return section('volumes', 'Volumes', tableOf(['class', 'pixels labelled', 'pixels answered', 'difference'], rows));
}

/** Rows of the table of cases. */
const MOST_CASES = 200;

/** Each case measured alone: means with intervals, and the worst cases. */
export function casesSection(report: CaseReport): Html {
  const [means, cases] = caseTables(report, MOST_CASES);
  return section(
    'cases',
    'Cases',
    html`<p class="note">${report.policy} ${emptiesOf(report)} Intervals: cases drawn again 1000 times.</p>`,
    tableOf(means.header, means.rows),
    html`<p class="note">${cases.rows.length} of ${report.rows.length} rows, the worst by Dice where not all are shown.</p>`,
    tableOf(cases.header, cases.rows),
  );
}

export function suspicionsSection(images: readonly ReportImage[], names: readonly string[]): Html | null {
  const all = images
    .flatMap(({ id, suspicions }) => suspicions.map((suspicion) => ({ id, ...suspicion })))
    .sort((a, b) => b.score - a.score)
    .slice(0, 100);
  if (all.length === 0) return null;
  const words = { missing: 'no label there', class: 'labelled otherwise', place: 'labelled beside it' } as const;
  const rows = all.map(({ id, kind, score, answered, labelled }) => [
    html`<button type="button" data-image="${id}">${id}</button>`,
    words[kind],
    names[answered],
    labelled === null ? null : names[labelled],
    score,
  ]);
  return section(
    'suspicions',
    'Labels to look at',
    html`<p class="note">Confident answers that the labels contradict, the most confident first: the label or the answer is wrong.</p>`,
    tableOf(['image', 'what', 'answer', 'label', 'score'], rows),
  );
}

/** Images of a row. */
const MOST_ALIKE = 8;

export function alikeSection({ groups, looked, shared }: AlikeImages): Html | null {
  const [leaks, others] = [true, false].map((isLeak) =>
    groups.filter(({ training }) => training.length > 0 === isLeak),
  );
  if (groups.length === 0 && shared === 0) return null;
  const list = (ids: readonly string[], shown: (id: string) => Html): Html =>
    html`${ids.slice(0, MOST_ALIKE).map((id) => html`${shown(id)} `)}${ids.length > MOST_ALIKE && `and ${ids.length - MOST_ALIKE} more`}`;
  const button = (id: string): Html => html`<button type="button" data-image="${id}">${id}</button>`;
  const rows = (found: AlikeImages['groups'], isLeak: boolean) =>
    found
      .slice(0, 100)
      .map(({ images, training, bits }) => [
        list(images, button),
        ...(isLeak ? [list(training, (id) => html`<span>${id}</span>`)] : []),
        bits,
      ]);
  return section(
    'duplicates',
    'Images that look alike',
    shared > 0 && html`<p>${shared} of these images are training images themselves: what they measure was learned.</p>`,
    looked !== null &&
      html`<p class="note">${leaks?.length ?? 0} groups hold an image that was learned from, of ${looked} training images that were looked at.</p>`,
    leaks && leaks.length > 0 && tableOf(['images', 'in training', 'bits of 64 that differ'], rows(leaks, true)),
    others && others.length > 0 && tableOf(['images', 'bits of 64 that differ'], rows(others, false)),
  );
}

/** Figures of a slice that are shown. */
const SHOWN_FIGURES = 4;

/** Groups of images, measured alone. */
export function slicesSection(slices: readonly SliceFigures[], whole: Report): Html {
  const names = figuresOf(whole)
    .slice(0, SHOWN_FIGURES)
    .map(([name]) => name);
  const [first = ''] = names;
  const total = Number(whole[first]);
  const rows = slices.map(({ field, value, images, report, interval }) => {
    const figures = names.map((name) => report[name] ?? null);
    const own = report[first];
    const between = interval && `${interval.low.toFixed(3)} to ${interval.high.toFixed(3)}`;
    return [field, value, images, ...figures, between, typeof own === 'number' ? own - total : null];
  });
  return section(
    'slices',
    'Slices',
    html`<p class="note">Groups of images, each measured alone: what few images say is uncertain. Intervals: images drawn again.</p>`,
    tableOf(['by', 'group', 'images', ...names, `${first}, 95 %`, `${first} less that of all`], rows),
  );
}
