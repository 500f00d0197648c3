import type { Annotated } from './annotated.js';
import type { Dataset, Id, InstanceAnnotation, Segmentation } from './annotation.js';
import { annotationRuns } from './annotationMask.js';
import { need, valueAt } from './checked.js';
import type { COCO } from './coco.js';
import { CocoError, JsonError } from './errors.js';
import { readInputSync } from './input.js';
import { decodeJson } from './json.js';
import { runsArea, runsBox } from './mask/runs.js';
import { named, shown, someOf } from './shown.js';

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
  | { readonly annotations: readonly ResultRecord[] }
  | readonly (readonly number[])[]
  | Float64Array;

/** The records of the input; rows of 7 numbers become records with a box. */
export function readResults(results: ResultsInput): readonly ResultRecord[] {
  if (results instanceof Float64Array) return rowsToRecords(results);
  const file =
    typeof results === 'string' ||
    results instanceof URL ||
    results instanceof Uint8Array ||
    results instanceof ArrayBuffer;
  const list = listOf(file ? readText(readInputSync(results)) : results);
  if (!Array.isArray(list[0])) {
    const other = list.findIndex((record) => typeof record !== 'object' || record === null || Array.isArray(record));
    if (other >= 0) throw new CocoError(`result ${other} is no object with image_id and score`, 'TypeError');
    return list as ResultRecord[];
  }
  const rows = list as (readonly number[])[];
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

/** JSON, or a JSON object on each line. */
function readText(bytes: Uint8Array): unknown {
  // The first byte that is neither blank nor of a byte order mark.
  if (bytes.find((byte) => byte > 32 && byte < 128) !== 123) return decodeJson(bytes);
  const lines = nonBlankLines(bytes);
  const { value: first } = lines.next();
  const record = first && parsedObject(first.bytes);
  if (!record) return decodeJson(bytes);
  const records = [record];
  for (const { bytes: line, number } of lines) {
    try {
      records.push(decodeJson(line) as object);
    } catch (error) {
      throw error instanceof JsonError ? new JsonError(`line ${number}: ${error.reason}`, error.position) : error;
    }
  }
  return records.length === 1 ? record : records;
}

/** The object that the text is, or null. */
function parsedObject(bytes: Uint8Array): object | null {
  try {
    const value = decodeJson(bytes);
    return typeof value === 'object' && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function* nonBlankLines(bytes: Uint8Array): Generator<{ bytes: Uint8Array; number: number }, undefined> {
  for (let begin = 0, number = 1; begin < bytes.length; number++) {
    const found = bytes.indexOf(10, begin);
    const end = found < 0 ? bytes.length : found;
    const line = bytes.subarray(begin, end);
    if (line.some((byte) => byte > 32)) yield { bytes: line, number };
    begin = end + 1;
  }
}

/** The list itself, that of an object's `annotations`, or a list of the one result that the object is. */
function listOf(value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  if (typeof value === 'object' && value !== null) {
    if ('annotations' in value && Array.isArray(value.annotations)) return value.annotations;
    if ('image_id' in value) return [value];
  }
  const keys = typeof value === 'object' && value !== null ? Object.keys(value).slice(0, 5) : [];
  const found =
    keys.length > 0 ? `an object with ${someOf(keys)}` : `of type ${value === null ? 'null' : typeof value}`;
  throw new CocoError(
    `the results are ${found}: a list of detections is needed, or an object with it as annotations`,
    'AssertionError',
  );
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

/** The error for a result of an image that the truth lacks; with what seems to be wrong about the ids. */
export function unknownImage(id: Id, truth: Annotated): CocoError {
  const ids = truth.imageIds();
  const text = typeof id === 'object' ? shown(id) : String(id);
  const owner = (truth.imageList() ?? []).find(
    ({ file_name }) => typeof file_name === 'string' && nameForms(file_name).includes(text),
  );
  const alike = ids.find((other) => String(other) === text || (text !== '' && Number(other) === Number(text)));
  const hint =
    owner !== undefined
      ? `it is the file name of image ${named(owner.id)}: results name images by id`
      : alike !== undefined
        ? `there is the ${typeof alike === 'string' ? 'text' : 'number'} ${named(alike)}: write ids alike in both files`
        : `of its ${ids.length} images the first are ${ids.slice(0, 5).map(shown).join(', ')}`;
  return new CocoError(
    `Results do not correspond to current coco set: there is no image ${named(id)}; ${hint}`,
    'AssertionError',
  );
}

/** A file name, without its folders, and without its ending. */
function nameForms(path: string): string[] {
  const name = path.split(/[\\/]/).at(-1) ?? path;
  return [path, name, name.replace(/\.[^.]*$/, ''), path.replace(/\.[^.]*$/, '')];
}

/** The data set loadRes builds around the records. */
export function prepareResults(truth: COCO, records: readonly ResultRecord[]): Dataset {
  const unknown = records.find((record) => !truth.imgs.has(record.image_id));
  if (unknown) throw unknownImage(unknown.image_id, truth);
  const dataset: Dataset = {
    images: [...(truth.dataset.images ?? [])],
    info: structuredClone(truth.dataset.info ?? {}),
  };
  const first = records[0];
  if (first !== undefined && 'caption' in first) {
    const named = new Set(records.map((record) => record.image_id));
    dataset.images = dataset.images?.filter((image) => named.has(image.id)) ?? [];
    dataset.annotations = records.map((record, index) => ({ ...record, id: index + 1 }) as InstanceAnnotation);
    return dataset;
  }
  if (truth.dataset.categories === undefined) throw new CocoError('the data set has no categories', 'KeyError');
  dataset.categories = structuredClone(truth.dataset.categories);
  dataset.annotations = first === undefined ? [] : (records.map(preparation(first, truth)) as InstanceAnnotation[]);
  return dataset;
}

function preparation(first: ResultRecord, truth: COCO): (record: ResultRecord, index: number) => ResultRecord {
  if (first.bbox && first.bbox.length > 0) return prepareBox;
  if ('segmentation' in first) return (record, index) => prepareMask(record, index, truth);
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

/** RLEs of either form, and polygons, which the size of the image turns into a mask. */
function prepareMask(record: ResultRecord, index: number, truth: COCO): ResultRecord {
  const { segmentation } = record;
  if (typeof segmentation !== 'object' || segmentation === null)
    throw new CocoError(`result ${index} has no segmentation`, segmentation === undefined ? 'KeyError' : 'TypeError');
  const runs = annotationRuns({ image_id: record.image_id, segmentation }, (id) => need(truth.imgs, id));
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
  let low = valueAt(points, start);
  let high = low;
  for (let i = start + 3; i < points.length; i += 3) {
    const value = valueAt(points, i);
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
