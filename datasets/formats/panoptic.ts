import { basename, join } from 'node:path';
import * as z from 'zod';
import { configPath, statedPanoptic } from '../stated/format.js';
import { listFiles } from '../stated/images.js';
import { readPanoptic } from '../stated/panoptic.js';
import { missingFile } from './check.js';
import { commonKeys, defineFormat } from './format.js';
import { headOf, partsByName } from './parts.js';

const config = z.strictObject({
  kind: z.literal('coco-panoptic'),
  ...commonKeys,
  images: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Folder of the images, relative to root; null: found below root by their names'),
});
type PanopticData = z.infer<typeof config>;

const isJson = (name: string): boolean => /\.json(\.gz)?$/i.test(name);
/** Files that are read to see what they are. */
const MOST_READ = 50;

/** Whether a JSON file lists segments, by its name and its beginning. */
export const listsSegments = (name: string, start: string): boolean =>
  basename(name).startsWith('panoptic_') || /"segments_info"\s*:\s*\[/.test(start);

/** COCO panoptic: a JSON file of segments a split, and beside it a folder of its name with a label image for each image. */
export const panoptic = defineFormat({
  kind: 'coco-panoptic',
  title: 'COCO panoptic',
  tools: 'COCO, Cityscapes and Mapillary after conversion, panopticapi, Segments.ai',
  layout: `annotations/panoptic_train2017.json      train2017/a.jpg
annotations/panoptic_train2017/a.png     val2017/b.jpg`,
  config,
  readers: {
    panoptic: statedPanoptic<PanopticData>({
      parts: async ({ root }) => {
        const files = (await listFiles(root.path)).filter(isJson).slice(0, MOST_READ);
        return partsByName(files.filter((path) => isPanoptic(path, headOf(join(root.path, path)))));
      },
      resolve: async (name, { root }) => (isJson(name) ? [configPath(root, name)] : null),
      read: (places, { root, warnings }) =>
        readPanoptic(
          places.map((place) => configPath(root, place)),
          warnings,
        ),
    }),
  },
  recognise: async ({ paths, head }) => {
    for (const path of paths.filter(isJson).slice(0, MOST_READ)) {
      if (isPanoptic(path, await head(path))) return { keys: {}, name: 'COCO panoptic', truth: 'panoptic' };
    }
    return null;
  },
  check: (data) =>
    missingFile(data, (name) => (isJson(name) ? configPath({ path: data.root, real: data.root }, name) : null)),
});

/** Lists of categories alone, and predictions, are none. */
const isPanoptic = (name: string, start: string): boolean =>
  listsSegments(name, start) && /^\s*\{[\s\S]*"images"\s*:\s*\[/.test(start);
