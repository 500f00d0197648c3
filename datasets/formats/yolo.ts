import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative, resolve, sep } from 'node:path';
import { parse as parseYaml } from 'yaml';
import * as z from 'zod';
import { parseYolo } from '#coco-ts';
import { DataError, EspalierError } from '../../engine/errors.js';
import { shownName } from '../../engine/printable.js';
import { concurrently } from '../concurrently.js';
import { contains, naturalOrder } from '../paths.js';
import { folderNamed, folderParts, inFolders } from '../stated/folders.js';
import { type Reading, statedReaders } from '../stated/format.js';
import type { StatedImage, StatedObject, StatedSet } from '../stated/image.js';
import { listFiles, stemOf } from '../stated/images.js';
import { isObject, textIn } from '../stated/json.js';
import { boxObject, polygonObject } from '../stated/shapes.js';
import type { Parts } from '../stated/splits.js';
import { linesOf, readAnnotation } from '../stated/text.js';
import { type BadRecord, badRecord } from '../warnings.js';
import { commonKeys, defineFormat } from './format.js';

const config = z.strictObject({ kind: z.literal('yolo'), ...commonKeys });
type YoloData = z.infer<typeof config>;
type YoloReading = Reading<YoloData>;

const AT_ONCE = 16;
const MAX_LABEL_BYTES = 2 ** 24;
/** Fractions are at most 1, but for boxes that reach over the image. */
const MOST_FRACTION = 2.5;
const NAME_LISTS = /(^|\/)(classes\.txt|[^/]*\.names|_darknet\.labels|labels\.txt)$/i;

/** What data.yaml, or Darknet's lists, say. */
interface Description {
  /** Null: a number that the list leaves out. */
  readonly names: readonly (string | null)[] | null;
  readonly parts: Parts | null;
  /** Numbers of keypoints behind each box. */
  readonly keypoints: number;
  /** Keys of names that are no numbers of classes. */
  readonly odd: readonly string[];
}

async function describe({ root, images }: YoloReading): Promise<Description> {
  const paths = (await listFiles(root.path)).sort(
    (a, b) => a.split('/').length - b.split('/').length || naturalOrder(a, b),
  );
  for (const path of paths.filter((name) => /\.ya?ml$/i.test(name))) {
    const document = await readYaml(join(root.path, path));
    if (document === null || document.names === undefined) continue;
    const parts = await partsOf(document, path, root.path, images.paths);
    const odd = isObject(document.names) ? Object.keys(document.names).filter((key) => !isClassNumber(key)) : [];
    return { names: namesOf(document.names), parts, keypoints: keypointsOf(document.kpt_shape), odd };
  }
  const list = paths.find((path) => NAME_LISTS.test(path));
  const names = list === undefined ? null : linesOf(await readAnnotation(join(root.path, list)));
  const data = paths.find((path) => path.endsWith('.data'));
  if (data === undefined) return { names, parts: null, keypoints: 0, odd: [] };
  const pairs = linesOf(await readAnnotation(join(root.path, data))).map((line) =>
    line.split('=').map((part) => part.trim()),
  );
  const document = Object.fromEntries(pairs.map(([key = '', value = '']) => [key === 'valid' ? 'val' : key, value]));
  return { names, parts: await partsOf(document, data, root.path, images.paths), keypoints: 0, odd: [] };
}

/** `[points, numbers of each]` of a pose data set. */
function keypointsOf(shape: unknown): number {
  const [points = 0, each = 0] = Array.isArray(shape) ? shape.map(Number) : [];
  return Number.isInteger(points * each) ? points * each : 0;
}

async function readYaml(file: string): Promise<{ readonly [key: string]: unknown } | null> {
  try {
    const document: unknown = parseYaml(await readAnnotation(file, 2 ** 20), { maxAliasCount: 10 });
    return isObject(document) ? document : null;
  } catch {
    return null;
  }
}

/** Above it a list of names would be mostly gaps. */
const isClassNumber = (key: string): boolean => /^\d{1,5}$/.test(key);

function namesOf(names: unknown): readonly (string | null)[] | null {
  if (Array.isArray(names)) return names.map((name, i) => textIn(name) ?? `class ${i}`);
  if (!isObject(names)) return null;
  const most = Object.keys(names)
    .filter(isClassNumber)
    .reduce((largest, key) => Math.max(largest, Number(key)), -1);
  return Array.from({ length: most + 1 }, (_, i) => textIn(names[String(i)]));
}

/** Folders and lists of a description; paths that lead out of the root are taken by their last parts, as exports are moved. */
async function partsOf(
  document: { readonly [key: string]: unknown },
  path: string,
  root: string,
  images: readonly string[],
): Promise<Parts | null> {
  const base = textIn(document.path) ?? '.';
  const parts: { -readonly [K in keyof Parts]: Parts[K] } = { all: ['.'] };
  for (const part of ['train', 'val', 'test'] as const) {
    const written = Array.isArray(document[part]) ? document[part] : [document[part]];
    const places = await Promise.all(
      written.map(async (value) => {
        const name = textIn(value);
        return name === null
          ? null
          : placeOf(root, [join(dirname(path), base, name), join(dirname(path), name), name], images);
      }),
    );
    const found = places.filter((place) => place !== null);
    if (found.length > 0) parts[part] = found;
  }
  return parts.train === undefined && parts.val === undefined ? null : parts;
}

async function placeOf(root: string, ways: readonly string[], images: readonly string[]): Promise<string | null> {
  for (const way of ways) {
    const steps = way
      .replaceAll('\\', '/')
      .split('/')
      .filter((step) => step !== '..' && step !== '.' && step !== '');
    for (let skip = 0; skip < Math.max(1, steps.length); skip++) {
      const place = steps.slice(skip).join('/');
      const found = await stat(join(root, place)).catch(() => null);
      if (found?.isFile() && /\.txt$/i.test(place)) return place;
      if (place !== '' && found?.isDirectory() && images.some((image) => image.startsWith(`${place}/`))) return place;
    }
  }
  return null;
}

async function read(places: readonly string[], reading: YoloReading): Promise<StatedSet> {
  const { root, images, warnings } = reading;
  const { names, keypoints, odd } = await describe(reading);
  if (odd.length > 0)
    warnings.say(
      'odd-names',
      `${odd.length} of the names in data.yaml left out, as their keys are no numbers of classes, 0 to 99999: ${odd.slice(0, 5).map(shownName).join(', ')}; write 0: name`,
    );
  const files = new Set<string>();
  const bad = new Map<string, BadRecord>();
  for (const place of places) {
    if (!/\.txt$/i.test(place)) {
      for (const path of inFolders([...images.paths].sort(naturalOrder), [place])) files.add(resolve(root.path, path));
      continue;
    }
    const list = join(root.path, place);
    for (const line of linesOf(await readAnnotation(list))) {
      const found = images.find(line, dirname(list));
      if (found === null) bad.set(line, { problem: `no such image, listed in ${place}`, pitfall: 27 });
      else files.add(found.file);
    }
  }
  const texts = new Set((await listFiles(root.path)).filter((path) => /\.txt$/i.test(path)));
  const byStem = new Map<string, string | null>();
  for (const path of texts) {
    const stem = stemOf(basename(path));
    byStem.set(stem, byStem.has(stem) ? null : path);
  }
  let labelled = 0;
  const stated = await concurrently([...files], AT_ONCE, async (file): Promise<StatedImage | null> => {
    const id = relative(root.path, file).split(sep).join('/');
    const label = labelOf(id, texts) ?? byStem.get(stemOf(basename(id))) ?? null;
    if (label === null) warnings.note('no-annotation', id);
    else labelled++;
    try {
      const text = label === null ? '' : await readAnnotation(join(root.path, label), MAX_LABEL_BYTES);
      const objects = linesOf(text).flatMap((line) => {
        const object = objectOf(line, names, keypoints);
        if (object === null) warnings.note('bad-box', label ?? id);
        return object === null ? [] : [object];
      });
      return {
        name: basename(file),
        source: label === null ? file : join(root.path, label),
        folder: dirname(file),
        size: null,
        unit: 'fractions',
        objects,
      };
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error;
      bad.set(id, badRecord(error));
      return null;
    }
  });
  if (labelled === 0)
    throw new DataError(root.path, `none of ${files.size} images has a text file of its name beside it or in labels/`);
  refusePixels(stated, root.path);
  const used = new Set(stated.flatMap((image) => image?.objects.map(({ name }) => name) ?? []));
  const classes =
    names?.flatMap((name, id) =>
      name !== null || used.has(`class ${id}`) ? [{ id, name: name ?? `class ${id}` }] : [],
    ) ?? null;
  return { images: stated.filter((image) => image !== null), classes: uniqueNames(classes), file: root.path, bad };
}

/** @throws DataError where most boxes are so far outside that their numbers are pixels */
function refusePixels(stated: readonly (StatedImage | null)[], root: string): void {
  const boxes = stated.flatMap((image) => image?.objects.flatMap(({ box }) => (box === null ? [] : [box])) ?? []);
  const far = boxes.filter((box) => box.some((value) => value > MOST_FRACTION)).length;
  if (far * 2 <= boxes.length) return;
  throw new DataError(
    root,
    `${far} of ${boxes.length} boxes are written in pixels, and YOLO's are fractions of the image: divide x and width by its width, y and height by its height`,
    6,
  );
}

/** Two numbers of one name are one class. */
function uniqueNames(classes: StatedSet['classes']): StatedSet['classes'] {
  const seen = new Set<string>();
  return classes?.filter(({ name }) => seen.size < seen.add(name).size) ?? null;
}

/** The text file of an image: in labels instead of images, or beside it; else that of its name, if there is one alone. */
function labelOf(id: string, texts: ReadonlySet<string>): string | null {
  const stem = stemOf(id);
  const swapped = stem.replace(/(^|\/)images(?=\/)(?!.*\/images\/)/, '$1labels');
  const ways = [`${swapped}.txt`, `${stem}.txt`, `labels/${basename(stem)}.txt`];
  return ways.find((path) => texts.has(path)) ?? null;
}

/** What a line states; null: neither a box nor a polygon, or a class without a name. */
function objectOf(line: string, names: readonly (string | null)[] | null, keypoints: number): StatedObject | null {
  const parsed = parseYolo(line, keypoints);
  if (parsed === null) return null;
  const { label, kind, values } = parsed;
  if (names !== null && label >= names.length) return null;
  const name = names?.[label] ?? `class ${label}`;
  if (kind === 'polygon') return polygonObject(name, values);
  const [x = 0, y = 0, width = 0, height = 0] = values;
  return boxObject(name, x - width / 2, y - height / 2, x + width / 2, y + height / 2);
}

/** YOLO: a text file an image, with numbers for classes and fractions for coordinates. */
export const yolo = defineFormat({
  kind: 'yolo',
  title: 'YOLO',
  tools: 'Ultralytics, Roboflow (YOLO, Darknet), CVAT, Label Studio, labelImg, makesense',
  layout: `data.yaml          or   images/train/a.jpg   or   obj.names, train.txt
train/images/a.jpg      labels/train/a.txt        obj_train_data/a.jpg
train/labels/a.txt      images/val/b.jpg          obj_train_data/a.txt`,
  config,
  readers: statedReaders<YoloData>({
    parts: async (reading) => (await describe(reading)).parts ?? folderParts(reading.images.paths),
    resolve: async (name, { root, images }) => {
      const file = resolve(root.path, name);
      const isList =
        /\.txt$/i.test(name) && contains(root.path, file) && (await stat(file).catch(() => null))?.isFile();
      return isList ? [name] : folderNamed(images.paths, name);
    },
    read,
  }),
  recognise: async ({ paths, head }) => {
    const texts = paths.filter((path) => /\.txt$/i.test(path) && !NAME_LISTS.test(path)).slice(0, 50);
    for (const path of texts) {
      const [line = ''] = linesOf(await head(path));
      if (/^\d+(\.0*)?((\s+-?[\d.e+-]+){4,}|(\s*,\s*-?[\d.e+-]+){4,5})$/i.test(line))
        return {
          keys: {},
          name: paths.some((name) => /data\.ya?ml$/i.test(name)) ? 'YOLO (data.yaml)' : 'YOLO',
          truth: 'boxes',
        };
    }
    return null;
  },
});
