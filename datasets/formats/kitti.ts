import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { EspalierError } from '../../engine/errors.js';
import { concurrently } from '../concurrently.js';
import { naturalOrder } from '../paths.js';
import { folderNamed, folderParts, inFolders } from '../stated/folders.js';
import { type Reading, statedReaders } from '../stated/format.js';
import type { StatedImage, StatedObject } from '../stated/image.js';
import { listFiles, stemOf } from '../stated/images.js';
import { boxObject } from '../stated/shapes.js';
import { linesOf, readAnnotation } from '../stated/text.js';
import { type BadRecord, badRecord, type WarningList } from '../warnings.js';
import { commonKeys, defineFormat } from './format.js';
import { headOf } from './parts.js';

const config = z.strictObject({ kind: z.literal('kitti'), ...commonKeys });
type KittiData = z.infer<typeof config>;

const AT_ONCE = 16;
const MAX_BYTES = 2 ** 24;
/** Class, truncation, occlusion, angle, x1 y1 x2 y2, seven numbers of space, perhaps a score. */
const FIELDS = [15, 16];
/** Regions that nobody labelled. */
const NOBODY = 'DontCare';

const isRow = (line: string): boolean => {
  const [name = '', ...values] = line.split(/\s+/);
  return (
    FIELDS.includes(values.length + 1) &&
    !/^[\d.-]/.test(name) &&
    values.every((value) => Number.isFinite(Number(value)))
  );
};

async function annotations(root: string): Promise<string[]> {
  const files = (await listFiles(root)).filter((path) => /\.txt$/i.test(path)).sort(naturalOrder);
  const folders = new Map<string, boolean>();
  const isOf = (path: string): boolean => isRow(linesOf(headOf(join(root, path)))[0] ?? '');
  for (const path of files) if (folders.get(dirname(path)) !== true) folders.set(dirname(path), isOf(path));
  return files.filter((path) => folders.get(dirname(path)) === true);
}

function objectsOf(text: string, file: string, warnings: WarningList): StatedObject[] {
  return linesOf(text).flatMap((line) => {
    const [name = '', , , , ...values] = line.split(/\s+/);
    if (!isRow(line) || name === NOBODY) {
      warnings.note(name === NOBODY ? 'unlabelled-region' : 'bad-box', file);
      return [];
    }
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = values.map(Number);
    return [boxObject(name, x1, y1, x2, y2)];
  });
}

async function read(folders: readonly string[], { root, images: index, warnings }: Reading<KittiData>) {
  const bad = new Map<string, BadRecord>();
  const images = await concurrently(inFolders(await annotations(root.path), folders), AT_ONCE, async (path) => {
    const file = join(root.path, path);
    try {
      const objects = objectsOf(await readAnnotation(file, MAX_BYTES), path, warnings);
      const stem = stemOf(basename(path));
      const beside = dirname(path).replace(/(^|\/)labels?(?=[_/]|$)/i, '$1image');
      const folder = join(root.path, index.find(stem, join(root.path, beside)) === null ? dirname(path) : beside);
      return { name: stem, source: file, folder, size: null, unit: 'pixels', objects } satisfies StatedImage;
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error;
      bad.set(path, badRecord(error));
      return null;
    }
  });
  return { images: images.filter((image) => image !== null), classes: null, file: root.path, bad };
}

/** KITTI's object labels: a text file an image, corners in pixels. */
export const kitti = defineFormat({
  kind: 'kitti',
  title: 'KITTI',
  tools: 'KITTI, NVIDIA TAO, CVAT, DIGITS',
  layout: `training/image_2/000000.png
training/label_2/000000.txt`,
  config,
  readers: statedReaders<KittiData>({
    parts: async ({ root }) => folderParts(await annotations(root.path)),
    resolve: async (name, { root }) => folderNamed(await annotations(root.path), name),
    read,
  }),
  recognise: async ({ paths, head }) => {
    for (const path of paths.filter((name) => /\.txt$/i.test(name)).slice(0, 50)) {
      if (isRow(linesOf(await head(path))[0] ?? '')) return { keys: {}, name: 'KITTI', truth: 'boxes' };
    }
    return null;
  },
});
