import { dirname, join } from 'node:path';
import * as z from 'zod';
import { DataError } from '../../engine/errors.js';
import { naturalOrder } from '../paths.js';
import { configPath, statedReaders } from '../stated/format.js';
import type { StatedImage, StatedObject } from '../stated/image.js';
import { listFiles } from '../stated/images.js';
import { isObject, type JsonObject, numberIn, readJsonObject, textIn } from '../stated/json.js';
import { ellipseObject, polygonObject, rectangleObject } from '../stated/shapes.js';
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
    .describe('Folder of the images, relative to root; null: beside the JSON file, and anywhere below root'),
  attribute: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Region attribute that names the class; null: the first one of each region'),
});
type ViaData = z.infer<typeof config>;

const isJson = (name: string): boolean => /\.json$/i.test(name);
const isVia = (start: string): boolean => /"_via_|"region_attributes"|"shape_attributes"/.test(start);

function readFile(
  document: JsonObject,
  file: string,
  { attribute, images }: ViaData,
  warnings: WarningList,
): StatedImage[] {
  const metadata = isObject(document._via_img_metadata) ? document._via_img_metadata : document;
  const items = Object.values(metadata).filter((item): item is JsonObject => isObject(item) && 'filename' in item);
  if (items.length === 0) throw new DataError(file, 'is no file of VGG Image Annotator: it names no image');
  return items.map((item) => {
    const name = textIn(item.filename) ?? '';
    const regions = Array.isArray(item.regions)
      ? item.regions
      : Object.values(isObject(item.regions) ? item.regions : {});
    const objects = regions.flatMap((region: unknown): StatedObject[] => {
      const object = isObject(region) ? objectOf(region, attribute) : null;
      if (object === null) warnings.note('unused-shape', name);
      return object === null ? [] : [object];
    });
    return { name, source: file, folder: images === null ? dirname(file) : null, size: null, unit: 'pixels', objects };
  });
}

function objectOf(
  { shape_attributes: shape, region_attributes: attributes }: JsonObject,
  attribute: string | null,
): StatedObject | null {
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
  const files = (await listFiles(root)).filter(isJson).sort(naturalOrder);
  return files.slice(0, 200).filter((path) => isVia(headOf(join(root, path))));
}

/** VGG Image Annotator: a JSON file for all images. */
export const via = defineFormat({
  kind: 'via',
  title: 'VGG Image Annotator',
  tools: 'VIA 1 and 2 (annotations or project as JSON), makesense',
  layout: `a.jpg, b.jpg            or   train/a.jpg, train/via_region_data.json
via_region_data.json         val/b.jpg, val/via_region_data.json`,
  config,
  readers: statedReaders<ViaData>({
    parts: async ({ root }) => partsByName(await findVia(root.path)),
    resolve: async (name, { root }) => (isJson(name) ? [configPath(root, name)] : null),
    read: async (places, { root, data, warnings }) => {
      const files = places.map((place) => configPath(root, place));
      const images: StatedImage[] = [];
      for (const file of files) images.push(...readFile(await readJsonObject(file), file, data, warnings));
      if (files.length === 0) throw new DataError(root.path, 'holds no JSON file of VGG Image Annotator');
      return { images, classes: null, file: files[0] ?? root.path };
    },
  }),
  recognise: async ({ paths, head }) => {
    for (const path of paths.filter(isJson).slice(0, 20)) {
      if (isVia(await head(path))) return { keys: {}, name: 'VGG Image Annotator', truth: 'boxes' };
    }
    return null;
  },
  check: (data) =>
    missingFile(data, (name) => (isJson(name) ? configPath({ path: data.root, real: data.root }, name) : null)),
});
