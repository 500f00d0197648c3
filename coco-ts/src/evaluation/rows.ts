import type { Id, KeypointAnnotation } from '../annotation.js';
import type { COCO } from '../coco.js';
import { CocoError } from '../errors.js';
import { type Runs, runsArea, runsBox } from '../mask/runs.js';
import type { Params } from './params.js';

/** Annotations of one side as columns: what matching reads and nothing else. Row r of every column is one annotation. */
export interface Rows {
  readonly count: number;
  readonly id: Float64Array;
  /** Position of the image in the sorted imgIds. */
  readonly image: Int32Array;
  /** Position of the category in the list of cells, 0 when categories are pooled. */
  readonly category: Int32Array;
  readonly area: Float64Array;
  readonly score: Float64Array;
  readonly crowd: Uint8Array;
  readonly ignore: Uint8Array;
  /** x, y, width, height per row; empty for keypoints of detections. */
  readonly boxes: Float64Array;
  readonly masks: readonly Runs[] | null;
  readonly maskAreas: Float64Array | null;
  /** x, y, visibility per point and row. */
  readonly keypoints: readonly Float64Array[] | null;
}

/** Rows of one image and category: order[start[cell]..start[cell + 1]), cell = category * images + image. */
export interface Cells {
  readonly rows: Rows;
  readonly order: Int32Array;
  readonly start: Int32Array;
}

/** Everything `evaluate` needs of one side, in pycocotools' order. @throws CocoError where a needed field is missing */
export function collectRows(coco: COCO, side: 'truth' | 'detection', params: Params): Cells {
  const anns = select(coco, params);
  const imageIndex = new Map(params.imgIds.map((id, index) => [id, index]));
  const pooled = Number(params.useCats) !== 1;
  const categoryIndex = new Map<Id, number>();
  for (const [index, id] of params.catIds.entries()) if (!categoryIndex.has(id)) categoryIndex.set(id, index);
  const kept: KeypointAnnotation[] = [];
  const images: number[] = [];
  const categories: number[] = [];
  for (const ann of anns) {
    const image = imageIndex.get(ann.image_id);
    const category = categoryIndex.get(ann.category_id);
    if (image === undefined || category === undefined) continue;
    kept.push(ann);
    images.push(image);
    categories.push(category);
  }
  const rows = toRows(coco, side, params, kept, images, categories);
  return pooled ? pool(rows, params) : group(rows, params.imgIds.length, params.catIds.length);
}

/** loadAnns(getAnnIds(...)): of annotations sharing an id the last one stands in for each. */
function select(coco: COCO, params: Params): KeypointAnnotation[] {
  const ids =
    Number(params.useCats) === 1 ? coco.getAnnIds(params.imgIds, params.catIds) : coco.getAnnIds(params.imgIds);
  return coco.loadAnns(ids) as KeypointAnnotation[];
}

function toRows(
  coco: COCO,
  side: 'truth' | 'detection',
  params: Params,
  anns: readonly KeypointAnnotation[],
  images: number[],
  categories: number[],
): Rows {
  const n = anns.length;
  const truth = side === 'truth';
  const type = params.iouType;
  const crowd = new Uint8Array(n);
  const ignore = new Uint8Array(n);
  const area = new Float64Array(n);
  const score = new Float64Array(n);
  for (const [r, ann] of anns.entries()) {
    if (truth) {
      crowd[r] = Number(need(ann, 'iscrowd')) ? 1 : 0;
      ignore[r] = crowd[r]!;
      if (type === 'keypoints' && Number(need(ann, 'num_keypoints')) === 0) ignore[r] = 1;
      area[r] = ignore[r] ? Number(ann.area ?? 0) : need(ann, 'area');
    } else {
      score[r] = need(ann, 'score');
      area[r] = need(ann, 'area');
    }
  }
  const masks = type === 'segm' ? anns.map((ann) => coco.annToRuns(ann)) : null;
  const boxes = new Float64Array(type === 'keypoints' && !truth ? 0 : 4 * n);
  if (masks) for (const [r, mask] of masks.entries()) runsBox(mask, boxes, 4 * r);
  else if (boxes.length > 0) for (const [r, ann] of anns.entries()) boxes.set(boxOf(ann), 4 * r);
  return {
    count: n,
    id: Float64Array.from(anns, (ann) => ann.id),
    image: Int32Array.from(images),
    category: Int32Array.from(categories),
    area,
    score,
    crowd,
    ignore,
    boxes,
    masks,
    maskAreas: masks && Float64Array.from(masks, runsArea),
    keypoints: type === 'keypoints' ? anns.map((ann) => pointsOf(ann, params)) : null,
  };
}

function need(ann: KeypointAnnotation, key: 'iscrowd' | 'num_keypoints' | 'area' | 'score'): number {
  const value: unknown = ann[key];
  if (value === undefined) throw new CocoError(`annotation ${ann.id} has no ${key}`, 'KeyError');
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'number')
    throw new CocoError(`annotation ${ann.id}: ${key} ${String(value)} is not a number`, 'TypeError');
  return value;
}

function boxOf(ann: KeypointAnnotation): readonly number[] {
  const box = ann.bbox;
  if (box === undefined) throw new CocoError(`annotation ${ann.id} has no bbox`, 'KeyError');
  if (!Array.isArray(box) || box.length !== 4)
    throw new CocoError(`annotation ${ann.id}: bbox needs exactly 4 numbers`, 'TypeError');
  return box;
}

function pointsOf(ann: KeypointAnnotation, params: Params): Float64Array {
  const points = ann.keypoints;
  if (points === undefined) throw new CocoError(`annotation ${ann.id} has no keypoints`, 'KeyError');
  const wanted = params.kpt_oks_sigmas.length;
  if (points.length !== 3 * wanted) {
    throw new CocoError(
      `annotation ${ann.id} has ${points.length} keypoint numbers, kpt_oks_sigmas names ${wanted} points: 3 numbers each`,
      'ValueError',
    );
  }
  return Float64Array.from(points);
}

/** Groups rows stably by cell. */
export function group(rows: Rows, images: number, categories: number): Cells {
  const start = new Int32Array(images * categories + 1);
  const cell = (r: number): number => rows.category[r]! * images + rows.image[r]!;
  for (let r = 0; r < rows.count; r++) start[cell(r) + 1] = start[cell(r) + 1]! + 1;
  for (let i = 1; i < start.length; i++) start[i] = start[i]! + start[i - 1]!;
  const next = start.slice();
  const order = new Int32Array(rows.count);
  for (let r = 0; r < rows.count; r++) {
    const at = cell(r);
    order[next[at]!] = r;
    next[at] = next[at]! + 1;
  }
  return { rows, order, start };
}

/** One cell per image, filled in the order of catIds as the user gave them; an id given twice counts twice. */
function pool(rows: Rows, params: Params): Cells {
  const images = params.imgIds.length;
  const byCategory = group(rows, images, params.catIds.length);
  const first = new Map<Id, number>();
  for (const [index, id] of params.catIds.entries()) if (!first.has(id)) first.set(id, index);
  const order: number[] = [];
  const start = new Int32Array(images + 1);
  for (let image = 0; image < images; image++) {
    for (const id of params.catIds) {
      const cell = first.get(id)! * images + image;
      for (let p = byCategory.start[cell]!; p < byCategory.start[cell + 1]!; p++) order.push(byCategory.order[p]!);
    }
    start[image + 1] = order.length;
  }
  return { rows, order: Int32Array.from(order), start };
}
