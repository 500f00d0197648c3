import type { Annotated } from '../annotated.js';
import type { Id, KeypointAnnotation } from '../annotation.js';
import { need, valueAt } from '../checked.js';
import type { COCO } from '../coco.js';
import { CocoError } from '../errors.js';
import { boundaryPool } from '../mask/boundary.js';
import { measure, RunPool } from '../mask/pool.js';
import { wrongPoints } from '../scan/points.js';
import { shown } from '../shown.js';
import { columnRows } from './columnRows.js';
import { derivedArea, emptyTally, labelledPoints, missing, type Tally } from './derived.js';
import type { Params } from './params.js';
import { coordinates, positions, type Rows, type Side } from './rows.js';

/**
 * Everything `evaluate` needs of one side, in pycocotools' order.
 * @param tally counts what was derived
 * @throws CocoError where a needed field is missing and cannot be derived
 */
export function collectRows(coco: Annotated, side: Side, params: Params, tally: Tally = emptyTally()): Rows {
  const { columns } = coco;
  const rows =
    (columns && columnRows(coco, columns, side, params, tally)) ?? objectRows(coco.objects(), side, params, tally);
  return side === 'truth' ? markedTruths(rows, params, tally) : markedDetections(rows, params);
}

function objectRows(coco: COCO, side: Side, params: Params, tally: Tally): Rows {
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
      crowd[r] = numberOf(ann, 'iscrowd', tally, () => 0) === 0 ? 0 : 1;
      ignore[r] = crowd[r];
      if (
        type === 'keypoints' &&
        numberOf(ann, 'num_keypoints', tally, () => labelledPoints(ann.keypoints ?? [])) === 0
      )
        ignore[r] = 1;
    } else score[r] = numberOf(ann, 'score');
    area[r] = numberOf(ann, 'area', tally, () => derivedArea(ann));
  }
  const boxes = new Float64Array(type === 'keypoints' && !truth ? 0 : 4 * n);
  const masks = type === 'segm' || type === 'boundary' ? new RunPool(n) : null;
  if (masks) {
    for (const [r, ann] of anns.entries()) masks.set(r, coco.annToRuns(ann));
    measure(masks, [...anns.keys()], null, boxes);
  } else if (boxes.length > 0) for (const [r, ann] of anns.entries()) boxes.set(boxOf(ann), 4 * r);
  const names = anns.map((ann) => ann.id);
  return {
    count: n,
    // It only matters whether an id that is no number is 0.
    id: Float64Array.from(names, (id, r) => (typeof id === 'string' ? r + 1 : Number(id))),
    names: names.every((id) => typeof id === 'number') ? null : names,
    image: Int32Array.from(anns, (ann) => need(imageIndex, ann.image_id)),
    category: Int32Array.from(anns, (ann) => need(categoryIndex, ann.category_id)),
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

/** pycocotools marks a match by the id of its truth, so that one of id 0 counts as missed, unless `strictIds` is false. */
function markedTruths(rows: Rows, { strictIds }: Params, tally: Tally): Rows {
  const { id, count, image, category } = rows;
  const zero = id.indexOf(0);
  if (zero < 0 || zero >= count) return rows;
  if (strictIds) {
    if (valueAt(image, zero) >= 0 && valueAt(category, zero) >= 0) tally.idZero++;
    return rows;
  }
  return { ...rows, id: id.slice(0, count).map((value) => value || -1), names: namesOf(rows) };
}

/** And a truth as taken by the id of its detection, so that one without a positive id takes none. */
function markedDetections(rows: Rows, { strictIds }: Params): Rows {
  if (strictIds || rows.id.subarray(0, rows.count).every((value) => value > 0)) return rows;
  const id = rows.id.slice(0, rows.count).map((value) => (value > 0 ? value : Number.MAX_SAFE_INTEGER));
  return { ...rows, id, names: namesOf(rows) };
}

const namesOf = ({ id, names, count }: Rows): readonly Id[] => names ?? Array.from(id.subarray(0, count));

/** loadAnns(getAnnIds(...)): of annotations sharing an id the last one stands in for each. */
function select(coco: COCO, params: Params): KeypointAnnotation[] {
  const ids =
    Number(params.useCats) === 1 ? coco.getAnnIds(params.imgIds, params.catIds) : coco.getAnnIds(params.imgIds);
  return coco.loadAnns(ids);
}

type NumberKey = keyof Tally | 'score';

/** A number of an annotation; where it is missing or null, what `derive` makes of the others, which is counted. */
function numberOf(ann: KeypointAnnotation, key: 'score'): number;
function numberOf(ann: KeypointAnnotation, key: keyof Tally, tally: Tally, derive: () => number | null): number;
function numberOf(ann: KeypointAnnotation, key: NumberKey, tally?: Tally, derive?: () => number | null): number {
  const value: unknown = ann[key];
  if (typeof value === 'boolean') return value ? 1 : 0;
  if (typeof value === 'number') return value;
  if (value !== undefined && value !== null)
    throw new CocoError(`annotation ${shown(ann.id)}: ${key} ${shown(value)} is not a number`, 'TypeError');
  const made = derive?.() ?? null;
  if (made === null || tally === undefined || key === 'score') throw missing(ann.id, key);
  tally[key]++;
  return made;
}

function boxOf(ann: KeypointAnnotation): readonly number[] {
  const box = ann.bbox;
  if (box === undefined) throw missing(ann.id, 'bbox');
  if (!Array.isArray(box) || box.length !== 4)
    throw new CocoError(`annotation ${shown(ann.id)}: bbox needs exactly 4 numbers`, 'TypeError');
  return box;
}

function pointColumn(anns: readonly KeypointAnnotation[], params: Params, truth: boolean): Float64Array<ArrayBuffer> {
  const per = 3 * params.kpt_oks_sigmas.length;
  const out = new Float64Array(per * anns.length);
  for (const [r, { id, keypoints }] of anns.entries()) {
    if (!Array.isArray(keypoints)) throw missing(id, 'keypoints');
    if (keypoints.length !== per) throw new CocoError(wrongPoints(id, keypoints.length, per), 'ValueError');
    out.set(keypoints, per * r);
  }
  return truth ? out : coordinates(out);
}
