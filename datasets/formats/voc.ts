import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as z from 'zod';
import { DataError } from '../../engine/errors.js';
import { isGlob } from '../glob.js';
import { classMapLabels } from '../labels.js';
import { adviseValues } from '../masks/advice.js';
import { openMaskPairs } from '../masks/open.js';
import type { Pair } from '../masks/pairs.js';
import type { ValueTable } from '../masks/table.js';
import { withBackground } from '../overlap.js';
import { type DataRoot, idOf, naturalOrder, openRoot } from '../paths.js';
import { IGNORED, type LabelMap } from '../sample.js';
import { isRanges } from '../split.js';
import { statedReaders } from '../stated/format.js';
import { indexFiles, isImageName, listFiles, stemOf } from '../stated/images.js';
import { chooseSplit } from '../stated/splits.js';
import { linesOf, readAnnotation } from '../stated/text.js';
import { readVoc, vocParts, vocPlaces } from '../stated/voc.js';
import { collectWarnings, type WarningList } from '../warnings.js';
import { missingFile } from './check.js';
import { commonKeys, defineFormat, type Open } from './format.js';

const config = z.strictObject({
  kind: z.literal('voc'),
  ...commonKeys,
  images: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Folder of the images, relative to root; null: JPEGImages if there is one, or else beside the annotations and anywhere below root',
    ),
});
type VocData = z.infer<typeof config>;

const MASKS = 'SegmentationClass';
const LISTS = 'ImageSets/Segmentation';
const IMAGES = 'JPEGImages';
const isXml = (path: string): boolean => /\.xml$/i.test(path);

const stated = statedReaders<VocData>({
  parts: ({ root }) => vocParts(root.path, isXml),
  resolve: (name, { root }) => vocPlaces(root.path, name),
  read: readVoc,
  imageFolder: IMAGES,
});

/** Class maps from SegmentationClass, or else from polygons of the annotations. */
const openClassMap: Open<VocData, 'classMap'> = async (data, request) => {
  const root = await openRoot(data.root);
  const hasMasks = await stat(join(root.path, MASKS)).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (!hasMasks) return stated.classMap(data, request);
  const warnings = collectWarnings();
  const pairs = await listPairs(root, data);
  const table = await tableOf(root, data, request.labels && withBackground(request.labels));
  const chosen = await chooseSplit(root, data, request.split, {
    parts: await vocParts(root.path, (path) => path.startsWith(`${MASKS}/`), LISTS),
    resolve: (name) => vocPlaces(root.path, name, LISTS),
    read: async (places) => {
      const wanted = await Promise.all(places.map((place) => listed(root, place, pairs, warnings)));
      return wanted.flat().map((pair) => ({ ...pair, classes: [] }));
    },
  });
  if (chosen === null) return null;
  if (chosen.note !== null) warnings.say('split', chosen.note);
  return openMaskPairs(chosen.items, {
    root,
    badRecords: data.badRecords,
    mode: data.mode,
    otherValues: 'error',
    resized: false,
    unit: table.colours === null ? 'value' : null,
    all: null,
    isFound: false,
    tableOf: (_, unit) => (unit === 'colour' && table.colours !== null ? table.colours : table.positions),
    advise: (found, { classes }, unit) =>
      adviseValues(
        (line) => `${POSITIONS}, ${line} below data`,
        found,
        classes.map(({ name }) => name),
        unit,
      ),
    warnings,
  });
};

const POSITIONS =
  "VOC's values are positions of classes: save them so, or write kind: masks, images: JPEGImages/*.jpg, masks: SegmentationClass/*.png";

async function listPairs(root: DataRoot, { images }: VocData): Promise<readonly Pair[]> {
  const paths = (await listFiles(root.path)).filter(isImageName).sort(naturalOrder);
  const folder = images ?? IMAGES;
  const index = indexFiles(
    join(root.path, folder),
    paths.filter((path) => path.startsWith(`${folder}/`)).map((path) => path.slice(folder.length + 1)),
  );
  return paths
    .filter((path) => path.startsWith(`${MASKS}/`))
    .flatMap((maskId) => {
      const key = stemOf(basename(maskId));
      const image = index.find(key, null);
      return image === null ? [] : [{ id: idOf(root, image.file), maskId, key }];
    });
}

async function listed(
  root: DataRoot,
  place: string,
  pairs: readonly Pair[],
  warnings: WarningList,
): Promise<readonly Pair[]> {
  if (!/\.txt$/i.test(place)) return pairs;
  const file = join(root.path, place);
  const byKey = new Map(pairs.map((pair) => [pair.key, pair]));
  const names = linesOf(await readAnnotation(file)).map((line) => (isImageName(line) ? stemOf(line) : line));
  const found = [...new Set(names)].flatMap((name) => {
    const pair = byKey.get(name) ?? byKey.get(basename(name));
    if (pair === undefined)
      warnings.noteBad(name, {
        problem: `no mask in ${MASKS} with an image in ${IMAGES}, listed in ${place}`,
        pitfall: 27,
      });
    return pair === undefined ? [] : [pair];
  });
  if (found.length > 0) return found;
  throw new DataError(
    file,
    names.length === 0
      ? 'the split names no image'
      : `not one of its ${names.length} names has a mask in ${MASKS} with an image in ${IMAGES}`,
  );
}

/** Tables for masks of palette indices and of colours. */
async function tableOf(
  root: DataRoot,
  { classes }: VocData,
  labels: LabelMap | undefined,
): Promise<{ readonly positions: ValueTable; readonly colours: ValueTable | null }> {
  const lines = await readLabelMap(root);
  const names = classes.length > 0 ? classes : lines?.map(({ name }) => name);
  if (names === undefined && labels === undefined) {
    throw new DataError(
      join(root.path, MASKS),
      `masks do not name their classes: give classes in the order of the mask values, first that of 0, or put labelmap.txt into ${root.path}`,
    );
  }
  const known = labels ?? classMapLabels(names as readonly string[]);
  const values = [...known.classes.map((_, i) => [i, i] as const), [IGNORED, IGNORED] as const];
  const positions: ValueTable = { labels: known, unit: 'value', values, note: null };
  const coloured = lines?.filter(({ colour }) => colour !== null) ?? [];
  if (coloured.length === 0) return { positions, colours: null };
  const indices = new Map(known.classes.map(({ name }, i) => [name, i]));
  const table = coloured.map(({ name, colour }) => [colour as number, indices.get(name) ?? IGNORED] as const);
  return { positions, colours: { labels: known, unit: 'colour', values: table, note: null } };
}

/** Lines `name:r,g,b:parts:actions`, in the order of the mask values; null where there is no such file. */
async function readLabelMap(
  root: DataRoot,
): Promise<readonly { readonly name: string; readonly colour: number | null }[] | null> {
  const file = join(root.path, 'labelmap.txt');
  const found = await stat(file).catch(() => null);
  if (found === null) return null;
  return linesOf(await readAnnotation(file))
    .filter((line) => !line.startsWith('#'))
    .map((line) => {
      const [name = '', written = ''] = line.split(':');
      const [red, green, blue] = written.split(',').map(Number);
      const isColour = [red, green, blue].every(
        (value) => Number.isInteger(value) && (value as number) >= 0 && (value as number) < 256,
      );
      return {
        name,
        colour:
          isColour && written !== '' ? (red as number) * 65_536 + (green as number) * 256 + (blue as number) : null,
      };
    });
}

/** PASCAL VOC: an XML file an image, and masks of classes in SegmentationClass. */
export const voc = defineFormat({
  kind: 'voc',
  title: 'PASCAL VOC',
  tools: 'labelImg, Roboflow, CVAT (also "Segmentation mask 1.1"), Label Studio, labelme2voc, MATLAB',
  layout: `train/a.jpg    or   images/a.jpg        or   JPEGImages/a.jpg              or   a.jpg
train/a.xml         annotations/a.xml        Annotations/a.xml                  a.xml
valid/b.jpg                                  ImageSets/Main/train.txt
valid/b.xml                                  SegmentationClass/a.png, labelmap.txt`,
  ignored: 'difficult',
  config,
  readers: { boxes: stated.boxes, instances: stated.instances, classMap: openClassMap },
  check: (data) =>
    missingFile(data, (name) => {
      const lists = [`ImageSets/Main/${name}.txt`, `${LISTS}/${name}.txt`].map((list) => join(data.root, list));
      const isPlace = existsSync(join(data.root, name)) || lists.some((list) => existsSync(list));
      const isList =
        name !== 'auto' && !isGlob(name) && !isRanges(name) && existsSync(join(data.root, 'ImageSets/Main'));
      return isList && !isPlace ? (lists[0] ?? null) : null;
    }),
  recognise: async ({ paths, head }) => {
    const xml = paths.filter(isXml).slice(0, 20);
    for (const path of xml) {
      if (!/<annotation[\s>]/i.test(await head(path))) continue;
      const isRoboflow = (await head(path)).includes('roboflow');
      return { keys: {}, name: isRoboflow ? 'Roboflow VOC' : 'PASCAL VOC', truth: 'boxes' };
    }
    if (!paths.some((path) => path.startsWith(`${MASKS}/`))) return null;
    return paths.includes('labelmap.txt') ? { keys: {}, name: 'VOC segmentation masks', truth: 'classMap' } : null;
  },
});
