import { basename, extname } from 'node:path';
import { parseJson } from '#coco-ts';
import { DataError, messageOf } from '../engine/errors.js';
import { parseCsv } from './stated/csv.js';
import { isObject, type JsonObject, textIn } from './stated/json.js';
import { readAnnotation } from './stated/text.js';

/** Images that have something in common. */
export interface Slice {
  /** What is known of the images, such as `microscope`. */
  readonly field: string;
  /** What these have of it, such as `B` or `12 to 30`. */
  readonly value: string;
  readonly ids: ReadonlySet<string>;
}

/** Columns that name the image, the likeliest first. */
const NAMES = ['file_name', 'filename', 'image', 'file', 'path', 'name', 'id', 'image_id'];
/** Fields that tell images apart, or where they are from, and no groups of them. */
const OTHER = ['coco_url', 'flickr_url', 'url', 'license'];
/** Values of a field that are told apart; parts that numbers are cut into; fields. */
const [MOST_VALUES, PARTS, MOST_FIELDS] = [12, 4, 20];

/**
 * What a file says of images, as groups of them: a CSV with a head, JSON that has an object per image (a list, or by the image's name),
 * or the `images` of a COCO file. Images are named as in the data set, or by the last part of their paths, with or without ending.
 * Numbers are cut into quarters; of many texts the most frequent are told apart.
 *
 * @param ids of the images of the data set
 * @throws DataError when the file cannot be read, or names none of the images
 */
export async function readSlices(file: string, ids: readonly string[]): Promise<readonly Slice[]> {
  const records = recordsOf(await readAnnotation(file), file);
  const find = createFinder(ids);
  const fields = new Map<string, Map<string, string>>();
  let found = 0;
  for (const { name, record } of records) {
    const id = find(name);
    if (id === undefined) continue;
    found++;
    for (const [field, value] of Object.entries(record)) {
      const text = typeof value === 'boolean' ? String(value) : textIn(value);
      if (text === null || NAMES.includes(field) || OTHER.includes(field)) continue;
      const values = fields.get(field) ?? new Map<string, string>();
      fields.set(field, values.set(id, text));
    }
  }
  if (found === 0) {
    const [first] = records;
    throw new DataError(
      file,
      `none of its ${records.length} images${first ? `, such as '${first.name}',` : ''} is one of the data set, such as '${ids[0] ?? ''}': name the images in a column file_name`,
    );
  }
  return [...fields].slice(0, MOST_FIELDS).flatMap(([field, values]) => partsOf(field, values));
}

interface Named {
  readonly name: string;
  readonly record: JsonObject;
}

function recordsOf(text: string, file: string): readonly Named[] {
  if (extname(file).toLowerCase() !== '.json') {
    const [head = [], ...rows] = parseCsv(text, file);
    return named(
      rows.map((row) => Object.fromEntries(head.map((field, i) => [field, row[i]]))),
      head[0],
    );
  }
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    throw new DataError(file, `not well-formed JSON: ${messageOf(error).split('\n')[0]}`);
  }
  const list = isObject(value) && Array.isArray(value.images) ? value.images : value;
  if (Array.isArray(list)) return named(list.filter(isObject));
  if (!isObject(list)) throw new DataError(file, 'is neither a list nor an object of images');
  return Object.entries(list).flatMap(([name, record]) => (isObject(record) ? [{ name, record }] : []));
}

/** @param first the column that names images where none has a name for it */
function named(records: readonly JsonObject[], first?: string): readonly Named[] {
  const [sample = {}] = records;
  const key = NAMES.find((name) => Object.hasOwn(sample, name)) ?? first;
  return records.flatMap((record) => {
    const name = key === undefined ? null : textIn(record[key]);
    return name === null ? [] : [{ name, record: key === first ? without(record, key) : record }];
  });
}

const without = (record: JsonObject, key: string | undefined): JsonObject =>
  Object.fromEntries(Object.entries(record).filter(([field]) => field !== key));

/** The image of a name: as it is, or the one with this last part, with or without ending. */
function createFinder(ids: readonly string[]): (name: string) => string | undefined {
  const ways = [(name: string) => name, (name: string) => basename(name.replaceAll('\\', '/')), stemOf];
  const tables = ways.map((way) => {
    const table = new Map<string, string | undefined>();
    for (const id of ids) table.set(way(id), table.has(way(id)) ? undefined : id);
    return table;
  });
  return (name) => ways.map((way, i) => tables[i]?.get(way(name))).find((id) => id !== undefined);
}

const stemOf = (name: string): string => {
  const last = basename(name.replaceAll('\\', '/'));
  return last.slice(0, last.length - extname(last).length);
};

function partsOf(field: string, values: ReadonlyMap<string, string>): readonly Slice[] {
  const distinct = [...new Set(values.values())];
  const areNumbers = distinct.every((text) => Number.isFinite(Number(text)));
  const nameOf = areNumbers && distinct.length > MOST_VALUES ? quarters(values) : frequent(values);
  const groups = new Map<string, Set<string>>();
  for (const [id, text] of values) {
    const value = nameOf(text);
    groups.set(value, (groups.get(value) ?? new Set<string>()).add(id));
  }
  if (groups.size < 2) return []; // it tells nothing apart
  const slices = [...groups].map(([value, ids]) => ({ field, value, ids }));
  const first = (value: string): number => Number.parseFloat(value);
  return slices.sort((a, b) => first(a.value) - first(b.value) || a.value.localeCompare(b.value));
}

/** Names of the quarters that numbers lie in. */
function quarters(values: ReadonlyMap<string, string>): (text: string) => string {
  const sorted = [...values.values()].map(Number).sort((a, b) => a - b);
  const bounds = Array.from(
    { length: PARTS + 1 },
    (_, k) => sorted[Math.round((k / PARTS) * (sorted.length - 1))] ?? 0,
  );
  return (text) => {
    const value = Number(text);
    const part = Math.max(
      1,
      bounds.findIndex((bound, k) => k > 0 && value <= bound),
    );
    return `${short(bounds[part - 1] ?? 0)} to ${short(bounds[part] ?? 0)}`;
  };
}

const short = (value: number): string => String(Number(value.toPrecision(4)));

/** The most frequent values as they are, the rest together. */
function frequent(values: ReadonlyMap<string, string>): (text: string) => string {
  const counts = new Map<string, number>();
  for (const text of values.values()) counts.set(text, (counts.get(text) ?? 0) + 1);
  if (counts.size <= MOST_VALUES) return (text) => text;
  const most = [...counts].sort((a, b) => b[1] - a[1]).slice(0, MOST_VALUES - 1);
  if (most.every(([, count]) => count === 1)) return () => 'others'; // each image has its own
  const kept = new Set(most.map(([text]) => text));
  return (text) => (kept.has(text) ? text : 'others');
}
