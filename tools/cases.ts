import { taskOf } from '../configs/network.js';
import type { Run } from '../configs/run.js';
import {
  type AnsweredMap,
  type CaseEvaluator,
  type CaseEvaluatorOptions,
  type CaseReport,
  type CasesConfig,
  casesConfig,
  casesCsv,
  REGION_FIGURES,
} from '../datasets/evaluators/index.js';
import type { Drawable } from '../datasets/pictures/index.js';
import { classMapOf, type LabelMap, type Pixels, type Sample } from '../datasets/sample.js';
import { ConfigError } from '../engine/errors.js';
import { writeWhole } from '../engine/files/write.js';
import type { ReportTable, Task } from '../heads/index.js';
import { type Cell, formatTable } from './table.js';

/** What measures a run's answers case by case, as its config says; null: its task has no such figures. */
export function caseEvaluatorOf({ experiment, labels }: Run): CaseEvaluator | null {
  return taskOf(experiment).createCaseEvaluator?.(labels, experiment.evaluate.cases) ?? null;
}

/** How cases are measured where no config says. */
export const DEFAULT_CASES: CasesConfig = casesConfig.parse({});

/**
 * What measures answers of a task case by case.
 *
 * @throws ConfigError where the task has no such figures
 */
export function requiredCaseEvaluator(
  task: Pick<Task, 'createCaseEvaluator' | 'name'>,
  labels: LabelMap,
  settings: CasesConfig,
  options: CaseEvaluatorOptions = {},
): CaseEvaluator {
  const evaluator = task.createCaseEvaluator?.(labels, settings, options);
  if (evaluator) return evaluator;
  throw new ConfigError(
    `--cases measures class maps, and the task is ${task.name}: leave it out, or give a run of segmentation`,
  );
}

/** Adds an answered image to its case; what is no class map is left out. */
export function addToCases(evaluator: CaseEvaluator, { id, image, truth }: Sample, answer: Drawable): void {
  const map = classMapOf(truth);
  if (map && 'mask' in answer) evaluator.add({ id, truth: map, answer, spacing: spacingOf(image) });
}

/** What the file says of the distance between slices, rows and columns, where its format knows. */
const spacingOf = ({ spacing, sliceSpacing }: Pixels): AnsweredMap['spacing'] =>
  spacing && sliceSpacing !== undefined ? [sliceSpacing, ...spacing] : spacing;

/** Heads of columns; units follow where a figure has one. */
const TITLES: { readonly [K in (typeof REGION_FIGURES)[number]]: string } = {
  dice: 'Dice',
  iou: 'IoU',
  hausdorff95: 'HD95',
  hausdorff: 'HD',
  averageSurfaceDistance: 'ASSD',
  surfaceDice: 'surface Dice',
  lesionSensitivity: 'lesion sensitivity',
  lesionPrecision: 'lesion precision',
  lesionF1: 'lesion F1',
  volumeError: 'volume error',
};
const DISTANCES: readonly string[] = ['hausdorff95', 'hausdorff', 'averageSurfaceDistance'];

/** The means with their intervals, then a row per case and class: the worst ones, where there are more than `most`. */
export function caseTables(
  { rows, perClass, unit, volumeUnit }: CaseReport,
  most = Number.POSITIVE_INFINITY,
): readonly [means: ReportTable, cases: ReportTable] {
  const titles = REGION_FIGURES.map((figure) => {
    if (figure === 'volumeError') return `${TITLES[figure]}, ${volumeUnit}`;
    return DISTANCES.includes(figure) ? `${TITLES[figure]}, ${unit}` : TITLES[figure];
  });
  const means = Object.entries(perClass).flatMap(([name, figures]) =>
    REGION_FIGURES.map((figure, i) => {
      const mean = figures[figure];
      return [name, titles[i] ?? '', mean?.estimate ?? null, mean?.low ?? null, mean?.high ?? null, mean?.cases ?? 0];
    }),
  );
  const worst = rows.length <= most ? rows : [...rows].sort((a, b) => (a.dice ?? 2) - (b.dice ?? 2)).slice(0, most);
  return [
    { header: ['class', 'mean of cases', 'mean', '95 % from', 'to', 'cases'], rows: means },
    {
      header: ['case', 'class', ...titles],
      rows: worst.map((row) => [row.case, row.class, ...REGION_FIGURES.map((figure) => row[figure])]),
    },
  ];
}

/** Rows that are printed. */
const MOST_ROWS = 100;

/** The report for people: what policy it follows, how many cases lack each class, means, cases. */
export function describeCases(report: CaseReport): string {
  const [means, cases] = caseTables(report, MOST_ROWS);
  const left = report.rows.length - cases.rows.length;
  const text = ({ header, rows }: ReportTable): string =>
    formatTable(
      header,
      rows.map((row) => row.map((value): Cell => value ?? '-')),
    );
  return [
    `${report.cases} cases, each measured alone; the figures above are of all pixels together.\n${report.policy}\n${emptiesOf(report)}`,
    text(means),
    left > 0 ? `The ${MOST_ROWS} worst by Dice; the file has ${left} more:` : '',
    text(cases),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** How many cases lack each class. */
export function emptiesOf({ perClass }: CaseReport): string {
  const counts = Object.entries(perClass).map(
    ([name, { empty }]) => `${name} ${empty.both}, ${empty.truth}, ${empty.answer}`,
  );
  return `Cases without the class in both, in the truth alone, in the answer alone: ${counts.join('; ')}.`;
}

/** Writes the rows of a report as a CSV file, whole or not at all. */
export function writeCases(file: string, report: CaseReport): void {
  writeWhole(file, [new TextEncoder().encode(casesCsv(report))], 'choose another file with --cases');
}
