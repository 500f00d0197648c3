import { openSplit, type SplitName } from '../../configs/datasets.js';
import type { Run } from '../../configs/run.js';
import { printOf } from '../../datasets/check/survey.js';
import type { Dataset } from '../../datasets/dataset.js';
import { setPairs } from '../../datasets/evaluators/confusion.js';
import {
  type Answered,
  bestFirst,
  boxIou,
  type CaseReport,
  createConfusion,
  type Estimate,
  labelPairs,
  labelSuspicions,
  matchBoxes,
  type Suspicion,
} from '../../datasets/evaluators/index.js';
import {
  type Drawable,
  encodeJpeg,
  type Fingerprint,
  type Shapes,
  shapesOf,
  thumbnailOf,
} from '../../datasets/pictures/index.js';
import { type ClassScores, classMapOf, IGNORED, type LabelMap, labelsOf, type Sample } from '../../datasets/sample.js';
import { valueAt } from '../../engine/checked.js';
import { EspalierError } from '../../engine/errors.js';
import { imageError } from '../../training/run/index.js';
import { addToCases, caseEvaluatorOf } from '../cases.js';
import { type AlikeImages, findAlikeImages } from './alike.js';
import { headlineInterval, partOf } from './headline.js';
import { createSlices, type SliceFigures } from './slices.js';

/** One image of a report. */
export interface ReportImage {
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly truth: Shapes;
  readonly answer: Shapes;
  /** Share that was answered wrongly, 0..1. */
  readonly error: number;
  /** Positions of boxes, in the lists of the shapes: answers that found nothing, truths that were not found. */
  readonly extra: readonly number[];
  readonly missed: readonly number[];
  /** Cells of the confusion that the image counts in: 'truth answer', class indices. */
  readonly cells: readonly string[];
  readonly suspicions: readonly Suspicion[];
  /** Wrong pixels of class maps, and those of them near a border of the truth. */
  readonly wrong: readonly [pixels: number, nearBorder: number] | null;
  readonly jpeg: Uint8Array;
}

/** What a run answers on a split. */
export interface Gathered {
  readonly dataset: Dataset;
  readonly report: { readonly [name: string]: unknown };
  readonly images: readonly ReportImage[];
  /** Predicted boxes; empty for other truths. */
  readonly answered: readonly Answered[];
  /** Images that look alike. */
  readonly alike: AlikeImages;
  /** Image classification: 1 where the most probable class is the image's, or one of its classes, else 0. */
  readonly right: readonly number[];
  /** As `createConfusion` counts. */
  readonly confusion: readonly (readonly number[])[];
  /** Confusion matrix of each image, where truths are class maps. */
  readonly confusions: readonly (readonly (readonly number[])[])[];
  /** Figures per case; null: the task has none. */
  readonly cases: CaseReport | null;
  /** Figures of groups of images; empty where none were asked for. */
  readonly slices: readonly SliceFigures[];
}

export interface GatherOptions {
  readonly split: SplitName;
  /** Replaces data.root. */
  readonly root?: string | undefined;
  /** Longest side of a thumbnail, pixels. */
  readonly side: number;
  /** File that says what groups of images there are. */
  readonly slices?: string | undefined;
}

/** No training images are no fault of a report. */
function absent(error: unknown): null {
  if (error instanceof EspalierError) return null;
  throw error;
}

/** Answers a split with a run, as `espalier evaluate` does, and keeps what there is to see of every image. */
export async function gather(run: Run, { split, root, side, slices: file }: GatherOptions): Promise<Gathered> {
  const { data, evaluate } = run.experiment;
  const experiment = { ...run.experiment, data: { ...data, root: root ?? data.root } };
  const dataset = await openSplit(experiment, split, run.labels);
  const training = split === 'train' ? null : await openSplit(experiment, 'train', run.labels).catch(absent);
  const images: ReportImage[] = [];
  const answered: Answered[] = [];
  const prints: (Fingerprint | string)[] = [];
  const confusions: number[][][] = [];
  const right: number[] = [];
  const confusion = createConfusion(run.labels.classes.length, evaluate.drawThreshold);
  const cases = caseEvaluatorOf(run);
  const slices = file === undefined ? null : await createSlices(file, run, dataset);
  const report = await run.network.measure(dataset, {
    alsoIn: slices?.evaluatorsOf,
    onAnswer: (sample, answer) => {
      if (cases) addToCases(cases, sample, answer);
      confusion.add(sample.truth, answer);
      if (classMapOf(sample.truth)) confusions.push(confusionOf(sample, answer, run.labels));
      images.push(imageOf(sample, answer, evaluate.drawThreshold, side));
      prints.push(printOf(sample.image, sample.id, dataset.deep !== undefined));
      if ('boxes' in sample.truth && 'scores' in answer) answered.push({ truth: sample.truth, result: answer });
      const labels = labelsOf(sample.truth);
      if (labels && 'probabilities' in answer) right.push(isRight(labels.labels, answer));
    },
  });
  const measured = { answered, confusions, right };
  const positions = new Map(images.map(({ id }, position) => [id, position]));
  const { maxDetections } = run.network.limits;
  /** Interval of the headline of the images of a slice. */
  const intervalOf = (ids: ReadonlySet<string>): Estimate | null => {
    const kept = new Set([...ids].map((id) => positions.get(id)));
    const part = partOf(measured, (position) => kept.has(position));
    return headlineInterval(run.network.task, part, { labels: run.labels, maxDetections });
  };
  return {
    dataset,
    report,
    images,
    ...measured,
    alike: await findAlikeImages(dataset, prints, training),
    confusion: confusion.rows(),
    cases: cases?.report() ?? null,
    slices: slices?.figures(intervalOf) ?? [],
  };
}

function isRight(labels: Int32Array, { probabilities }: ClassScores): number {
  const [best = -1] = bestFirst(probabilities, 1);
  return labels.includes(best) ? 1 : 0;
}

function confusionOf({ truth }: Sample, answer: Drawable, { classes }: LabelMap): number[][] {
  const confusion = createConfusion(classes.length, 0);
  confusion.add(truth, answer);
  return confusion.rows();
}

function imageOf({ id, image, truth }: Sample, answer: Drawable, threshold: number, side: number): ReportImage {
  const boxes = 'boxes' in truth && 'scores' in answer ? matchBoxes(truth, answer, { threshold }) : null;
  return {
    id,
    width: image.width,
    height: image.height,
    truth: shapesOf(truth),
    answer: shapesOf(answer, threshold),
    error: imageError(truth, answer, threshold),
    extra: boxes?.extra ?? [],
    missed: boxes?.missed ?? [],
    cells: 'mask' in truth && 'mask' in answer ? pairsOf(truth, answer.mask) : cellsOf(truth, answer, threshold),
    suspicions: 'boxes' in truth && 'scores' in answer ? labelSuspicions(truth, answer, Math.max(0.5, threshold)) : [],
    wrong: 'mask' in truth && 'mask' in answer ? wrongPixels(truth, answer.mask) : null,
    jpeg: encodeJpeg(thumbnailOf(image, side), 75),
  };
}

/** As `createConfusion` pairs them: nothing is -1. */
function cellsOf(truth: Sample['truth'], answer: Drawable, threshold: number): readonly string[] {
  const labels = labelsOf(truth);
  if (labels && 'probabilities' in answer) {
    return labelPairs(labels, answer).map(([label, answered]) => `${label ?? -1} ${answered ?? -1}`);
  }
  if (!('boxes' in truth) || !('scores' in answer)) return [];
  const free = new Set(truth.labels.keys());
  const cells = new Set<string>();
  for (let d = 0; d < answer.labels.length; d++) {
    if (valueAt(answer.scores, d) < threshold) continue;
    let [best, most] = [-1, 0.5];
    for (const m of free) {
      const iou = boxIou(truth.boxes, m, answer.boxes, d);
      if (iou >= most) [best, most] = [m, iou];
    }
    if (best >= 0 && truth.ignored[best] === 1) continue;
    free.delete(best);
    cells.add(`${best < 0 ? -1 : truth.labels[best]} ${answer.labels[d]}`);
  }
  for (const m of free) if (truth.ignored[m] === 0) cells.add(`${truth.labels[m]} -1`);
  return [...cells];
}

/** Classes of the truth with what their pixels were answered as. */
function pairsOf(
  { mask: truth, overlaps }: { readonly mask: Uint8Array; readonly overlaps?: true },
  answer: Uint8Array,
): readonly string[] {
  const seen = new Uint8Array(2 ** 16);
  for (let i = 0; i < truth.length; i++) seen[truth[i]! * 256 + answer[i]!] = 1;
  const cells: string[] = [];
  if (overlaps) {
    const found = [...seen.keys()]
      .filter((pair) => seen[pair] === 1)
      .flatMap((pair) => setPairs(pair >> 8, pair & 255));
    return [...new Set(found.map(([label, answered]) => `${label ?? -1} ${answered ?? -1}`))];
  }
  for (const [pair, isSeen] of seen.entries()) {
    if (isSeen === 1 && pair >> 8 !== IGNORED) cells.push(`${pair >> 8} ${pair & 255}`);
  }
  return cells;
}

/** Pixels from a border of the truth that count as near it. */
const NEAR = 3;

function wrongPixels(
  { mask, width, height }: { mask: Uint8Array; width: number; height: number },
  answer: Uint8Array,
): readonly [number, number] {
  let [wrong, near] = [0, 0];
  const differs = (x: number, y: number, label: number): boolean => {
    const other = x >= 0 && y >= 0 && x < width && y < height ? mask[y * width + x]! : label;
    return other !== label;
  };
  for (let at = 0; at < mask.length; at++) {
    const label = mask[at]!;
    if (label === IGNORED || label === answer[at]) continue;
    wrong++;
    const [x, y] = [at % width, Math.floor(at / width)];
    const steps = Array.from({ length: NEAR }, (_, i) => i + 1);
    if (
      steps.some(
        (d) =>
          differs(x - d, y, label) || differs(x + d, y, label) || differs(x, y - d, label) || differs(x, y + d, label),
      )
    )
      near++;
  }
  return [wrong, near];
}
