import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type BoxRows, COCO, CocoFile, mask as masks, parseJson } from '#coco-ts';
import { DataError } from '../../engine/errors.js';
import { readStart } from '../../engine/files/read.js';
import { requireRegular } from '../decode/header.js';
import type { Segmentation } from '../regions.js';
import type { WarningList } from '../warnings.js';
import type { StatedImage, StatedObject, StatedSet } from './image.js';
import { decodeAnnotation } from './text.js';

/** Largest file that is read as one text, bytes. */
const MAX_TEXT = 400 * 2 ** 20;
/** Files of boxes alone from this size on are read as columns: objects of their annotations take ten times as much memory. */
const COLUMNS_FROM = 2 ** 25;

type Json = { readonly [key: string]: unknown };

interface CocoReading {
  /** Images are looked for beside their file first. */
  readonly isBeside: boolean;
  readonly warnings: WarningList;
}

interface Category {
  readonly key: string;
  readonly id: number;
  readonly name: string;
  readonly supercategory: string | null;
}

/**
 * Reads COCO instances files as tools write them: ids of any kind, numbers as texts, null and NaN where a value is missing.
 * What concerns one annotation is counted.
 *
 * @throws DataError for what is no COCO file
 */
export async function readCoco(files: readonly string[], reading: CocoReading): Promise<StatedSet> {
  const sets = [];
  for (const file of files) sets.push(await readOne(file, reading));
  const [first] = sets;
  if (first === undefined) throw new DataError('data', 'no COCO file was found');
  if (sets.length === 1) return first;
  const classes = new Map<string, { readonly id: number; readonly name: string }>();
  for (const set of sets) for (const one of set.classes ?? []) if (!classes.has(one.name)) classes.set(one.name, one);
  const ids = new Set([...classes.values()].map(({ id }) => id));
  const listed = [...classes.values()].map(({ id, name }, i) => ({ id: ids.size === classes.size ? id : i + 1, name }));
  return { images: sets.flatMap(({ images }) => images), classes: listed, file: first.file, hasAreas: true };
}

async function readOne(file: string, reading: CocoReading): Promise<StatedSet> {
  const { isBeside, warnings } = reading;
  const large = (await sizeOfFile(file)) >= COLUMNS_FROM ? await readColumns(file, reading) : null;
  if (large !== null) return large;
  const { images, annotations, categories } = await readLists(file);
  const listed = categoriesOf(categories ?? numbered(annotations, warnings));
  const byImage = new Map<string, Json[]>();
  for (const image of images) byImage.set(keyOf(image.id), []);
  const used = new Set<string>();
  for (const annotation of annotations) {
    const list = byImage.get(keyOf(annotation.image_id));
    if (list === undefined) warnings.note('orphan-annotation', `image_id ${keyOf(annotation.image_id)}`);
    else list.push(annotation);
    used.add(keyOf(annotation.category_id));
  }
  annotations.length = 0; // each is let go with its image: together they take more than what is made of them
  const classes = chooseCategories(listed, used, warnings);
  const names = new Map(listed.map(({ key, name }) => [key, name]));
  const folder = isBeside ? dirname(file) : null;
  const isUnique = byImage.size === images.length; // else two images have the same objects
  const stated = [...images].sort(byId).map((image): StatedImage => {
    const name = textOf(image.file_name) ?? textOf(image.path) ?? `image ${keyOf(image.id)} (which has no file_name)`;
    const key = keyOf(image.id);
    const own = byImage.get(key) ?? [];
    if (isUnique) byImage.delete(key);
    const objects = own.flatMap((annotation) => {
      const category = names.get(keyOf(annotation.category_id));
      if (category !== undefined) return [objectOf(annotation, category, name, warnings)];
      warnings.note('unknown-category', name);
      return [];
    });
    return { name, source: file, folder, size: sizeOf(image), unit: 'pixels', objects };
  });
  if (stated.length === 0) throw new DataError(file, 'the file lists no image');
  return { images: stated, classes, file, hasAreas: true };
}

/**
 * A large file of boxes, whose objects are made where they are read.
 *
 * @returns null: it has to be read as objects, which also say what is wrong with it
 */
export async function readColumns(file: string, { isBeside, warnings }: CocoReading): Promise<StatedSet | null> {
  await requireRegular(file);
  const opened = await CocoFile.open(file).catch(() => null);
  const rows = opened?.boxRows() ?? null;
  const [images, categories] = [opened?.imageList(), opened?.categoryList()];
  if (rows === null || !images?.every(({ id }) => typeof id === 'number') || !categories) return null;
  const listed = categoriesOf(categories as unknown as Json[]);
  const sorted = (images as unknown as Json[]).sort(byId);
  const places = new Map(sorted.map(({ id }, place) => [id as number, place]));
  if (sorted.length === 0 || places.size < sorted.length) return null;
  const names = new Map(listed.map(({ key, name }) => [Number(key), name]));
  const nameOf = (place: number): string => {
    const { file_name, path, id } = sorted[place] as Json;
    return textOf(file_name) ?? textOf(path) ?? `image ${keyOf(id)} (which has no file_name)`;
  };
  const used = new Set<number>();
  const ends = new Uint32Array(sorted.length + 1);
  for (let row = 0; row < rows.count; row++) {
    const [place, category] = [places.get(rows.image(row)), rows.category(row)];
    used.add(category);
    if (place === undefined) warnings.note('orphan-annotation', `image_id ${rows.image(row)}`);
    else if (!names.has(category)) warnings.note('unknown-category', nameOf(place));
    else ends[place + 1]!++;
  }
  for (let place = 0; place < sorted.length; place++) ends[place + 1]! += ends[place]!;
  const order = new Uint32Array(ends[sorted.length] ?? 0); // rows by image
  const next = ends.slice();
  for (let row = 0; row < rows.count; row++) {
    const place = places.get(rows.image(row));
    if (place !== undefined && names.has(rows.category(row))) order[next[place]!++] = row;
  }
  const objectsAt = (place: number): readonly StatedObject[] =>
    Array.from(order.subarray(ends[place], ends[place + 1]), (row) => objectOfRow(rows, row, names));
  const classes = chooseCategories(listed, new Set([...used].map(keyOf)), warnings);
  const folder = isBeside ? dirname(file) : null;
  const sides = Float64Array.from(
    sorted.flatMap((image) => {
      const { width, height } = sizeOf(image) ?? NO_SIZE;
      return [width, height];
    }),
  );
  const sizeAt = (place: number): StatedImage['size'] => {
    const [width = 0, height = 0] = sides.subarray(2 * place, 2 * place + 2);
    return width > 0 ? { width, height } : null;
  };
  const set = { source: file, folder, sizeAt, objectsAt };
  const stated = sorted.map((_, place) => new ImageOfColumns(nameOf(place), place, set));
  sorted.length = 0; // nothing is left of the records
  return { images: stated, classes, file, hasAreas: true };
}

const NO_SIZE = { width: 0, height: 0 };

/** What images of one file share. */
interface ColumnsOfFile extends Pick<StatedImage, 'source' | 'folder'> {
  readonly sizeAt: (place: number) => StatedImage['size'];
  readonly objectsAt: (place: number) => readonly StatedObject[];
}

/** A class, since a million of them are small only without functions of their own. */
class ImageOfColumns implements StatedImage {
  readonly name: string;
  readonly #place: number;
  readonly #set: ColumnsOfFile;

  constructor(name: string, place: number, set: ColumnsOfFile) {
    this.name = name;
    this.#place = place;
    this.#set = set;
  }

  get source() {
    return this.#set.source;
  }

  get folder() {
    return this.#set.folder;
  }

  get unit() {
    return 'pixels' as const;
  }

  get size() {
    return this.#set.sizeAt(this.#place);
  }

  get objects() {
    return this.#set.objectsAt(this.#place);
  }
}

function objectOfRow(rows: BoxRows, row: number, names: ReadonlyMap<number, string>): StatedObject {
  const box = rows.box(row);
  return {
    name: names.get(rows.category(row)) ?? '',
    box: box && [box[0], box[1], box[0] + box[2], box[1] + box[3]],
    segmentation: null,
    ignored: rows.isCrowd(row),
    area: rows.area(row),
  };
}

const sizeOfFile = async (file: string): Promise<number> => (await stat(file).catch(() => null))?.size ?? 0;

export async function readLists(
  file: string,
): Promise<{ readonly images: Json[]; readonly annotations: Json[]; readonly categories: Json[] | null }> {
  const document = await parse(file);
  if (Array.isArray(document)) {
    throw new DataError(
      file,
      'is a JSON list and no COCO file: of Label Studio write kind: label-studio, of Create ML kind: createml, and no train; results and others export as COCO',
    );
  }
  if (typeof document !== 'object' || document === null)
    throw new DataError(file, 'is no COCO file, which is a JSON object');
  const lists = document as Json;
  if ('shapes' in lists) throw new DataError(file, 'is a LabelMe file of one image: write kind: labelme, and no train');
  if ('_via_img_metadata' in lists) throw new DataError(file, 'is a project of VGG Image Annotator: write kind: via');
  const list = (name: string): Json[] => {
    const found = lists[name];
    if (!Array.isArray(found)) {
      const keys = Object.keys(lists).slice(0, 8).join(', ');
      throw new DataError(file, `is no COCO file: it has no list of ${name}, but ${keys || 'no key at all'}`);
    }
    return found.filter((item): item is Json => typeof item === 'object' && item !== null);
  };
  return {
    images: list('images'),
    annotations: list('annotations'),
    categories: lists.categories == null ? null : list('categories'),
  };
}

async function parse(file: string): Promise<unknown> {
  await requireRegular(file);
  const refuse = (problem: string) => new DataError(file, problem);
  const start = await readStart(file, { maxBytes: Number.MAX_SAFE_INTEGER, refuse }, 2);
  const isGzip = start.bytes[0] === 0x1f && start.bytes[1] === 0x8b;
  try {
    if (isGzip || start.size > MAX_TEXT) return (await COCO.load(file)).dataset;
    const { bytes } = await readStart(file, { maxBytes: MAX_TEXT, refuse });
    return parseJson(decodeAnnotation(bytes, file));
  } catch (error) {
    if (error instanceof DataError) throw error;
    const [first = ''] = (error as Error).message.split('\n');
    throw new DataError(
      file,
      first.startsWith(`${file} `) ? first.slice(file.length + 1) : `not well-formed JSON: ${first}`,
    );
  }
}

/** Ids are the same that look the same: 1, "1" and 1.0. */
export const keyOf = (id: unknown): string => String(id);

/** Categories that only annotations tell, by their numbers. */
function numbered(annotations: readonly Json[], warnings: WarningList): Json[] {
  const ids = new Map(annotations.map(({ category_id: id }) => [keyOf(id), id]));
  warnings.say(
    'no-categories',
    `the file lists no categories: they are named by their numbers, ${[...ids.keys()].slice(0, 8).join(', ')}`,
  );
  return [...ids.values()].map((id) => ({ id }));
}

/** By number, or else by text. */
function byId(a: Json, b: Json): number {
  const [first, second] = [a.id, b.id];
  if (typeof first === 'bigint' && typeof second === 'bigint') return first < second ? -1 : Number(first > second);
  return Number(first) - Number(second) || (keyOf(first) < keyOf(second) ? -1 : 1);
}

/** By ascending id; where ids are no whole numbers below 2^53, in the file's order, counted from 1. */
function categoriesOf(categories: readonly Json[]): Category[] {
  const listed = categories.map(({ id, name, supercategory }) => ({
    key: keyOf(id),
    id: typeof id === 'number' || (typeof id === 'string' && /^\d{1,15}$/.test(id)) ? Number(id) : Number.NaN,
    name: textOf(name) ?? `category ${keyOf(id)}`,
    supercategory: textOf(supercategory),
  }));
  if (listed.every(({ id }) => Number.isSafeInteger(id))) return listed.sort((a, b) => a.id - b.id);
  return listed.map((category, i) => ({ ...category, id: i + 1 }));
}

/** The categories that are classes: one of each name, without a project's name that no object has. */
function chooseCategories(
  listed: readonly Category[],
  used: ReadonlySet<string>,
  warnings: WarningList,
): StatedSet['classes'] {
  const isRoot = ({ key, name, supercategory }: Category): boolean =>
    !used.has(key) &&
    used.size > 0 &&
    listed.length > 1 &&
    (supercategory === null || supercategory === 'none' || supercategory === name) &&
    listed.every((other) => other.key === key || other.supercategory === name);
  const classes = new Map<string, { readonly id: number; readonly name: string }>();
  for (const category of listed) {
    if (isRoot(category)) {
      if (!listed.some((other) => other !== category && other.name === category.name))
        warnings.note('unused-class', category.name);
      continue;
    }
    if (classes.has(category.name))
      warnings.say('repeated-class', `several categories are named '${category.name}': they are one class`);
    else classes.set(category.name, { id: category.id, name: category.name });
  }
  return [...classes.values()];
}

function objectOf(annotation: Json, name: string, image: string, warnings: WarningList): StatedObject {
  const { bbox, area, iscrowd } = annotation;
  const [x, y, width, height] = Array.isArray(bbox) && bbox.length === 4 ? bbox.map(numberOf) : [];
  const hasBox = [x, y, width, height].every((value) => value != null);
  const segmentation = segmentationOf(annotation.segmentation);
  if (segmentation === undefined) warnings.note('bad-shape', image);
  const stated = numberOf(area);
  return {
    name,
    box: hasBox
      ? [x as number, y as number, (x as number) + (width as number), (y as number) + (height as number)]
      : null,
    segmentation: segmentation ?? null,
    ignored: Number(iscrowd ?? 0) === 1,
    area: stated,
  };
}

/** Null: the annotation has none; undefined: it cannot be used. */
export function segmentationOf(written: unknown): Segmentation | null | undefined {
  if (written == null || (Array.isArray(written) && written.length === 0)) return null;
  if (Array.isArray(written)) {
    // Lists of numbers, or of points; of one polygon without the list around it, too.
    const isFlat = !Array.isArray(written[0]);
    const isPoints = !isFlat && written.every((point) => isPoint(point));
    const polygons: readonly unknown[] = isFlat || isPoints ? [written] : written;
    const numbers = polygons.map((polygon) => (Array.isArray(polygon) ? polygon.flat().map(numberOf) : []));
    const usable = numbers.filter(
      (polygon): polygon is number[] => polygon.length >= 6 && polygon.length % 2 === 0 && !polygon.includes(null),
    );
    return usable.length === 0 ? undefined : usable;
  }
  const { size, counts } = written as Json;
  const [height, width] = Array.isArray(size) && size.length === 2 ? size.map(numberOf) : [];
  if (height == null || width == null) return Object.keys(written as Json).length === 0 ? null : undefined;
  try {
    const region = { size: [height, width] as [number, number], counts: counts as string };
    const runs = masks.toRuns(region);
    let pixels = 0;
    for (const count of runs.counts) pixels += count;
    return pixels <= height * width ? region : undefined;
  } catch {
    return undefined;
  }
}

const isPoint = (value: unknown): boolean =>
  Array.isArray(value) && value.length === 2 && value.every((part) => numberOf(part) !== null);

export function sizeOf({ width, height }: Json): StatedImage['size'] {
  const [columns, rows] = [numberOf(width), numberOf(height)];
  return columns !== null && rows !== null && columns > 0 && rows > 0 ? { width: columns, height: rows } : null;
}

/** A number, or a text that is one; null for anything else. */
export function numberOf(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

export function textOf(value: unknown): string | null {
  if (typeof value === 'string') return value === '' ? null : value;
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : null;
}
