import { dirname, join } from 'node:path';
import * as z from 'zod';
import { keysOf, valueAt } from '../../engine/checked.js';
import { DataError } from '../../engine/errors.js';
import { readImageSize } from '../decode/header.js';
import { naturalOrder } from '../paths.js';
import { parseCsv } from '../stated/csv.js';
import { configPath, type Reading, statedLabels, statedReaders } from '../stated/format.js';
import type { StatedImage, StatedObject, StatedSet } from '../stated/image.js';
import { listFiles } from '../stated/images.js';
import { sizeIn } from '../stated/json.js';
import { boxObject } from '../stated/shapes.js';
import { linesOf, readAnnotation } from '../stated/text.js';
import { missingFile } from './check.js';
import { type Column, type Columns, columnsOf } from './csvColumns.js';
import { commonKeys, defineFormat } from './format.js';
import { isLabelTable, readLabelFile } from './labelTable.js';
import { headOf, partsByName } from './parts.js';

const config = z.strictObject({
  kind: z.literal('csv'),
  ...commonKeys,
  images: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Folder of the images, relative to root; null: found below root'),
  runs: z
    .enum(['columns', 'rows'])
    .default('columns')
    .describe("Run lengths: pixels are counted column by column, as Kaggle's are, or row by row"),
  labelSeparator: z
    .string()
    .min(1)
    .max(8)
    .nullable()
    .default('|')
    .describe(
      "Classification: what stands between several classes of one image, such as 'cat|dog'; null: nothing does",
    ),
});
type CsvData = z.infer<typeof config>;

/** keras-retinanet: path, corners, class; AutoML: set, path, class, two opposite corners in fractions. */
const BARE: readonly {
  readonly fields: number;
  readonly columns: Columns;
  readonly fits: (row: readonly string[]) => boolean;
}[] = [
  {
    fields: 6,
    columns: { image: 0, x1: 1, y1: 2, x2: 3, y2: 4, class: 5 },
    fits: ([, ...row]) => row.slice(0, 4).every(isNumber),
  },
  {
    fields: 8, // makesense
    columns: { class: 0, x: 1, y: 2, w: 3, h: 4, image: 5, width: 6, height: 7 },
    fits: ([name = '', ...row]) => !isNumber(name) && [0, 1, 2, 3, 5, 6].every((i) => isNumber(row[i] ?? 'x')),
  },
  {
    fields: 11,
    columns: { set: 0, image: 1, class: 2, x1: 3, y1: 4, x2: 7, y2: 8 },
    fits: ([set = '']) => /^(train|test|validat(e|ion)|unassigned|training)$/i.test(set),
  },
  {
    fields: 10,
    columns: { image: 0, class: 1, x1: 2, y1: 3, x2: 6, y2: 7 },
    fits: (row) => [2, 3, 6, 7].every((i) => isNumber(row[i] ?? '')),
  },
];

/** Whether rows state run lengths, and several of one class in an image. */
function runsIn(start: string): 'instances' | 'classMap' | null {
  const table = tableOf(rowsIn(linesOf(start).slice(0, MOST_ROWS).join('\n'), ''));
  if (table?.columns.rle === undefined) return null;
  const { image = 0, class: label } = table.columns;
  const keys = table.rows.map((row) => `${row[image]}\0${label === undefined ? '' : row[label]}`);
  return new Set(keys).size < keys.length ? 'instances' : 'classMap';
}

/** Kaggle's run lengths: first pixel, from 1 and column by column, and length, in turn; null: they are none, or leave the image. */
function runsObject(
  name: string,
  text: string,
  [height, width]: readonly [number, number],
  order: CsvData['runs'],
): StatedObject | null {
  const numbers = text.split(/\s+/).map(Number);
  const counts: number[] = [];
  let at = 0;
  for (let i = 0; i < numbers.length; i += 2) {
    const [first = 0, length = 0] = [numbers[i], numbers[i + 1]];
    if (!Number.isInteger(first) || !Number.isInteger(length) || first - 1 < at || length < 1) return null;
    counts.push(first - 1 - at, length);
    at = first - 1 + length;
  }
  if (at > width * height) return null;
  counts.push(width * height - at);
  const runs = order === 'rows' ? turnedRuns(counts, [height, width]) : counts;
  return { name, box: null, segmentation: { size: [height, width], counts: runs }, ignored: false, area: null };
}

/** Lengths of runs row by row as those column by column, first of what is outside. */
function turnedRuns(counts: readonly number[], [height, width]: readonly [number, number]): number[] {
  const inside = new Uint8Array(height * width);
  let at = 0;
  for (const [i, count] of counts.entries()) {
    if (i % 2 === 1) inside.fill(1, at, at + count);
    at += count;
  }
  const turned: number[] = [];
  let [value, length] = [0, 0];
  for (let x = 0; x < width; x++) {
    for (let i = x; i < inside.length; i += width, length++) {
      if (inside[i] === value) continue;
      turned.push(length);
      [value, length] = [1 - value, 0];
    }
  }
  return [...turned, length];
}

const isNumber = (text: string): boolean => text === '' || (text.trim() !== '' && Number.isFinite(Number(text)));
const isCsv = (name: string): boolean => /\.(csv|tsv)$/i.test(name);
/** A line an image, as keras-yolo3 and Roboflow write it. */
const isLines = (name: string): boolean => /annotations?\.txt$/i.test(name);
const isTable = (name: string): boolean => isCsv(name) || isLines(name);
const LINE_BOX = /^-?[\d.]+(,-?[\d.]+){3},[^,]+$/;

/** Rows of a CSV file; of lines `path x1,y1,x2,y2,class x1,y1,x2,y2,class` a row a box, as keras-retinanet orders it. */
function rowsIn(text: string, file: string): readonly (readonly string[])[] {
  if (!isLines(file)) return parseCsv(text, file);
  return linesOf(text).flatMap((line) => {
    const words = line.split(/\s+/);
    const boxes: string[] = [];
    while (words.length > 1 && LINE_BOX.test(words.at(-1) ?? '')) boxes.unshift(words.pop() ?? '');
    const rows = boxes.length === 0 ? [',,,,'] : boxes;
    return rows.map((box) => [words.join(' '), ...box.split(',')]);
  });
}

/** Rows of a file that are looked at to tell what it is. */
const MOST_ROWS = 200;
/** What has a class and no place in its image. */
const NOWHERE = { box: null, segmentation: null, ignored: false, area: null } as const;
const SETS = { train: /^train/i, val: /^(val|dev)/i, test: /^test/i } as const;

interface Table {
  readonly columns: Columns;
  readonly rows: readonly (readonly string[])[];
}

/** Null: no table of boxes. */
function tableOf(rows: readonly (readonly string[])[]): Table | null {
  const [head = [], ...body] = rows;
  const found = columnsOf(head);
  const id = head.findIndex((title) => /^id$/i.test(title));
  const columns = found.rle === undefined || found.image !== undefined || id < 0 ? found : { ...found, image: id };
  const has = (...names: readonly Column[]): boolean => names.every((name) => columns[name] !== undefined);
  if (
    has('image') &&
    (has('x1', 'y1', 'x2', 'y2') ||
      has('bbox') ||
      has('rle') ||
      (has('x', 'y') && (has('w', 'h') || has('width', 'height'))))
  ) {
    return {
      columns:
        has('x', 'y') && !has('w', 'h') && !has('x1')
          ? ({ ...columns, w: columns.width, h: columns.height } as Columns)
          : columns,
      rows: body,
    };
  }
  const bare = BARE.find(({ fields, fits }) => head.length === fields && fits(head));
  return bare === undefined ? null : { columns: bare.columns, rows };
}

/** Fractions where every coordinate is at most 1.5 and some are no whole numbers. */
function unitOf(boxes: readonly (readonly number[])[]): StatedImage['unit'] {
  let hasPart = false;
  for (const box of boxes) {
    for (const value of box) {
      if (value > 1.5) return 'pixels';
      hasPart ||= !Number.isInteger(value);
    }
  }
  return hasPart ? 'fractions' : 'pixels';
}

function boxIn(row: readonly string[], columns: Columns): readonly [number, number, number, number] | null {
  const number = (column: Column): number => {
    const text = row[columns[column] ?? -1] ?? '';
    return text === '' ? Number.NaN : Number(text);
  };
  if (columns.x1 !== undefined) return [number('x1'), number('y1'), number('x2'), number('y2')];
  const [x = Number.NaN, y = Number.NaN, width = Number.NaN, height = Number.NaN] =
    columns.bbox === undefined
      ? [number('x'), number('y'), number('w'), number('h')]
      : ((row[columns.bbox] ?? '').match(/-?[\d.]+(e[+-]?\d+)?/gi) ?? []).map(Number);
  return [x, y, x + width, y + height];
}

async function readTable(file: string): Promise<Table> {
  const table = tableOf(rowsIn(await readAnnotation(file), file));
  if (table !== null) return table;
  throw new DataError(
    file,
    'no table of boxes: columns filename, class, xmin, ymin, xmax, ymax are expected, or path,x1,y1,x2,y2,class without names',
  );
}

async function readFile(place: string, reading: Reading<CsvData>): Promise<StatedSet> {
  const { root, folder, data, images, warnings } = reading;
  const [path = '', set] = place.split('#');
  const file = configPath(root, path);
  const { columns, rows } = await readTable(file);
  const wanted = set === undefined ? rows : rows.filter((row) => partOfSet(row[columns.set ?? -1] ?? '') === set);
  const classNames = isLines(path)
    ? await numberedNames(path, reading)
    : await displayNames(columns.class, rows, reading);
  if (columns.rle !== undefined)
    warnings.say(
      'run-order',
      `run lengths count pixels from 1, ${data.runs === 'rows' ? 'row by row' : "column by column, as Kaggle's do; data.runs: rows reads them row by row"}`,
    );
  const sides = new Map<string, readonly [number, number] | null>();
  const sidesOf = async (name: string) => {
    const known = sides.get(name);
    if (known !== undefined) return known;
    const image = images.find(name, dirname(file));
    const size = image && (await readImageSize(image.file).catch(() => null));
    const found = size && ([size.height, size.width] as const);
    sides.set(name, found);
    return found;
  };
  const unit = unitOf(rows.map((row) => boxIn(row, columns) ?? []).filter((box) => box.every(Number.isFinite)));
  const byImage = new Map<string, { readonly size: StatedImage['size']; readonly objects: StatedObject[] }>();
  const sizeColumns = columns.x !== undefined && columns.w === columns.width ? {} : columns;
  for (const row of wanted) {
    const name = row[columns.image ?? 0] ?? '';
    const size = sizeIn(row[sizeColumns.width ?? -1], row[sizeColumns.height ?? -1]);
    const image = byImage.get(name) ?? { size, objects: [] };
    byImage.set(name, image);
    const runs = columns.rle === undefined ? null : (row[columns.rle] ?? '').trim();
    const box = runs === null ? boxIn(row, columns) : null;
    const written = columns.class === undefined ? 'object' : (row[columns.class] ?? '');
    const label = classNames.get(written) ?? written;
    if (runs !== null && runs !== '' && runs !== '-1') {
      const sides = await sidesOf(name);
      const object = sides && runsObject(label, runs, sides, data.runs);
      if (object) image.objects.push(object);
      else if (sides) warnings.note('bad-shape', name);
    }
    if (box === null || box.every(Number.isNaN)) continue; // an image without objects
    if (label === '') warnings.note('no-class', name);
    else if (!box.every(Number.isFinite)) warnings.note('bad-box', name);
    else image.objects.push(boxObject(label, ...box));
  }
  const beside = data.images === null && images.paths.length > 0 ? dirname(file) : null;
  const stated = [...byImage].map(([name, { size, objects }]): StatedImage => {
    return {
      name,
      source: file,
      folder: beside?.startsWith(folder) ? beside : null,
      size,
      unit,
      objects,
    };
  });
  return { images: stated, classes: null, file };
}

/** Open Images writes machine names, /m/01g317, which a table of two columns beside it explains. */
async function displayNames(
  column: number | undefined,
  rows: readonly (readonly string[])[],
  { root }: Reading<CsvData>,
): Promise<ReadonlyMap<string, string>> {
  const isMachine = (text = ''): boolean => /^\/[mtg]\/\w+$/.test(text);
  if (column === undefined || !isMachine(rows[0]?.[column])) return new Map();
  const [file] = await findCsv(root.path, (start) => {
    const [row = []] = parseCsv(linesOf(start).slice(0, 1).join(), '');
    return row.length === 2 && isMachine(row[0]);
  });
  if (file === undefined) return new Map();
  const table = parseCsv(await readAnnotation(join(root.path, file)), file);
  return new Map(table.map(([machine = '', name = '']) => [machine, name]));
}

/** Names of classes by their numbers: the lines of the list nearest to a file. */
async function numberedNames(path: string, { root }: Reading<CsvData>): Promise<ReadonlyMap<string, string>> {
  const lists = (await listFiles(root.path)).filter((name) => /(^|\/)_?classes\.txt$/i.test(name)).sort(naturalOrder);
  const list = lists.find((name) => dirname(name) === dirname(path)) ?? lists[0];
  const names = list === undefined ? [] : linesOf(await readAnnotation(join(root.path, list)));
  return new Map(names.map((name, i) => [String(i), name]));
}

async function readLabels(place: string, { root, folder, data, images }: Reading<CsvData>): Promise<StatedSet> {
  const [path = '', set] = place.split('#');
  const file = configPath(root, path);
  const table = await readLabelFile(file, data.labelSeparator);
  const beside = data.images === null && images.paths.length > 0 ? dirname(file) : null;
  const wanted = set === undefined ? table.images : table.images.filter((image) => partOfSet(image.set) === set);
  const stated = wanted.map(({ name, labels }): StatedImage => {
    const objects = labels.map((label) => ({ name: label, ...NOWHERE }));
    return {
      name,
      source: file,
      folder: beside?.startsWith(folder) ? beside : null,
      size: null,
      unit: 'pixels',
      objects,
    };
  });
  return { images: stated, classes: table.classes, file };
}

function partOfSet(text: string): string {
  return keysOf(SETS).find((part) => SETS[part].test(text)) ?? '';
}

async function findCsv(root: string, isWanted: (start: string, path: string) => boolean): Promise<string[]> {
  const files = (await listFiles(root)).filter(isTable).sort(naturalOrder);
  return files.slice(0, 200).filter((path) => isWanted(headOf(join(root, path)), path));
}

/** Files of a root, by the words of their names or by the sets that the rows of a single one say. */
async function partsOf(files: readonly string[], setsIn: (file: string) => Promise<ReadonlySet<string>>) {
  const [only] = files;
  if (files.length !== 1 || only === undefined) return partsByName(files);
  const sets = await setsIn(only);
  const part = (name: string) => (sets.has(name) ? [`${only}#${name}`] : undefined);
  const [train, val, test] = [part('train'), part('val'), part('test')];
  return { all: files, ...(train && { train }), ...(val && { val }), ...(test && { test }) };
}

const resolveFile = async (name: string, { root }: Reading<CsvData>): Promise<readonly string[] | null> =>
  isTable(valueAt(name.split('#'), 0)) ? [configPath(root, name)] : null;

/** What the files of places state, one after the other. */
async function readPlaces(
  places: readonly string[],
  reading: Reading<CsvData>,
  readOne: typeof readFile,
  noun: string,
): Promise<StatedSet> {
  const sets: StatedSet[] = [];
  for (const place of places) sets.push(await readOne(place, reading));
  const [first] = sets;
  if (first === undefined) throw new DataError(reading.root.path, `holds no CSV file of ${noun}`);
  return { images: sets.flatMap(({ images }) => images), classes: first.classes, file: first.file };
}

/** Whether a line has a box; the last line of a beginning may be cut. */
function isBoxes(start: string, path: string): boolean {
  const rows = rowsIn(linesOf(start).slice(0, 5).join('\n'), path);
  return tableOf(rows) !== null && (!isLines(path) || rows.some((row) => row[1] !== ''));
}

const isLabels = (start: string, path: string): boolean => isCsv(path) && isLabelTable(start);

/** Rows of boxes, in the orders of keras-retinanet, TensorFlow's tutorials, Kaggle and AutoML; or of images and their classes. */
export const csv = defineFormat({
  kind: 'csv',
  title: 'CSV',
  tools: 'keras-retinanet, keras-yolo3, TensorFlow tutorials, Roboflow, Google AutoML / Vertex AI, Kaggle, Open Images',
  layout: `train.csv: filename,width,height,class,xmin,ymin,xmax,ymax   or   path,x1,y1,x2,y2,class
a.jpg                                                        or   TRAIN,a.jpg,cat,0.1,0.1,,,0.5,0.5,,
_annotations.txt, _classes.txt: a.jpg 10,20,110,220,0 30,40,50,60,1
run lengths: ImageId,ClassId,EncodedPixels   or   img,rle_mask, column by column from 1
classes of images: file,label   or   file,label with cat|dog   or   filename,cat,dog with 0 and 1`,
  config,
  readers: {
    ...statedReaders<CsvData>({
      parts: async ({ root }) =>
        partsOf(await findCsv(root.path, isBoxes), async (file) => {
          const { columns, rows } = await readTable(join(root.path, file));
          return new Set(rows.map((row) => partOfSet(row[columns.set ?? -1] ?? '')));
        }),
      resolve: resolveFile,
      read: (places, reading) => readPlaces(places, reading, readFile, 'boxes'),
    }),
    labels: statedLabels<CsvData>({
      parts: async ({ root, data }) =>
        partsOf(await findCsv(root.path, isLabels), async (file) => {
          const { images } = await readLabelFile(join(root.path, file), data.labelSeparator);
          return new Set(images.map(({ set }) => partOfSet(set)));
        }),
      resolve: resolveFile,
      read: (places, reading) => readPlaces(places, reading, readLabels, 'images and classes'),
    }),
  },
  recognise: async ({ paths, head }) => {
    const files = paths.filter(isTable).slice(0, 20);
    for (const path of files) {
      const truth = runsIn(await head(path));
      if (truth !== null) return { keys: {}, name: 'CSV of run lengths', truth };
    }
    for (const path of files)
      if (isBoxes(await head(path), path)) return { keys: {}, name: 'CSV of boxes', truth: 'boxes' };
    for (const path of files)
      if (isLabels(await head(path), path)) return { keys: {}, name: 'CSV of classes', truth: 'labels' };
    return null;
  },
  check: (data) =>
    missingFile(data, (name) => (isTable(name) ? configPath({ path: data.root, real: data.root }, name) : null)),
});
