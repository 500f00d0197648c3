import { basename, dirname, join } from 'node:path';
import { inflateSync } from 'node:zlib';
import * as z from 'zod';
import { EspalierError } from '../../engine/errors.js';
import { concurrently } from '../concurrently.js';
import { naturalOrder } from '../paths.js';
import { folderNamed, folderParts, inFolders } from '../stated/folders.js';
import { type Reading, statedReaders } from '../stated/format.js';
import type { StatedImage, StatedObject } from '../stated/image.js';
import { listFiles } from '../stated/images.js';
import { isObject, type JsonObject, numbersIn, objectsIn, readJsonObject, sizeIn, textIn } from '../stated/json.js';
import { maskObject, polygonObject, rectangleObject } from '../stated/shapes.js';
import { type BadRecord, badRecord } from '../warnings.js';
import { commonKeys, defineFormat } from './format.js';

const config = z.strictObject({ kind: z.literal('supervisely'), ...commonKeys });
type SuperviselyData = z.infer<typeof config>;

const AT_ONCE = 16;
const MAX_BYTES = 2 ** 28;
/** Largest PNG of one drawn mask. */
const MAX_MASK_BYTES = 2 ** 26;
const isAnnotation = (path: string): boolean => /(^|\/)ann\/[^/]+\.json$/i.test(path);
const annotations = async (root: string): Promise<string[]> =>
  (await listFiles(root)).filter(isAnnotation).sort(naturalOrder);

/** Rectangles (whose last pixel is inclusive), polygons and bitmaps; other geometries are not used. */
async function objectOf(name: string, object: JsonObject, size: StatedImage['size']): Promise<StatedObject | null> {
  const points = isObject(object.points) ? numbersIn(object.points.exterior) : [];
  if (object.geometryType === 'rectangle') {
    const [x1 = Number.NaN, y1 = Number.NaN, x2 = Number.NaN, y2 = Number.NaN] = points;
    if (![x1, y1, x2, y2].every(Number.isFinite)) return null;
    return rectangleObject(name, Math.min(x1, x2), Math.min(y1, y2), Math.max(x1, x2) + 1, Math.max(y1, y2) + 1);
  }
  if (object.geometryType === 'polygon') return polygonObject(name, points);
  if (object.geometryType !== 'bitmap' || !isObject(object.bitmap)) return null;
  const [x = Number.NaN, y = Number.NaN] = numbersIn(object.bitmap.origin);
  const packed = textIn(object.bitmap.data);
  if (packed === null || size === null) return null;
  try {
    const bytes = inflateSync(Buffer.from(packed, 'base64'), { maxOutputLength: MAX_MASK_BYTES });
    return await maskObject(name, [x, y], bytes, size);
  } catch {
    return null;
  }
}

async function read(folders: readonly string[], { root, warnings }: Reading<SuperviselyData>) {
  const bad = new Map<string, BadRecord>();
  const images = await concurrently(inFolders(await annotations(root.path), folders), AT_ONCE, async (path) => {
    try {
      const file = join(root.path, path);
      const document = await readJsonObject(file, MAX_BYTES);
      const sides = isObject(document.size) ? document.size : {};
      const size = sizeIn(sides.width, sides.height);
      const objects: StatedObject[] = [];
      for (const item of objectsIn(document.objects)) {
        const name = textIn(item.classTitle);
        const object = name === null ? null : await objectOf(name, item, size);
        if (object !== null) objects.push(object);
        else warnings.note(name === null ? 'no-class' : 'unused-shape', path);
      }
      const folder = join(dirname(dirname(file)), 'img');
      const name = basename(path).replace(/\.json$/i, '');
      return { name, source: file, folder, size, unit: 'pixels', objects } satisfies StatedImage;
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error;
      bad.set(path, badRecord(error));
      return null;
    }
  });
  return { images: images.filter((image) => image !== null), classes: null, file: root.path, bad };
}

/** Supervisely: a JSON file an image in `ann`, images in `img`, and the classes in meta.json. */
export const supervisely = defineFormat({
  kind: 'supervisely',
  title: 'Supervisely',
  tools: 'Supervisely, Dataset Ninja',
  layout: `meta.json
train/img/a.jpg
train/ann/a.jpg.json`,
  config,
  readers: statedReaders<SuperviselyData>({
    parts: async ({ root }) => folderParts(await annotations(root.path)),
    resolve: async (name, { root }) => folderNamed(await annotations(root.path), name),
    read,
  }),
  recognise: async ({ paths, head }) => {
    for (const path of paths.filter(isAnnotation).slice(0, 20)) {
      const start = await head(path);
      if (/"size"\s*:\s*\{/.test(start) && /"objects"\s*:\s*\[/.test(start))
        return { keys: {}, name: 'Supervisely', truth: 'boxes' };
    }
    return null;
  },
});
