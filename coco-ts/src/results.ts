import type { Dataset, Id, InstanceAnnotation, Segmentation } from './annotation.js';
import type { COCO } from './coco.js';
import { CocoError } from './errors.js';
import { readInputSync } from './input.js';
import { decodeJson } from './json.js';
import { type Rle, runsArea, runsBox, toRuns } from './mask/runs.js';
import { shown } from './shown.js';

/** A detection as models write it. */
export interface ResultRecord {
  image_id: Id;
  category_id?: Id;
  /** Confidence; any real number, higher is surer. */
  score?: number;
  bbox?: number[];
  segmentation?: Segmentation;
  keypoints?: number[];
  caption?: string;
  area?: number;
  id?: number;
  iscrowd?: number;
  [key: string]: unknown;
}

/** What loadRes reads. */
export type ResultsInput =
  | string
  | URL
  | Uint8Array
  | ArrayBuffer
  | readonly ResultRecord[]
  | readonly (readonly number[])[]
  | Float64Array;

/** The records of the input; rows of 7 numbers become records with a box. */
export function readResults(results: ResultsInput): readonly ResultRecord[] {
  if (results instanceof Float64Array) return rowsToRecords(results);
  if (
    typeof results === 'string' ||
    results instanceof URL ||
    results instanceof Uint8Array ||
    results instanceof ArrayBuffer
  ) {
    return checkList(decodeJson(readInputSync(results)));
  }
  const list = checkList(results);
  if (!Array.isArray(list[0])) return list;
  const rows = list as unknown as readonly (readonly number[])[];
  const flat = new Float64Array(7 * rows.length);
  for (const [index, row] of rows.entries()) {
    if (row.length !== 7)
      throw new CocoError(
        `row ${index} has ${row.length} numbers: 7 are imageId, x, y, width, height, score, categoryId`,
        'AssertionError',
      );
    flat.set(row, 7 * index);
  }
  return rowsToRecords(flat);
}

function checkList(value: unknown): readonly ResultRecord[] {
  if (!Array.isArray(value))
    throw new CocoError('results in not an array of objects: a list of detections is needed', 'AssertionError');
  return value as ResultRecord[];
}

function rowsToRecords(rows: Float64Array): ResultRecord[] {
  if (rows.length % 7 !== 0)
    throw new CocoError(
      `${rows.length} numbers are no rows of 7: imageId, x, y, width, height, score, categoryId`,
      'AssertionError',
    );
  return Array.from({ length: rows.length / 7 }, (_, i) => {
    const [image, x, y, w, h, score, category] = rows.subarray(7 * i, 7 * i + 7) as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    return { image_id: Math.trunc(image), bbox: [x, y, w, h], score, category_id: Math.trunc(category) };
  });
}

/** The data set loadRes builds around the records. */
export function prepareResults(truth: COCO, records: readonly ResultRecord[]): Dataset {
  const first = records[0];
  const unknown = records.find((record) => !truth.imgs.has(record.image_id));
  if (unknown) {
    throw new CocoError(
      `Results do not correspond to current coco set: there is no image ${shown(unknown.image_id)}`,
      'AssertionError',
    );
  }
  if (first === undefined) throw new CocoError('list index out of range: the result list is empty', 'IndexError');
  const dataset: Dataset = {
    images: [...(truth.dataset.images ?? [])],
    info: structuredClone(truth.dataset.info ?? {}),
  };
  if ('caption' in first) {
    const named = new Set(records.map((record) => record.image_id));
    dataset.images = dataset.images?.filter((image) => named.has(image.id)) ?? [];
    dataset.annotations = records.map((record, index) => ({ ...record, id: index + 1 }) as InstanceAnnotation);
    return dataset;
  }
  if (truth.dataset.categories === undefined) throw new CocoError('the data set has no categories', 'KeyError');
  dataset.categories = structuredClone(truth.dataset.categories);
  dataset.annotations = records.map(preparation(first)) as InstanceAnnotation[];
  return dataset;
}

function preparation(first: ResultRecord): (record: ResultRecord, index: number) => ResultRecord {
  if (first.bbox && first.bbox.length > 0) return prepareBox;
  if ('segmentation' in first) return prepareMask;
  if ('keypoints' in first) return prepareKeypoints;
  throw new CocoError('the first result has none of caption, bbox, segmentation, keypoints', 'KeyError');
}

function prepareBox(record: ResultRecord, index: number): ResultRecord {
  const bbox = record.bbox;
  if (!Array.isArray(bbox) || bbox.length < 4)
    throw new CocoError(`result ${index} has no bbox of 4 numbers`, bbox ? 'IndexError' : 'KeyError');
  const [x, y, w, h] = bbox as [number, number, number, number];
  const out: ResultRecord = { ...record, area: w * h, id: index + 1, iscrowd: 0 };
  out.segmentation ??= [[x, y, x, y + h, x + w, y + h, x + w, y]];
  return out;
}

function prepareMask(record: ResultRecord, index: number): ResultRecord {
  const rle = record.segmentation as Rle | undefined;
  if (rle === undefined) throw new CocoError(`result ${index} has no segmentation`, 'KeyError');
  if (typeof rle !== 'object' || Array.isArray(rle) || Array.isArray(rle.counts)) {
    throw new CocoError(
      `result ${index}: the segmentation of a result is a compressed RLE (Expected bytes, got list)`,
      'TypeError',
    );
  }
  const runs = toRuns(rle);
  const out: ResultRecord = { ...record, area: runsArea(runs), id: index + 1, iscrowd: 0 };
  if (!('bbox' in record)) {
    const box = new Float64Array(4);
    runsBox(runs, box, 0);
    out.bbox = [...box];
  }
  return out;
}

function prepareKeypoints(record: ResultRecord, index: number): ResultRecord {
  const points = record.keypoints;
  if (!Array.isArray(points)) throw new CocoError(`result ${index} has no keypoints`, 'KeyError');
  const [x0, x1] = range(points, 0);
  const [y0, y1] = range(points, 1);
  return { ...record, area: (x1 - x0) * (y1 - y0), id: index + 1, bbox: [x0, y0, x1 - x0, y1 - y0] };
}

/** Python's min and max over every third number. */
function range(points: readonly number[], start: number): [number, number] {
  if (points.length <= start) throw new CocoError('keypoints without a point', 'ValueError');
  let low = points[start]!;
  let high = low;
  for (let i = start + 3; i < points.length; i += 3) {
    const value = points[i]!;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
