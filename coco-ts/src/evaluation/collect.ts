import type { KeypointAnnotation } from '../annotation.js';
import type { COCO } from '../coco.js';
import { CocoError } from '../errors.js';
import { boundaryPool } from '../mask/boundary.js';
import { measure, RunPool } from '../mask/pool.js';
import { wrongPoints } from '../scan/points.js';
import { shown } from '../shown.js';
import { columnRows } from './columnRows.js';
import type { Params } from './params.js';
import { coordinates, positions, type Rows, type Side } from './rows.js';

/**
 * Everything `evaluate` needs of one side, in pycocotools' order.
 * @throws CocoError where a needed field is missing
 */
export function collectRows(coco: COCO, side: Side, params: Params): Rows {
  const columns = coco.columns();
  return (columns && columnRows(coco, columns, side, params)) ?? objectRows(coco, side, params);
}

function objectRows(coco: COCO, side: Side, params: Params): Rows {
  const imageIndex = positions(params.imgIds);
  const categoryIndex = positions(params.catIds);
  const anns = select(coco, params).filter((ann) => imageIndex.has(ann.image_id) && categoryIndex.has(ann.category_id));
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
  const boxes = new Float64Array(type === 'keypoints' && !truth ? 0 : 4 * n);
  const masks = type === 'segm' || type === 'boundary' ? new RunPool(n) : null;
  if (masks) {
    for (const [r, ann] of anns.entries()) masks.set(r, coco.annToRuns(ann));
    measure(masks, [...anns.keys()], null, boxes);
  } else if (boxes.length > 0) for (const [r, ann] of anns.entries()) boxes.set(boxOf(ann), 4 * r);
  return {
    count: n,
    id: Float64Array.from(anns, (ann) => ann.id),
    image: Int32Array.from(anns, (ann) => imageIndex.get(ann.image_id)!),
    category: Int32Array.from(anns, (ann) => categoryIndex.get(ann.category_id)!),
    area,
    score,
    crowd,
    ignore,
    boxes,
    masks,
    edges: masks && type === 'boundary' ? boundaryPool(masks, n, anns.keys()) : null,
    keypoints: type === 'keypoints' ? pointColumn(anns, params, truth) : null,
  };
}

/** loadAnns(getAnnIds(...)): of annotations sharing an id the last one stands in for each. */
function select(coco: COCO, params: Params): KeypointAnnotation[] {
  const ids =
    Number(params.useCats) === 1 ? coco.getAnnIds(params.imgIds, params.catIds) : coco.getAnnIds(params.imgIds);
  return coco.loadAnns(ids) as KeypointAnnotation[];
}

function need(ann: KeypointAnnotation, key: 'iscrowd' | 'num_keypoints' | 'area' | 'score'): number {
  const value: unknown = ann[key];
  if (value === undefined) throw new CocoError(`annotation ${shown(ann.id)} has no ${key}`, 'KeyError');
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value !== 'number')
    throw new CocoError(`annotation ${shown(ann.id)}: ${key} ${shown(value)} is not a number`, 'TypeError');
  return value;
}

function boxOf(ann: KeypointAnnotation): readonly number[] {
  const box = ann.bbox;
  if (box === undefined) throw new CocoError(`annotation ${shown(ann.id)} has no bbox`, 'KeyError');
  if (!Array.isArray(box) || box.length !== 4)
    throw new CocoError(`annotation ${shown(ann.id)}: bbox needs exactly 4 numbers`, 'TypeError');
  return box;
}

function pointColumn(anns: readonly KeypointAnnotation[], params: Params, truth: boolean): Float64Array<ArrayBuffer> {
  const per = 3 * params.kpt_oks_sigmas.length;
  const out = new Float64Array(per * anns.length);
  for (const [r, { id, keypoints }] of anns.entries()) {
    if (keypoints === undefined) throw new CocoError(`annotation ${shown(id)} has no keypoints`, 'KeyError');
    if (keypoints.length !== per) throw new CocoError(wrongPoints(id, keypoints.length, per), 'ValueError');
    out.set(keypoints, per * r);
  }
  return truth ? out : coordinates(out);
}
