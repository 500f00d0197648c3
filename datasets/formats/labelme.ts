import { dirname, join } from 'node:path';
import * as z from 'zod';
import { type LabelMeShape, parseLabelMe } from '#coco-ts';
import { DataError, EspalierError } from '../../engine/errors.js';
import { concurrently } from '../concurrently.js';
import { naturalOrder } from '../paths.js';
import { folderNamed, folderParts, inFolders } from '../stated/folders.js';
import { type Reading, statedReaders } from '../stated/format.js';
import type { StatedImage, StatedObject } from '../stated/image.js';
import { listFiles } from '../stated/images.js';
import { isObject, readJsonObject, sizeIn, textIn } from '../stated/json.js';
import { ellipseObject, maskObject, polygonObject, rectangleObject } from '../stated/shapes.js';
import { type BadRecord, badRecord } from '../warnings.js';
import { commonKeys, defineFormat } from './format.js';

const config = z.strictObject({ kind: z.literal('labelme'), ...commonKeys });
type LabelmeData = z.infer<typeof config>;

const AT_ONCE = 16;
/** Largest annotation file, which may hold its image. */
const MAX_BYTES = 2 ** 28;
const annotations = async (root: string): Promise<string[]> =>
  (await listFiles(root)).filter((path) => /\.json$/i.test(path)).sort(naturalOrder);

async function read(folders: readonly string[], { root, warnings, images: index }: Reading<LabelmeData>) {
  const files = inFolders(await annotations(root.path), folders);
  const bad = new Map<string, BadRecord>();
  const images = await concurrently(files, AT_ONCE, async (path) => {
    try {
      const file = join(root.path, path);
      const document = await readJsonObject(file, MAX_BYTES);
      if (!Array.isArray(document.shapes)) return null;
      const name = textIn(document.imagePath) ?? path.replace(/\.json$/i, '');
      if (textIn(document.imageData) !== null && index.find(name, dirname(file)) === null) {
        const problem = `its image ${name} is nowhere but inside this file (imageData): save it beside as ${name}`;
        throw new DataError(file, problem, 27);
      }
      const size = sizeIn(document.imageWidth, document.imageHeight);
      const objects: StatedObject[] = [];
      for (const shape of document.shapes as readonly unknown[]) {
        const parsed = parseLabelMe(shape);
        const drawn = isObject(shape) ? textIn(shape.mask) : null;
        const object = parsed === null ? null : await objectOf(parsed, drawn, size);
        if (object !== null) objects.push(object);
        else warnings.note(isObject(shape) && textIn(shape.label) === null ? 'no-class' : 'unused-shape', path);
      }
      return { name, source: file, folder: dirname(file), size, unit: 'pixels', objects } satisfies StatedImage;
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error;
      bad.set(path, badRecord(error));
      return null;
    }
  });
  return { images: images.filter((image) => image !== null), classes: null, file: root.path, bad };
}

/** Polygons, rectangles, circles and drawn masks; points and lines are not used. */
async function objectOf(
  { label: name, kind, points }: LabelMeShape,
  drawn: string | null,
  size: StatedImage['size'],
): Promise<StatedObject | null> {
  const [x1 = Number.NaN, y1 = Number.NaN, x2 = Number.NaN, y2 = Number.NaN] = points;
  if (kind === 'rectangle' && points.length >= 4) {
    // Two corners, or all four.
    const [across, down] = [0, 1].map((side) => points.filter((_, i) => i % 2 === side)) as [number[], number[]];
    return rectangleObject(name, Math.min(...across), Math.min(...down), Math.max(...across), Math.max(...down));
  }
  if (kind === 'circle') {
    const radius = Math.hypot(x2 - x1, y2 - y1);
    return ellipseObject(name, [x1, y1], [radius, radius]);
  }
  if (kind === 'mask')
    return drawn === null || size === null ? null : maskObject(name, [x1, y1], Buffer.from(drawn, 'base64'), size);
  return kind === 'polygon' || kind === 'rotation' ? polygonObject(name, points) : null;
}

/** LabelMe: a JSON file beside each image. */
export const labelme = defineFormat({
  kind: 'labelme',
  title: 'LabelMe',
  tools: 'labelme, X-AnyLabeling, AnyLabeling, CVAT',
  layout: `a.jpg    or   train/a.jpg, train/a.json
a.json        val/b.jpg, val/b.json`,
  config,
  readers: statedReaders<LabelmeData>({
    parts: async ({ root }) => folderParts(await annotations(root.path)),
    resolve: async (name, { root }) => folderNamed(await annotations(root.path), name),
    read,
  }),
  recognise: async ({ paths, head }) => {
    for (const path of paths.filter((name) => /\.json$/i.test(name)).slice(0, 20)) {
      if (/"shapes"\s*:\s*\[/.test(await head(path))) return { keys: {}, name: 'LabelMe', truth: 'boxes' };
    }
    return null;
  },
});
