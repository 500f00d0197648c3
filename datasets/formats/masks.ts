import * as z from 'zod';
import type { ValueCounts } from '../classMap.js';
import type { MaskUnit } from '../decode/decodeMask.js';
import { BACKGROUND, nearestName } from '../labels.js';
import { ADD_VALUES, adviseUnknownValues } from '../masks/advice.js';

import { readClassFile } from '../masks/classFiles.js';
import { type ClassPair, openClassMasks, pairClasses } from '../masks/classMasks.js';
import { openLabelImages } from '../masks/labelImages.js';
import { openMaskPairs } from '../masks/open.js';
import { guessPairs, type Pair, pairByNames, pairByPatterns } from '../masks/pairs.js';
import { foundTable, statedTable, unitOf } from '../masks/table.js';
import { withBackground } from '../overlap.js';
import { openRoot } from '../paths.js';
import { IGNORED } from '../sample.js';
import { chooseSplit, type Parts } from '../stated/splits.js';
import { collectWarnings } from '../warnings.js';
import { commonKeys, type DataProblem, defineFormat, type Open } from './format.js';
import { partOf } from './parts.js';

const pattern = z.string().min(1).nullable().default(null);

const config = z.strictObject({
  kind: z.literal('masks'),
  ...commonKeys,
  images: pattern.describe(
    'Pattern of the images below root, such as images/*.jpg; null: found by the names of folders and files',
  ),
  masks: z
    .union([z.string().min(1), z.record(z.string().min(1), z.string().min(1))])
    .nullable()
    .default(null)
    .describe(
      'Pattern of the mask files below root; image and mask belong together when their wildcards agree; null: found as the images. With mode: multilabel also a pattern for each class, such as { disc: masks/*_disc.png, cup: masks/*_cup.png }: a class is where its mask is not 0, and nowhere where it has none',
    ),
  values: z
    .record(
      z.string().regex(/^(\d+|#[0-9a-fA-F]{6})$/, 'expected a grey value such as 127, or a colour such as #800000'),
      z.string().min(1),
    )
    .default({})
    .describe(
      "Grey value (0..65535) or colour of a mask pixel to class name or 'ignore', e.g. { 0: background, 255: cell } or { '#800000': red }; {}: value = position of the class, 255 ignored",
    ),
  otherValues: z
    .enum(['error', 'ignore', 'nearest'])
    .default('error')
    .describe(
      'A value outside the table stops the run, is left out of loss and metrics, or is rounded, as JPEG masks need it',
    ),
  otherSizes: z
    .enum(['error', 'nearest'])
    .default('error')
    .describe('A mask of another size than its image is a bad record, or is resized to it by the nearest pixel'),
});
type MasksData = z.infer<typeof config>;

const open: Open<MasksData, 'classMap'> = async (data, request) => {
  const root = await openRoot(data.root);
  const warnings = collectWarnings();
  const { images, masks } = data;
  const known = request.labels && withBackground(request.labels);
  const byClass = images !== null && masks !== null && typeof masks === 'object' ? masks : null;
  const isOwn = byClass !== null || data.classes.length > 0 || Object.keys(data.values).length > 0;
  const told = isOwn ? null : await readClassFile(root);
  const pairs: readonly (Pair & Partial<ClassPair>)[] =
    images === null || masks === null
      ? await pairByNames(root, warnings)
      : typeof masks === 'object'
        ? await pairClasses(root, images, masks)
        : await pairByPatterns(root, images, masks, warnings);
  const chosen = await chooseSplit(root, data, request.split, {
    parts: partsOf(pairs),
    resolve: async (name) => (pairs.some((pair) => isBelow(pair, name)) ? [name] : null),
    read: async (places) =>
      pairs
        .filter((pair) => places.some((place) => place === '' || isBelow(pair, place)))
        .map((pair) => ({ ...pair, classes: pair.classes ?? [] })),
  });
  if (chosen === null) return null;
  if (chosen.note !== null) warnings.say('split', chosen.note);
  const hasValues = told !== null && Object.keys(told.values).length > 0;
  const { classes, values } = hasValues ? told : data;
  if (hasValues) warnings.say('mask-values', `classes and values are those of ${told.path}`, [told.path]);
  if (byClass !== null) {
    const own = chosen.items.map(({ masks: files = new Map(), ...pair }) => ({ ...pair, masks: files }));
    return openClassMasks(own, {
      root,
      names: classes.length > 0 ? classes : Object.keys(byClass),
      labels: request.labels,
      mode: data.mode,
      resized: data.otherSizes === 'nearest',
      badRecords: data.badRecords,
      warnings,
    });
  }
  return openMaskPairs(chosen.items, {
    root,
    otherValues: data.otherValues,
    resized: data.otherSizes === 'nearest',
    badRecords: data.badRecords,
    mode: data.mode,
    unit: unitOf(values),
    all: Object.keys(values).length > 0 ? null : pairs,
    isFound: !isOwn && told === null && data.otherValues === 'error',
    tableOf: (found, unit) => {
      const isStated = Object.keys(values).length > 0;
      if (told !== null && !hasValues && isNamedBy(told.classes, found, unit)) {
        warnings.say('mask-values', `classes are the lines of ${told.path}, by their positions`, [told.path]);
        return statedTable(told, known);
      }
      const own =
        isStated || (classes.length > 0 && data.otherValues !== 'error' && unit === 'value')
          ? null
          : foundTable(classes, found, unit);
      if (own === null) return statedTable({ classes, values }, known);
      return known === undefined ? own : { ...own, labels: known };
    },
    advise: (found, { classes: all }, unit) => {
      const names = all.map(({ name }) => name);
      return Object.keys(values).length > 0 ? ADD_VALUES : adviseUnknownValues(found, names, unit);
    },
    warnings,
  });
};

/** Whether all values of masks are positions in a list, apart from 255. */
const isNamedBy = (names: readonly string[], found: ValueCounts, unit: MaskUnit): boolean =>
  unit === 'value' && [...found.keys()].every((value) => value < names.length || value === IGNORED);

/** Folders named train, val and test. */
function partsOf(pairs: readonly Pair[]): Parts {
  const parts: { -readonly [K in keyof Parts]: Parts[K] } = { all: [''] };
  const folders = new Set(pairs.flatMap(({ id }) => id.split('/').slice(0, -1)));
  for (const folder of folders) {
    const part = partOf(folder);
    if (part !== null) parts[part] = [...(parts[part] ?? []), folder];
  }
  return parts.val === undefined && parts.test === undefined ? { all: [''] } : parts;
}

const isBelow = ({ id }: Pair, folder: string): boolean =>
  id.split('/').slice(0, -1).includes(folder) || id.startsWith(`${folder.replace(/\/$/, '')}/`);

/** A folder of images and a folder of mask files: class maps, or label images whose values number the objects. */
export const masks = defineFormat({
  kind: 'masks',
  title: 'Images and masks',
  tools:
    'Photoshop, GIMP, ImageJ, ilastik, Roboflow, scripts; Cityscapes, CamVid, ISIC and most public segmentation sets',
  layout: `images/a.jpg     or   a.png         or   train/images/a.jpg
masks/a.png           a_mask.png         train/masks/a.png
                                         class_dict.csv, label_colors.txt, _classes.csv: names of values or colours`,
  config,
  readers: {
    classMap: open,
    instances: (data, request) => {
      const { images, masks: labels } = data;
      const patterns = images !== null && typeof labels === 'string' ? ([images, labels] as const) : null;
      return openLabelImages({ ...data, images: null, patterns }, request);
    },
  },
  recognise: async ({ paths }) => {
    const { pairs, unclear } = guessPairs(paths);
    const images = paths.filter((path) => /\.(jpe?g|png|bmp|tiff?|gif|p[gp]m)$/i.test(path)).length;
    const found = pairs.length + unclear.length;
    return found > 0 && found * 4 >= images ? { keys: {}, name: 'images and masks', truth: 'classMap' } : null;
  },
  check: ({ images, masks: labels, classes, values, mode }) => {
    const problems: DataProblem[] = [];
    if (labels !== null && typeof labels === 'object') {
      const stray = classes.find((name) => !(name in labels));
      if (mode === 'multiclass') {
        const message = 'a mask file for each class is for classes that may overlap: write data.mode: multilabel';
        problems.push({ path: ['masks'], message });
      } else if (stray !== undefined || Object.keys(values).length > 0) {
        const message = `a mask file for each class leaves nothing for ${stray === undefined ? 'data.values' : `class '${stray}', which has none`}: leave it out`;
        problems.push({ path: ['masks'], message });
      }
    }
    if ((images === null) !== (labels === null)) {
      const key = images === null ? 'images' : 'masks';
      problems.push({
        path: [],
        message: `kind masks needs data.${key}, a pattern such as ${key}/*.png, beside the other one, or neither`,
      });
    }
    if (classes.length === 0) return problems;
    return [...problems, ...checkValues(values, classes)];
  },
});

function checkValues(values: MasksData['values'], classes: readonly string[]): DataProblem[] {
  const known = new Set(classes);
  return Object.entries(values).flatMap(([value, name]): DataProblem[] => {
    const path = ['values', value];
    const isImplied = name === 'ignore' || (name === BACKGROUND && classes.length === 1);
    if (!known.has(name) && !isImplied) {
      const near = nearestName(name, classes);
      return [
        { path, message: `'${name}' is not one of data.classes${near === null ? '' : `; did you mean '${near}'?`}` },
      ];
    }
    return !value.startsWith('#') && Number(value) > 65_535
      ? [{ path, message: `a mask pixel is at most 65535, not ${value}` }]
      : [];
  });
}
