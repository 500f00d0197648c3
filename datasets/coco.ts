import { COCO, type InstanceAnnotation, type Violation } from '#coco-ts';
import { DataError } from '../engine/errors.js';
import { admitBoxes, type StatedBox } from './boxes.js';
import { concurrently } from './concurrently.js';
import type { Dataset, Entry } from './dataset.js';
import { requireRegular } from './decode/header.js';
import {
  BACKGROUND,
  type ClassList,
  classIndices,
  classMapLabels,
  labelMap,
  requireClass,
  requireClassMap,
} from './labels.js';
import { type DataRoot, idOf, openRoot, resolveInside } from './paths.js';
import { datasetOf, requireSize } from './read.js';
import type { RegionsTruth, Segmentation } from './regions.js';
import { type DetectionTruth, IGNORED, type LabelMap, type SemanticTruth } from './sample.js';
import { parseRanges } from './split.js';
import { surveyImage } from './survey.js';
import { collectWarnings, type WarningList } from './warnings.js';

export interface CocoOptions<T extends 'detection' | 'segmentation' = 'detection' | 'segmentation'> {
  readonly root: string;
  /** Annotation file, relative to the root: annotations/train.json */
  readonly annotations: string;
  /** Folder of the images, relative to the root; file_name may not leave it. */
  readonly images: string;
  readonly task: T;
  /**
   * Class order, or the labels of the training split. Default: the categories by ascending id; for segmentation with
   * 'background' before them. Segmentation classes without 'background' leave uncovered pixels ignored; a single one
   * gets it.
   */
  readonly classes?: ClassList;
  /** Positions of the images to take, by ascending image id: '0-7'. Default: all. */
  readonly indices?: string;
}

const AT_ONCE = 16;
/** Breaches that make a file useless for training; sizes of zero or less are dropped with a warning instead. */
const FATAL: { readonly [rule in Violation['rule']]?: readonly CocoOptions['task'][] } = {
  'missing-list': ['detection', 'segmentation'],
  'missing-id': ['detection', 'segmentation'],
  'duplicate-id': ['detection', 'segmentation'],
  'unknown-image': ['detection', 'segmentation'],
  'unknown-category': ['detection', 'segmentation'],
  'bad-area': ['detection', 'segmentation'],
  'bad-iscrowd': ['detection', 'segmentation'],
  'bad-polygon': ['segmentation'],
  'bad-rle': ['segmentation'],
};

/** Breaches of a region; an annotation without one is counted with a warning. */
const REGION_RULES: ReadonlySet<Violation['rule']> = new Set(['bad-polygon', 'bad-rle']);

/** What both tasks need of one image. */
interface Picture {
  readonly file: string;
  readonly id: string;
  readonly width: number;
  readonly height: number;
  readonly annotations: readonly InstanceAnnotation[];
}

/**
 * Opens a COCO instances file. Crowd regions are ignored in detection, and are part of their class in segmentation,
 * where smaller regions lie on top of larger ones.
 *
 * @throws DataError naming the file: no JSON, a breach of the format, a missing image, an image of another size than
 *   stated, an unknown class, a file_name that leaves the folder
 */
export function openCoco(options: CocoOptions<'detection'>): Promise<Dataset<DetectionTruth>>;
export function openCoco(options: CocoOptions<'segmentation'>): Promise<Dataset<SemanticTruth>>;
export async function openCoco(options: CocoOptions): Promise<Dataset<DetectionTruth> | Dataset<SemanticTruth>> {
  const root = await openRoot(options.root);
  const json = await resolveInside(root, '', options.annotations, options.annotations);
  const coco = await loadStrict(json, options.task);
  const labels = labelsOf(coco, options, json);
  const indexOf = categoryIndices(coco, labels, json);
  const warnings = collectWarnings();
  const pictures = await listPictures(coco, root, options, { json, warnings });
  if (options.task === 'segmentation') {
    const background = labels.classes.findIndex(({ name }) => name === BACKGROUND);
    const uncovered = background < 0 ? IGNORED : background;
    const entries = pictures.map((picture) => regionsEntry(picture, indexOf, uncovered, warnings));
    return datasetOf<SemanticTruth>(labels, entries, warnings.list());
  }
  const entries = pictures.map((picture) => boxesEntry(picture, indexOf, json, warnings));
  return datasetOf<DetectionTruth>(labels, entries, warnings.list());
}

async function loadStrict(json: string, task: CocoOptions['task']): Promise<COCO> {
  await requireRegular(json);
  try {
    const coco = await COCO.load(json);
    const fatal = coco.violations().filter(({ rule, index }) => {
      const isAbsent = REGION_RULES.has(rule) && !hasRegion(coco.dataset.annotations?.[index]?.segmentation);
      return !isAbsent && FATAL[rule]?.includes(task);
    });
    const [first] = fatal;
    if (first === undefined) return coco;
    const more = fatal.length > 1 ? ` (and ${fatal.length - 1} more)` : '';
    throw new DataError(json, first.message + more);
  } catch (error) {
    if (error instanceof DataError) throw error;
    const [first = ''] = (error as Error).message.split('\n');
    throw new DataError(json, first.startsWith(`${json} `) ? first.slice(json.length + 1) : first);
  }
}

/** The categories of the file by ascending id. */
function categoriesOf(coco: COCO, json: string): LabelMap['classes'] {
  const names = new Set<string>();
  const categories = [...coco.cats.values()].map(({ id, name }) => {
    if (!Number.isInteger(id) || typeof name !== 'string') {
      throw new DataError(
        json,
        `category ${String(id)} needs an integer id below 2^53 and a name: number the categories from 1`,
      );
    }
    if (names.has(name)) throw new DataError(json, `two categories are named '${name}'`);
    names.add(name);
    return { id: id as number, name };
  });
  return categories.sort((a, b) => a.id - b.id);
}

function labelsOf(coco: COCO, { classes, task }: CocoOptions, json: string): LabelMap {
  const categories = categoriesOf(coco, json);
  if (classes !== undefined && 'classes' in classes) return classes;
  const [first] = categories;
  if (first === undefined) throw new DataError(json, 'the file lists no category, so there is no class to learn');
  const isClassMap = task === 'segmentation';
  const background = { id: Math.min(0, first.id - 1), name: BACKGROUND };
  if (classes === undefined) {
    const hasBackground = !isClassMap || categories.some(({ name }) => name === BACKGROUND);
    const labels = { classes: hasBackground ? categories : [background, ...categories] };
    return isClassMap ? requireClassMap(labels) : labels;
  }
  const given = isClassMap ? classMapLabels(classes) : labelMap(classes);
  const names = new Map(categories.map((category) => [category.name, category]));
  const known = new Map(categories.map(({ name }, i) => [name, i]));
  return {
    classes: given.classes.map(({ name }) => {
      if (name === BACKGROUND && isClassMap) return names.get(name) ?? background;
      requireClass(known, name, json);
      return names.get(name) as { id: number; name: string };
    }),
  };
}

/** Category id -> class index, by name; only categories that annotations use must be known. */
function categoryIndices(coco: COCO, labels: LabelMap, json: string): (annotation: InstanceAnnotation) => number {
  const byName = classIndices(labels);
  const byId = new Map([...coco.cats.values()].map(({ id, name }) => [id, byName.get(name as string)]));
  return ({ category_id }) => {
    const index = byId.get(category_id);
    return index ?? requireClass(byName, String(coco.cats.get(category_id)?.name), json);
  };
}

async function listPictures(
  coco: COCO,
  root: DataRoot,
  options: CocoOptions,
  { json, warnings }: { readonly json: string; readonly warnings: WarningList },
): Promise<Picture[]> {
  const images = [...coco.imgs.values()].sort((a, b) => Number(a.id) - Number(b.id) || (a.id < b.id ? -1 : 1));
  if (images.length === 0) throw new DataError(json, 'the file lists no image');
  const positions = options.indices === undefined ? images.keys() : parseRanges(options.indices, images.length);
  const names = new Set<string>();
  const chosen = [...positions].map((position) => {
    const image = images[position] as (typeof images)[number];
    const name = image.file_name;
    if (typeof name !== 'string') throw new DataError(json, `image ${image.id} has no file_name`);
    if (names.has(name)) throw new DataError(json, `file_name '${name}' occurs twice`);
    names.add(name);
    return { ...image, name };
  });
  return concurrently(chosen, AT_ONCE, async ({ id, name, width, height }) => {
    const file = await resolveInside(root, options.images, name, json);
    const found = await surveyImage(file, idOf(root, file), warnings);
    if (width !== undefined && height !== undefined) requireSize(file, found, { width, height });
    const annotations = coco.imgToAnns.get(id) ?? [];
    return { file, id: idOf(root, file), width: found.width, height: found.height, annotations };
  });
}

function boxesEntry(
  { annotations, ...picture }: Picture,
  indexOf: (annotation: InstanceAnnotation) => number,
  json: string,
  warnings: WarningList,
): Entry<DetectionTruth> {
  const boxes = annotations.map((annotation): StatedBox => {
    const { id, bbox, area, iscrowd } = annotation;
    if (!Array.isArray(bbox) || bbox.length !== 4 || !bbox.every(Number.isFinite)) {
      throw new DataError(json, `annotation ${id} has no bbox of four numbers x, y, width, height`);
    }
    const [x, y, width, height] = bbox as [number, number, number, number];
    if (area === undefined) warnings.note('missing-area', picture.id);
    return {
      x1: x,
      y1: y,
      x2: x + width,
      y2: y + height,
      label: indexOf(annotation),
      ignored: Number(iscrowd ?? 0) === 1,
      area: area ?? null,
      degenerate: width <= 0 || height <= 0,
    };
  });
  return { ...picture, truth: admitBoxes(boxes, picture, { file: json, id: picture.id }, warnings) };
}

function regionsEntry(
  { annotations, ...picture }: Picture,
  indexOf: (annotation: InstanceAnnotation) => number,
  uncovered: number,
  warnings: WarningList,
): Entry<RegionsTruth> {
  const drawn = annotations.filter(({ segmentation }) => hasRegion(segmentation));
  const missing = annotations.length - drawn.length;
  if (missing > 0) warnings.note('missing-segmentation', picture.id, missing);
  const regions = drawn
    .map((annotation) => ({ annotation, size: annotation.area ?? boxArea(annotation.bbox) }))
    .sort((a, b) => b.size - a.size)
    .map(({ annotation }) => ({ label: indexOf(annotation), segmentation: annotation.segmentation as Segmentation }));
  return { ...picture, truth: { kind: 'regions', uncovered, regions } };
}

/** Exporters write none for a box as nothing, null or an empty list. */
function hasRegion(segmentation: unknown): boolean {
  return segmentation != null && !(Array.isArray(segmentation) && segmentation.length === 0);
}

function boxArea(bbox: readonly number[] | undefined): number {
  return (bbox?.[2] ?? 0) * (bbox?.[3] ?? 0);
}
