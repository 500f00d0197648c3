import { EspalierError, ShapeError } from '../../../engine/errors.js';
import { isOverlapping, planeOf } from '../../overlap.js';
import type { ClassMap, LabelMap, SemanticTruth } from '../../sample.js';
import type { Estimate } from '../analysis.js';
import { createIdSet } from '../ids.js';
import { meanWithInterval } from '../resampling.js';
import type { CasesConfig } from './config.js';
import type { Grid } from './grid.js';
import { keepLargest, keptLargest } from './largest.js';
import { type Empty, measureDice, measureRegion, REGION_FIGURES, type RegionFigures } from './measure.js';

/** One class of one case. */
export interface MeasuredRow extends RegionFigures {
  readonly case: string;
  readonly class: string;
  /** Which of the two maps lacks the class. */
  readonly empty: Empty;
}

type Figure = (typeof REGION_FIGURES)[number];

/** Means of a class over its cases, and how many cases lack it. */
export type ClassCases = {
  /** Null: no case has the figure. `cases`: how many have. */
  readonly [K in Figure]: (Estimate & { readonly cases: number }) | null;
} & { readonly empty: { readonly [K in Exclude<Empty, 'none'>]: number } };

/** Figures per case, and their means with 95 % intervals over cases drawn again. */
export interface CaseReport {
  readonly cases: number;
  /** Unit of distances. */
  readonly unit: 'mm' | 'pixels';
  /** Unit of volumes; mm2 where images have no depth. */
  readonly volumeUnit: 'mL' | 'mm2' | 'pixels';
  /** How spacing, tolerance and empty maps were dealt with, in sentences. */
  readonly policy: string;
  readonly perClass: { readonly [name: string]: ClassCases };
  /** Mean Dice of the cases, by class, as answered and with only the largest component of the class kept; empty unless asked for. */
  readonly largest: { readonly [name: string]: { readonly answered: number; readonly kept: number } };
  readonly rows: readonly MeasuredRow[];
}

/** One image with its answer. */
export interface AnsweredMap {
  /** Id of the sample; its folder names the case where cases are folders. */
  readonly id: string;
  readonly truth: SemanticTruth;
  readonly answer: ClassMap;
  /** Millimetres between rows and columns, or slices, rows and columns, as the image says. Defaults to unknown. */
  readonly spacing?: readonly number[] | null | undefined;
}

/** Class maps in, figures per case out. Slices of a case come one after another. */
export interface CaseEvaluator {
  /** @throws EspalierError for slices that do not belong together; ShapeError for an answer of another size */
  add(answered: AnsweredMap): void;
  /** Pure: may be called twice. */
  report(): CaseReport;
}

interface OpenCase {
  readonly name: string;
  readonly slices: AnsweredMap[];
}

type Units = Pick<CaseReport, 'unit' | 'volumeUnit'>;

export interface CaseEvaluatorOptions {
  /** True: answers are measured as they are, and once more with only the largest component of each class. Defaults to false. */
  readonly triesLargest?: boolean;
}

const meansOf = (values: readonly { readonly answered: number; readonly kept: number }[]) => ({
  answered: values.reduce((sum, { answered }) => sum + answered, 0) / values.length,
  kept: values.reduce((sum, { kept }) => sum + kept, 0) / values.length,
});

/**
 * Measures overlap, surface distances, lesions and volumes case by case. A case is an image, or the images of a folder as
 * slices of a stack; it is measured and forgotten when the next one begins.
 *
 * @throws EspalierError when the settings name a class that is not there
 */
export function createCaseEvaluator(
  labels: LabelMap,
  settings: CasesConfig,
  { triesLargest = false }: CaseEvaluatorOptions = {},
): CaseEvaluator {
  const classes = measuredClasses(labels, settings);
  const overlaps = isOverlapping(labels);
  const kept = triesLargest ? null : keptLargest(labels, settings);
  const tried = new Map<string, { answered: number; kept: number }[]>();
  const claimImage = createIdSet();
  const begun = new Set<string>();
  const rows: MeasuredRow[] = [];
  let open: OpenCase | null = null;
  let units: Units | null = null;
  const measured = (closing: OpenCase): readonly MeasuredRow[] => {
    const stack = stackOf(closing, settings);
    const { found, grid, voxelVolume } = stack;
    const keptAnswer = kept === null ? stack.answer : keepLargest(stack.answer, grid.shape, kept);
    if (units && (units.unit !== found.unit || units.volumeUnit !== found.volumeUnit)) {
      throw new EspalierError(
        `${closing.name} is measured in ${found.unit} and ${found.volumeUnit}, the cases before it in ${units.unit} and ${units.volumeUnit}: state evaluate.cases.spacing for all of them`,
      );
    }
    units = found;
    return classes.map(({ name, index }) => {
      const truth = overlaps ? planeOf(stack.truth, index) : stack.truth;
      const answer = overlaps ? planeOf(keptAnswer, index) : keptAnswer;
      const label = overlaps ? 1 : index;
      const { empty, figures } = measureRegion({ truth, answer, grid, voxelVolume }, label, settings);
      if (triesLargest && figures.dice !== null) {
        const one = keptLargest(labels, { ...settings, largest: [name] });
        const whole = one === null ? keptAnswer : keepLargest(keptAnswer, grid.shape, one);
        const dice = measureDice(truth, overlaps ? planeOf(whole, index) : whole, label);
        const before = tried.get(name) ?? [];
        before.push({ answered: figures.dice, kept: dice });
        tried.set(name, before);
      }
      return { case: closing.name, class: name, empty, ...figures };
    });
  };
  return {
    add: (answered) => {
      const { id, truth, answer } = answered;
      if (truth.width !== answer.width || truth.height !== answer.height) {
        throw new ShapeError(
          `${id}: the truth is ${truth.width}x${truth.height}, the answer ${answer.width}x${answer.height}: answer at the size of the original image`,
        );
      }
      claimImage(id);
      const name = settings.of === 'image' ? id : folderOf(id);
      if (open?.name === name) {
        open.slices.push(answered);
        return;
      }
      if (begun.has(name)) {
        throw new EspalierError(`${id}: slices of ${name} came before, and others between: give them in one go`);
      }
      if (open) rows.push(...measured(open));
      begun.add(name);
      open = { name, slices: [answered] };
    },
    report: () => {
      const all = open ? [...rows, ...measured(open)] : [...rows];
      const known = units ?? { unit: 'pixels', volumeUnit: 'pixels' };
      return {
        cases: begun.size,
        ...known,
        policy: policyOf(settings, known),
        largest: Object.fromEntries([...tried].map(([name, values]) => [name, meansOf(values)])),
        perClass: Object.fromEntries(classes.map(({ name }) => [name, classCases(all, name, settings.seed)])),
        rows: all,
      };
    },
  };
}

const BACKGROUND = /^background$/i;

function measuredClasses({ classes }: LabelMap, settings: CasesConfig) {
  const all = classes.map(({ name }, index) => ({ name, index }));
  const unknown = settings.classes?.find((name) => all.every((each) => each.name !== name));
  if (unknown !== undefined) {
    throw new EspalierError(
      `evaluate.cases.classes names ${unknown}, the data set has ${all.map(({ name }) => name).join(', ')}: name one of them`,
    );
  }
  const wanted = settings.classes ?? all.map(({ name }) => name).filter((name) => !BACKGROUND.test(name));
  return all.filter(({ name }) => wanted.includes(name));
}

function folderOf(id: string): string {
  const end = id.lastIndexOf('/');
  return end < 0 ? '.' : id.slice(0, end);
}

/** The slices of a case as one grid, in their order. */
function stackOf({ name, slices }: OpenCase, settings: CasesConfig) {
  const [first] = slices as [AnsweredMap];
  const { width, height } = first.truth;
  const other = slices.find(({ truth }) => truth.width !== width || truth.height !== height);
  if (other) {
    throw new EspalierError(
      `${other.id} is ${other.truth.width}x${other.truth.height}, ${first.id} ${width}x${height}: slices of one case have one size`,
    );
  }
  const stated = settings.spacing ?? (settings.of === 'image' ? first.spacing?.slice(-2) : first.spacing) ?? null;
  if (slices.length > 1 && stated?.length === 2) {
    throw new EspalierError(
      `${name} has ${slices.length} slices and a spacing of rows and columns alone: state evaluate.cases.spacing as slices, rows, columns`,
    );
  }
  const [x = 1, y = 1, z = 1] = stated?.toReversed() ?? [];
  const grid: Grid = { shape: [slices.length, height, width], spacing: [z, y, x] };
  const found: Units = {
    unit: stated ? 'mm' : 'pixels',
    volumeUnit: !stated ? 'pixels' : stated.length === 3 ? 'mL' : 'mm2',
  };
  const voxelVolume = found.volumeUnit === 'mL' ? (x * y * z) / 1000 : x * y * z;
  const joined = (maskOf: (slice: AnsweredMap) => Uint8Array): Uint8Array => {
    if (slices.length === 1) return maskOf(first);
    const whole = new Uint8Array(slices.length * width * height);
    for (const [i, slice] of slices.entries()) whole.set(maskOf(slice), i * width * height);
    return whole;
  };
  return {
    found,
    truth: joined(({ truth }) => truth.mask),
    answer: joined(({ answer }) => answer.mask),
    grid,
    voxelVolume,
  };
}

function classCases(rows: readonly MeasuredRow[], name: string, seed: number): ClassCases {
  const own = rows.filter((row) => row.class === name);
  const figures = REGION_FIGURES.map((figure) => {
    const values = own.flatMap((row) => (isFigure(row, figure) ? [row[figure]] : []));
    const mean = meanWithInterval(values, seed);
    return [figure, mean && { ...mean, cases: values.length }] as const;
  });
  const count = (empty: Empty): number => own.filter((row) => row.empty === empty).length;
  const empty = { truth: count('truth'), answer: count('answer'), both: count('both') };
  return { ...(Object.fromEntries(figures) as Omit<ClassCases, 'empty'>), empty } as ClassCases;
}

const isFigure = <K extends Figure>(row: MeasuredRow, figure: K): row is MeasuredRow & { readonly [F in K]: number } =>
  row[figure] !== null;

function policyOf({ spacing, tolerance, bothEmpty, oneEmpty, largest }: CasesConfig, { unit }: Units): string {
  const where = spacing ? 'evaluate.cases.spacing' : 'the images';
  const lengths = unit === 'mm' ? `Distances are in mm, by the spacing of ${where}` : PIXELS;
  const both = bothEmpty === 'leaveOut' ? 'is left out' : 'counts as perfect (shares 1, distances 0)';
  const distances = oneEmpty === 'diagonal' ? "distances are the grid's diagonal" : 'distances are left out';
  return `${lengths}; surfaces agree up to ${tolerance} ${unit}. A class that neither truth nor answer has ${both}; where only one of them has it, shares are 0 and ${distances}.${largest.length === 0 ? '' : ` Only the largest component of a case is kept of ${largest.join(', ')}.`}`;
}

const PIXELS = 'Distances are in pixels, as no spacing is known (evaluate.cases.spacing states it)';
