import { join } from 'node:path';
import * as z from 'zod';
import { shownName } from '../../engine/printable.js';
import { parseRanges } from '../split.js';
import { readCoco } from '../stated/coco.js';
import { configPath, statedReaders } from '../stated/format.js';
import { missingFile } from './check.js';
import { commonKeys, defineFormat } from './format.js';
import { listsSegments } from './panoptic.js';
import { findCoco, headOf, isCocoStart, partsByName } from './parts.js';

const positions = z.string().min(1).nullable().default(null);

const config = z.strictObject({
  kind: z.literal('coco'),
  ...commonKeys,
  images: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('Folder of the images, relative to root; null: root, and the folder of the JSON file first'),
  trainIndices: positions.describe(
    'Positions of the training images in the file by ascending id, such as 0-7,12; null: all',
  ),
  valIndices: positions.describe('Positions of the validation images; null: all'),
});
type CocoData = z.infer<typeof config>;

/** Whether a COCO file is that of a part without images. */
const listsNothing = (start: string): boolean => /"images"\s*:\s*\[\s*\]/.test(start);

const isJson = (name: string): boolean => /\.json(\.gz)?$/i.test(name);

/** COCO instances: one JSON file a split, or one for all. */
export const coco = defineFormat({
  kind: 'coco',
  title: 'COCO',
  tools: 'CVAT, Roboflow, Label Studio, COCO Annotator, makesense, FiftyOne, labelme2coco',
  layout: `train/_annotations.coco.json   or   annotations/instances_train2017.json
train/a.jpg                         train2017/a.jpg
valid/_annotations.coco.json        annotations/instances_val2017.json`,
  config,
  readers: statedReaders<CocoData>({
    parts: async ({ root, warnings }) => {
      const files = await findCoco(root.path);
      const empty = files.filter((file) => listsNothing(headOf(join(root.path, file))));
      if (empty.length === 0 || empty.length === files.length) return partsByName(files);
      warnings.say('empty-part', `files that list no image, left out: ${empty.slice(0, 5).map(shownName).join(', ')}`);
      return partsByName(files.filter((file) => !empty.includes(file)));
    },
    resolve: async (name, { root }) => (isJson(name) ? [configPath(root, name)] : null),
    read: (places, { root, data, warnings }) =>
      readCoco(
        places.map((place) => configPath(root, place)),
        { isBeside: data.images === null, warnings },
      ),
    narrow: (images, { data }, { split }) => {
      const indices = split === 'train' ? data.trainIndices : split === 'val' ? data.valIndices : null;
      if (indices === null) return images;
      return parseRanges(indices, images.length).map((position) => images[position] as (typeof images)[number]);
    },
  }),
  correctable: ({ root, ...data }, split) => {
    const file = data[split];
    return typeof file === 'string' && isJson(file) ? join(root, file) : null;
  },
  recognise: async ({ paths, head }) => {
    const files = paths.filter(isJson).slice(0, 50);
    for (const path of files) {
      const start = await head(path);
      if (listsSegments(path, start)) continue;
      if (!isCocoStart(start)) continue;
      const isRoboflow = paths.some((name) => name.endsWith('_annotations.coco.json'));
      return { keys: {}, name: isRoboflow ? 'Roboflow COCO' : 'COCO', truth: 'boxes' };
    }
    return null;
  },
  check: (data) =>
    missingFile(data, (name) => (isJson(name) ? configPath({ path: data.root, real: data.root }, name) : null)),
});
