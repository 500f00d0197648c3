import type { Dataset } from './annotation.js';
import { CocoError, MaskError } from './errors.js';
import { type Rle, toRuns } from './mask/runs.js';
import { shown } from './shown.js';

/** One breach of the format. */
export interface Violation {
  readonly list: 'dataset' | 'images' | 'annotations' | 'categories';
  /** Position in that list, or -1 for the file as a whole. */
  readonly index: number;
  readonly rule:
    | 'missing-list'
    | 'duplicate-id'
    | 'missing-id'
    | 'bad-size'
    | 'unknown-image'
    | 'unknown-category'
    | 'bad-bbox'
    | 'bad-area'
    | 'bad-iscrowd'
    | 'bad-polygon'
    | 'bad-rle'
    | 'bad-keypoints';
  readonly message: string;
}

/** A file that breaks the format, read in strict mode. The message names the first violations, `violations` is all of them. */
export class FormatError extends CocoError {
  readonly violations: readonly Violation[];

  constructor(violations: readonly Violation[]) {
    const named = violations.slice(0, NAMED).map(({ message }) => `\n  ${message}`);
    const rest = violations.length > NAMED ? `\n  and ${violations.length - NAMED} more` : '';
    super(`${violations.length} violations of the COCO format:${named.join('')}${rest}`, 'ValueError');
    this.violations = violations;
  }
}

const NAMED = 20;

type Record_ = Record<string, unknown>;
type Add = (list: Violation['list'], index: number, rule: Violation['rule'], what: string) => void;

/** Lists every violation of the COCO format in a data set, in file order. */
export function listViolations(dataset: Dataset): Violation[] {
  const found: Violation[] = [];
  const add: Add = (list, index, rule, what) => {
    found.push({ list, index, rule, message: index < 0 ? what : `${list}[${index}]: ${what}` });
  };
  for (const list of ['images', 'annotations', 'categories'] as const) {
    const value: unknown = dataset[list];
    if (!Array.isArray(value) && !(list === 'categories' && dataset.annotations?.[0]?.caption !== undefined)) {
      add('dataset', -1, 'missing-list', `the file has no list of ${list}`);
    }
  }
  const images = idIndex(dataset.images, 'images', add);
  const categories = idIndex(dataset.categories, 'categories', add);
  idIndex(dataset.annotations, 'annotations', add);
  for (const [index, image] of asRecords(dataset.images).entries()) {
    if (!isPixels(image.height) || !isPixels(image.width)) {
      add(
        'images',
        index,
        'bad-size',
        `height ${shown(image.height)} and width ${shown(image.width)} must be positive integers`,
      );
    }
  }
  for (const [index, ann] of asRecords(dataset.annotations).entries()) {
    const image = images.get(ann.image_id);
    if (image === undefined)
      add('annotations', index, 'unknown-image', `image_id ${shown(ann.image_id)} is not in images`);
    if ('category_id' in ann && !categories.has(ann.category_id)) {
      add('annotations', index, 'unknown-category', `category_id ${shown(ann.category_id)} is not in categories`);
    }
    checkNumbers(ann, index, add);
    if (isGiven(ann)) checkSegmentation(ann.segmentation, image, index, add);
  }
  return found;
}

/** Tools that draw boxes write no polygon, or null, beside them. */
const isGiven = ({ segmentation, bbox }: Record_): boolean =>
  segmentation !== undefined &&
  (bbox === undefined || !(segmentation === null || (Array.isArray(segmentation) && segmentation.length === 0)));

const asRecords = (list: unknown): readonly Record_[] =>
  Array.isArray(list)
    ? list.map((item: unknown) => (typeof item === 'object' && item !== null ? (item as Record_) : {}))
    : [];

const isPixels = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value > 0;

function idIndex(list: unknown, name: Violation['list'], add: Add): Map<unknown, Record_> {
  const index = new Map<unknown, Record_>();
  for (const [position, record] of asRecords(list).entries()) {
    if (record.id === undefined) add(name, position, 'missing-id', 'has no id');
    else if (index.has(record.id)) add(name, position, 'duplicate-id', `id ${shown(record.id)} occurs before`);
    else index.set(record.id, record);
  }
  return index;
}

function checkNumbers(ann: Record_, index: number, add: Add): void {
  // Null is what some tools write where there is nothing.
  const [bbox, area, iscrowd, keypoints] = [ann.bbox, ann.area, ann.iscrowd, ann.keypoints].map(
    (value) => value ?? undefined,
  );
  if (bbox !== undefined) {
    const numbers = Array.isArray(bbox) && bbox.length === 4 && bbox.every(Number.isFinite);
    if (!numbers) add('annotations', index, 'bad-bbox', 'bbox must be 4 finite numbers x, y, width, height');
    else if (bbox[2] < 0 || bbox[3] < 0)
      add('annotations', index, 'bad-bbox', `bbox has the negative size ${bbox[2]} x ${bbox[3]}`);
  }
  if (area !== undefined && !(typeof area === 'number' && area >= 0 && area < Infinity)) {
    add('annotations', index, 'bad-area', `area ${shown(area)} must be a number of square pixels`);
  }
  if (iscrowd !== undefined && Number(iscrowd) !== 0 && Number(iscrowd) !== 1)
    add('annotations', index, 'bad-iscrowd', `iscrowd ${shown(iscrowd)} must be 0 or 1`);
  if (
    keypoints !== undefined &&
    !(Array.isArray(keypoints) && keypoints.length % 3 === 0 && keypoints.every(Number.isFinite))
  ) {
    add('annotations', index, 'bad-keypoints', 'keypoints must be finite numbers x, y, visibility per point');
  }
}

function checkSegmentation(segmentation: unknown, image: Record_ | undefined, index: number, add: Add): void {
  if (Array.isArray(segmentation)) {
    if (segmentation.length === 0) add('annotations', index, 'bad-polygon', 'segmentation has no polygon');
    for (const [part, polygon] of segmentation.entries()) {
      const why = polygonFault(polygon);
      if (why) add('annotations', index, 'bad-polygon', `polygon ${part} ${why}`);
    }
    return;
  }
  try {
    const runs = toRuns(segmentation as Rle);
    const filled = runs.counts.reduce((sum, run) => sum + run, 0);
    const pixels = runs.height * runs.width;
    if (filled !== pixels) add('annotations', index, 'bad-rle', `the runs cover ${filled} of ${pixels} pixels`);
    if (image && isPixels(image.height) && (runs.height !== image.height || runs.width !== image.width)) {
      add(
        'annotations',
        index,
        'bad-rle',
        `the mask is ${runs.height} x ${runs.width}, its image ${image.height} x ${shown(image.width)}`,
      );
    }
  } catch (error) {
    if (!(error instanceof MaskError)) throw error;
    add('annotations', index, 'bad-rle', error.message);
  }
}

function polygonFault(polygon: unknown): string | undefined {
  if (!Array.isArray(polygon) || !polygon.every(Number.isFinite)) return 'must be finite numbers x0, y0, x1, y1, ...';
  if (polygon.length % 2 !== 0) return `has the odd count ${polygon.length}`;
  return polygon.length < 6 ? `has ${polygon.length / 2} points, 3 are needed` : undefined;
}
