import { dirname, join } from 'node:path';
import * as z from 'zod';
import { parseJson } from '#coco-ts';
import { DataError } from '../../engine/errors.js';
import { naturalOrder } from '../paths.js';
import { parseCsv } from '../stated/csv.js';
import { configPath, statedReaders } from '../stated/format.js';
import type { StatedImage, StatedObject } from '../stated/image.js';
import { listFiles } from '../stated/images.js';
import { isObject, type JsonObject, numberIn, readJsonObject, textIn } from '../stated/json.js';
import { ellipseObject, polygonObject, rectangleObject } from '../stated/shapes.js';
import { readAnnotation } from '../stated/text.js';
import type { WarningList } from '../warnings.js';
import { missingFile } from './check.js';
import { commonKeys, defineFormat } from './format.js';
import { headOf, partsByName } from './parts.js';

const config = z.strictObject({
  kind: z.literal('via'),
  ...commonKeys,
  images: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Folder of the images, relative to root; null: beside the JSON or CSV file, and anywhere below root'),
  attribute: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Region attribute that names the class; null: the first one of each region'),
});
type ViaData = z.infer<typeof config>;

const isViaName = (name: string): boolean => /\.(json|csv)$/i.test(name);
const isVia = (start: string): boolean =>
  /"_via_|"__VIA_PROJECT_ID__"|"vid_list"|"region_attributes"|"shape_attributes"|^#?filename,.*\bregion_shape_attributes\b/m.test(
    start,
  );

/** A region as a file states it: what its shape is, and what is said of it. */
interface Region {
  readonly shape: unknown;
  readonly attributes: unknown;
}
type Regions = ReadonlyMap<string, readonly Region[]>;

async function readFile(file: string, { attribute, images }: ViaData, warnings: WarningList): Promise<StatedImage[]> {
  const found = /\.csv$/i.test(file) ? await regionsOfTable(file) : regionsOfJson(await readJsonObject(file), file);
  return [...found].map(([name, regions]): StatedImage => {
    const objects = regions.flatMap((region): StatedObject[] => {
      const object = objectOf(region, attribute);
      if (object === null) warnings.note('unused-shape', name);
      return object === null ? [] : [object];
    });
    return { name, source: file, folder: images === null ? dirname(file) : null, size: null, unit: 'pixels', objects };
  });
}

/** What VIA 3 calls the shapes of its `xy` lists, by their first number. */
const SHAPES = ['', 'point', 'rect', 'circle', 'ellipse', 'line', 'polyline', 'polygon'] as const;

/** Views of one file each, and regions of views; attributes by their names, options by theirs. */
function regionsOfProject(document: JsonObject, metadata: JsonObject): Regions {
  const [files, views, attributes] = [document.file, document.view, document.attribute].map((part) =>
    isObject(part) ? part : {},
  ) as [JsonObject, JsonObject, JsonObject];
  const nameOf = (view: string): string => {
    const { fid_list: ids } = isObject(views[view]) ? views[view] : {};
    const found = files[String(Array.isArray(ids) ? ids[0] : view)];
    return (isObject(found) ? textIn(found.fname) : null) ?? '';
  };
  const named = Object.keys(views).map((view) => [nameOf(view), [] as readonly Region[]] as const);
  const regions = Object.values(metadata).flatMap((one) => {
    if (!isObject(one) || !Array.isArray(one.xy) || one.xy.length === 0) return [];
    const [kind, ...xy] = one.xy.map(numberIn);
    const [a, b, c, d] = xy;
    const shape = {
      name: SHAPES[kind ?? 0] ?? '',
      ...(kind === 2 ? { x: a, y: b, width: c, height: d } : { cx: a, cy: b, r: c, rx: c, ry: d }),
      all_points_x: xy.filter((_, i) => i % 2 === 0),
      all_points_y: xy.filter((_, i) => i % 2 === 1),
    };
    const said = Object.entries(isObject(one.av) ? one.av : {}).map(([id, value]) => {
      const { aname, options } = isObject(attributes[id]) ? attributes[id] : {};
      const option = isObject(options) ? options[String(value)] : undefined;
      return [textIn(aname) ?? id, option ?? value];
    });
    return [[nameOf(String(one.vid)), [{ shape, attributes: Object.fromEntries(said) }]] as const];
  });
  return joined([...named, ...regions].filter(([name]) => name !== ''));
}

function regionsOfJson(document: JsonObject, file: string): Regions {
  if (isObject(document.metadata) && isObject(document.file)) return regionsOfProject(document, document.metadata);
  const metadata = isObject(document._via_img_metadata) ? document._via_img_metadata : document;
  const items = Object.values(metadata).filter((item): item is JsonObject => isObject(item) && 'filename' in item);
  if (items.length === 0) throw new DataError(file, 'is no file of VGG Image Annotator: it names no image');
  return joined(
    items.map(({ filename, regions }) => {
      const list = Array.isArray(regions) ? regions : Object.values(isObject(regions) ? regions : {});
      const read = list.map((one: unknown): Region => {
        const region = isObject(one) ? one : {};
        return { shape: region.shape_attributes, attributes: region.region_attributes };
      });
      return [textIn(filename) ?? '', read];
    }),
  );
}

/** Rows of one region each; of an image without regions there is one whose shape is {}. */
async function regionsOfTable(file: string): Promise<Regions> {
  const [head = [], ...rows] = parseCsv(await readAnnotation(file), file);
  const [name, shape, attributes] = [/^#?filename$/, /^region_shape_attributes$/, /^region_attributes$/].map((title) =>
    head.findIndex((text) => title.test(text)),
  ) as [number, number, number];
  if (name < 0 || shape < 0) {
    throw new DataError(
      file,
      'is no table of VGG Image Annotator: filename, region_shape_attributes, region_attributes are expected',
    );
  }
  return joined(
    rows.map((row, i) => {
      const read = (column: number): unknown => cellOf(row[column] ?? '', file, i + 2);
      const region = { shape: read(shape), attributes: read(attributes) };
      const isNone = isObject(region.shape) && Object.keys(region.shape).length === 0;
      return [row[name] ?? '', isNone ? [] : [region]];
    }),
  );
}

function cellOf(text: string, file: string, row: number): unknown {
  try {
    return text === '' ? {} : parseJson(text);
  } catch {
    throw new DataError(file, `row ${row} holds attributes that are no JSON`);
  }
}

function joined(items: readonly (readonly [name: string, regions: readonly Region[]])[]): Regions {
  const all = new Map<string, Region[]>();
  for (const [name, regions] of items) {
    const known = all.get(name);
    if (known === undefined) all.set(name, [...regions]);
    else known.push(...regions);
  }
  return all;
}

function objectOf({ shape, attributes }: Region, attribute: string | null): StatedObject | null {
  if (!isObject(shape)) return null;
  const name = classOf(isObject(attributes) ? attributes : {}, attribute);
  if (name === null) return null;
  const [x, y, width, height] = [shape.x, shape.y, shape.width, shape.height].map(numberIn) as [
    number,
    number,
    number,
    number,
  ];
  if (shape.name === 'rect') return rectangleObject(name, x, y, x + width, y + height);
  const centre = [numberIn(shape.cx), numberIn(shape.cy)] as const;
  if (shape.name === 'circle') return ellipseObject(name, centre, [numberIn(shape.r), numberIn(shape.r)]);
  if (shape.name === 'ellipse')
    return ellipseObject(name, centre, [numberIn(shape.rx), numberIn(shape.ry)], numberIn(shape.theta ?? 0));
  if (shape.name !== 'polygon' || !Array.isArray(shape.all_points_x) || !Array.isArray(shape.all_points_y)) return null;
  const rows: readonly unknown[] = shape.all_points_y;
  return polygonObject(
    name,
    shape.all_points_x.flatMap((column: unknown, i) => [numberIn(column), numberIn(rows[i])]),
  );
}

/** A text, or the option of a checkbox that is set; without attributes there is one class. */
function classOf(attributes: JsonObject, attribute: string | null): string | null {
  const values = attribute === null ? Object.values(attributes) : [attributes[attribute]];
  for (const value of values) {
    const name = isObject(value)
      ? (Object.keys(value).find((key) => value[key] === true || value[key] === 'true') ?? null)
      : textIn(value);
    if (name !== null) return name;
  }
  return attribute === null ? 'object' : null;
}

async function findVia(root: string): Promise<string[]> {
  const files = (await listFiles(root)).filter(isViaName).sort(naturalOrder);
  return files.slice(0, 200).filter((path) => isVia(headOf(join(root, path))));
}

/** VGG Image Annotator: a JSON or CSV file for all images. */
export const via = defineFormat({
  kind: 'via',
  title: 'VGG Image Annotator',
  tools: 'VIA 1 and 2 (annotations as JSON or CSV, project as JSON), VIA 3 (project), makesense',
  layout: `a.jpg, b.jpg            or   train/a.jpg, train/via_region_data.json
via_region_data.json         val/b.jpg, val/via_region_data.json`,
  config,
  readers: statedReaders<ViaData>({
    parts: async ({ root }) => partsByName(await findVia(root.path)),
    resolve: async (name, { root }) => (isViaName(name) ? [configPath(root, name)] : null),
    read: async (places, { root, data, warnings }) => {
      const files = places.map((place) => configPath(root, place));
      const images: StatedImage[] = [];
      for (const file of files) images.push(...(await readFile(file, data, warnings)));
      if (files.length === 0) throw new DataError(root.path, 'holds no JSON or CSV file of VGG Image Annotator');
      return { images, classes: null, file: files[0] ?? root.path };
    },
  }),
  recognise: async ({ paths, head }) => {
    for (const path of paths.filter(isViaName).slice(0, 20)) {
      if (isVia(await head(path))) return { keys: {}, name: 'VGG Image Annotator', truth: 'boxes' };
    }
    return null;
  },
  check: (data) =>
    missingFile(data, (name) => (isViaName(name) ? configPath({ path: data.root, real: data.root }, name) : null)),
});
