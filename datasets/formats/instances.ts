import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { mask as masks } from '#coco-ts';
import { EspalierError } from '../../engine/errors.js';
import { concurrently } from '../concurrently.js';
import { decodeMask } from '../decode/decodeMask.js';
import { naturalOrder } from '../paths.js';
import { folderNamed, folderParts, inFolders } from '../stated/folders.js';
import { type Reading, statedReaders } from '../stated/format.js';
import type { StatedImage, StatedObject, StatedSet } from '../stated/image.js';
import { isImageName, listFiles, stemOf } from '../stated/images.js';
import { type BadRecord, badRecord } from '../warnings.js';
import { commonKeys, defineFormat } from './format.js';

const config = z.strictObject({ kind: z.literal('instances'), ...commonKeys });
type InstancesData = z.infer<typeof config>;

const AT_ONCE = 4;
const MASKS = /^(masks?|instances?|instance_masks?)$/i;
const IMAGES = /^(images?|imgs?)$/i;

/** An image and the masks of its objects, relative to the root. */
interface Instanced {
  readonly image: string;
  readonly masks: readonly string[];
}

/**
 * Images and their mask folders: `X/images/a.png` with `X/masks/*`, or `images/a.png` with `masks/a/*`. An image of which
 * another has the same folder of masks has none of its own.
 */
function instancesOf(paths: readonly string[]): readonly Instanced[] {
  const files = paths.filter(isImageName);
  const byFolder = new Map<string, string[]>();
  for (const path of files) {
    const folder = dirname(path);
    if (folder.split('/').some((step) => MASKS.test(step)))
      byFolder.set(folder, [...(byFolder.get(folder) ?? []), path]);
  }
  const images = files.filter(
    (path) =>
      !dirname(path)
        .split('/')
        .some((step) => MASKS.test(step)),
  );
  const perFolder = new Map<string, number>();
  for (const path of images) perFolder.set(dirname(path), (perFolder.get(dirname(path)) ?? 0) + 1);
  const beside = new Map<string, readonly string[]>();
  const named = new Map<string, readonly string[]>();
  for (const [folder, list] of byFolder) {
    if (MASKS.test(basename(folder))) beside.set(dirname(folder), list);
    else named.set(`${dirname(dirname(folder))}/${basename(folder)}`, list);
  }
  return images.flatMap((image): Instanced[] => {
    const folder = dirname(image);
    const outer = IMAGES.test(basename(folder)) ? dirname(folder) : folder;
    const own =
      named.get(`${outer}/${stemOf(basename(image))}`) ?? (perFolder.get(folder) === 1 ? beside.get(outer) : undefined);
    return own === undefined ? [] : [{ image, masks: own }];
  });
}

async function listed(root: string): Promise<readonly Instanced[]> {
  return instancesOf((await listFiles(root)).sort(naturalOrder));
}

async function read(folders: readonly string[], { root, data, warnings }: Reading<InstancesData>): Promise<StatedSet> {
  const all = await listed(root.path);
  const wanted = new Set(
    inFolders(
      all.map(({ image }) => image),
      folders,
    ),
  );
  const bad = new Map<string, BadRecord>();
  const [only = 'object'] = data.classes.filter((name) => name !== 'background');
  const images = await concurrently(
    all.filter(({ image }) => wanted.has(image)),
    AT_ONCE,
    async ({ image, masks: files }): Promise<StatedImage> => {
      const objects: StatedObject[] = [];
      for (const file of files) {
        try {
          const object = await objectOf(join(root.path, file), only);
          if (object === null) warnings.note('bad-shape', file);
          else objects.push(object);
        } catch (error) {
          if (!(error instanceof EspalierError)) throw error;
          bad.set(file, badRecord(error));
        }
      }
      const folder = dirname(join(root.path, image));
      return { name: basename(image), source: join(root.path, image), folder, size: null, unit: 'pixels', objects };
    },
  );
  return { images, classes: [{ id: 1, name: only }], file: root.path, bad };
}

/** The pixels of a mask that are not 0; null where there are none. */
async function objectOf(file: string, name: string): Promise<StatedObject | null> {
  const { data, width, height } = await decodeMask(file, { unit: 'colour' });
  const bitmap = new Uint8Array(width * height);
  let pixels = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      if (data[y * width + x] === 0) continue;
      bitmap[x * height + y] = 1;
      pixels++;
    }
  }
  if (pixels === 0) return null;
  const { counts } = masks.encode({ data: bitmap, width, height });
  return { name, box: null, segmentation: { size: [height, width], counts }, ignored: false, area: pixels };
}

/** One mask file for each object, in a folder for each image. */
export const instances = defineFormat({
  kind: 'instances',
  title: 'One mask per object',
  tools: 'Data Science Bowl 2018, NuInsSeg, exports of Cellpose and ImageJ',
  layout: `a/images/a.png          or   images/a.png
a/masks/0.png, 1.png         masks/a/0.png, 1.png`,
  config,
  readers: statedReaders<InstancesData>({
    parts: async ({ root }) => folderParts((await listed(root.path)).map(({ image }) => image)),
    resolve: async (name, { root }) =>
      folderNamed(
        (await listed(root.path)).map(({ image }) => image),
        name,
      ),
    read,
  }),
  recognise: async ({ paths }) => {
    const found = instancesOf(paths);
    const files = found.reduce((sum, { masks: list }) => sum + list.length, 0);
    return found.length > 0 && files > found.length ? { keys: {}, name: 'one mask per object', truth: 'boxes' } : null;
  },
});
