import { IMAGENET } from '../backbones/backbone.js';
import { type Census, countSmaller, takeCensus } from '../datasets/census.js';
import { type Finding, finding, type PitfallNumber } from '../datasets/check/pitfalls.js';
import type { Dataset } from '../datasets/dataset.js';
import { formatOf } from '../datasets/formats/index.js';
import { BACKGROUND } from '../datasets/labels.js';
import { isOverlapping } from '../datasets/overlap.js';
import { IGNORED } from '../datasets/sample.js';
import { DataError } from '../engine/errors.js';
import type { Task } from '../heads/index.js';
import { headOf as headDefinition } from '../heads/index.js';
import { trainAugmentation } from './augmentation.js';
import { finestCell } from './network.js';
import type { Experiment } from './schema.js';

/** What a training on these images would come to. */
export interface Learnable {
  /** Why nothing would be learned: no object, or nothing to tell apart. */
  readonly problem: Finding | null;
  /** What may be meant: classes without objects, objects too small to be seen. */
  readonly warnings: readonly Finding[];
}

/** Looks, before the first step, for what would make a training learn nothing, or not what is meant. */
export function checkLearnable(experiment: Experiment, train: Dataset): Learnable {
  const census = takeCensus(train);
  const { unlearnable } = headDefinition(experiment.model.head);
  const problem =
    NOTHING[census.counted](experiment, train, census) ?? unlearnt(unlearnable?.(experiment.model.head, train));
  if (problem !== null) return { problem, warnings: [] };
  return { problem, warnings: [...absentClasses(experiment, train, census), ...vanishing(experiment, train)] };
}

/** Why nothing can be learned, by what there is to count; null: something can. */
const NOTHING: {
  readonly [K in Census['counted']]: (experiment: Experiment, train: Dataset, census: Census) => Finding | null;
} = {
  objects: (experiment, train, census) => noObject(train, census, ignoredPitfall(experiment)),
  regions: noClassMap,
  pixels: noClassMap,
  images: () => null,
};

/** What the format calls objects that are not learned. */
export const ignoredWord = ({ data }: Experiment): 'crowd' | 'difficult' => formatOf(data).ignored ?? 'crowd';

const ignoredPitfall = (experiment: Experiment): PitfallNumber => (ignoredWord(experiment) === 'crowd' ? 16 : 18);

/** What is thrown for a data set of which nothing would be learned. */
export const learnableError = ({ source }: Dataset, { message }: Finding): DataError => new DataError(source, message);

const error = (pitfall: Finding['pitfall'], message: string): Finding =>
  finding(pitfall, 'train', message, [], 'error');

/** What a head says itself of data that it cannot learn from. */
const unlearnt = (message: string | null | undefined): Finding | null => (message == null ? null : error(65, message));

/** What an evaluation on these images could not measure. */
export function describeMeasurable(
  val: Dataset,
  { nothingMeasured }: Pick<Task, 'nothingMeasured'>,
): readonly string[] {
  const { counts } = takeCensus(val);
  if (counts.some((count) => count > 0)) return [];
  return [`${nothingMeasured} stays absent, no checkpoint is called the best, and the last one is the result`];
}

function noObject(
  { size, warnings }: Dataset,
  { counts, ignored }: Census,
  ignoredPitfall: PitfallNumber,
): Finding | null {
  if (counts.some((count) => count > 0)) return null;
  const bare = warnings.find(({ code }) => code === 'missing-mask');
  if (bare !== undefined) {
    return error(
      63,
      `not one of the ${bare.count} objects of the ${size} training images has a segmentation, so there is no mask to learn: export polygons or RLE, or learn boxes with task: detection`,
    );
  }
  if (ignored > 0) {
    return error(
      ignoredPitfall,
      `all ${ignored} objects of the ${size} training images are crowd or difficult ones, which are never learned from: set iscrowd (COCO; some tools write 1 for every brush mask) or difficult (VOC) to 0 where an object is to be found`,
    );
  }
  const dropped = warnings.filter(({ code }) => code === 'degenerate-box' || code === 'box-missed');
  const boxes = dropped.reduce((sum, { count }) => sum + count, 0);
  const but = boxes === 0 ? '' : ` (${boxes} boxes without a pixel of the image were dropped)`;
  return error(
    65,
    `the ${size} training images have not one object${but}, so there is nothing to learn: check the export, or name the annotations in data.train`,
  );
}

function noClassMap(experiment: Experiment, train: Dataset, { counts }: Census): Finding | null {
  const present = train.labels.classes.filter((_, index) => (counts[index] ?? 0) > 0).map(({ name }) => name);
  if (present.length > (isOverlapping(train.labels) ? 0 : 1)) return null;
  const missing = train.warnings.find(({ code }) => code === 'missing-segmentation');
  const objects = present.filter((name) => name !== BACKGROUND);
  if (missing !== undefined && objects.length === 0) {
    return error(
      63,
      `none of the ${missing.count} annotations has a segmentation, so there is nothing to segment: export polygons or RLE, or learn boxes with task: detection`,
    );
  }
  const [only] = present;
  const found = only === undefined ? 'no pixel has a class' : `'${only}' is the only class with pixels`;
  return error(
    isUnnamed(experiment, train) ? 21 : 65,
    `${found} in the ${train.size} training images, so there is nothing to tell apart: ${remedy(experiment, train)}`,
  );
}

/** The value that means "not labelled" unless a table says otherwise, in masks without a table. */
const isUnnamed = ({ data }: Experiment, { maskValues }: Dataset): boolean =>
  !hasValues(data) && maskValues?.has(IGNORED) === true;

function remedy({ data }: Experiment, { maskValues, advice = 'check the annotations' }: Dataset): string {
  if (maskValues === undefined) return advice;
  const values = [...maskValues.keys()].sort((a, b) => a - b);
  const shown = `the masks hold ${values.slice(0, 8).join(', ')}${values.length > 8 ? ', ...' : ''}`;
  if (hasValues(data) || !values.includes(IGNORED)) return `${shown}; check them, data.classes and data.values`;
  return `${shown}, of which ${IGNORED} means not labelled unless values says otherwise; ${advice}`;
}

/** Whether a config says what mask values mean. */
const hasValues = (data: Experiment['data']): boolean =>
  'values' in data && Object.keys(Object(data.values)).length > 0;

function absentClasses({ data }: Experiment, { labels, maskValues }: Dataset, { counted, counts }: Census): Finding[] {
  const absent = labels.classes.filter((_, index) => counts[index] === 0).map(({ name }) => name);
  if (absent.length === 0) return [];
  const more = absent.length > 5 ? ` and ${absent.length - 5} more` : '';
  const isSuspect = maskValues?.has(IGNORED) === true && !hasValues(data);
  const hint = isSuspect ? `; ${IGNORED} means not labelled: if it is one of them, give values` : '';
  const message = `${absent.length} of ${labels.classes.length} classes have no ${counted} to learn from: ${absent.slice(0, 5).join(', ')}${more}${hint}`;
  return [finding(54, 'train', message)];
}

function vanishing(experiment: Experiment, train: Dataset): Finding[] {
  const { inputSize } = experiment.model;
  const cell = finestCell(experiment.model);
  const [height, width] = inputSize;
  const isNative = trainAugmentation(experiment, inputSize, IMAGENET).fit === 'native';
  const { smaller, total } = countSmaller(train, (rows, columns) => {
    const side = isNative ? cell : cell / Math.min(height / rows, width / columns);
    return [side, side];
  });
  if (smaller * 2 <= total) return [];
  const message = `${smaller} of ${total} objects are smaller than a cell of the finest map (${cell} x ${cell} pixels) in an input of ${height} x ${width} pixels and will hardly be learned: raise model.inputSize, or cut the images into tiles`;
  return [finding(43, 'train', message)];
}
