import { ConfigError, DataError } from '../engine/errors.js';
import type { MaskFileTruth, OtherValues } from './classMap.js';
import { concurrently } from './concurrently.js';
import type { Dataset } from './dataset.js';
import { type Found, findFiles } from './glob.js';
import { BACKGROUND, type ClassList, classIndices, classMapLabels, requireClass } from './labels.js';
import { ADD_VALUES, adviseStrays } from './maskAdvice.js';
import { maskEntries } from './maskEntries.js';
import { type DataRoot, openRoot, resolveInside } from './paths.js';
import { datasetOf } from './read.js';
import { IGNORED, type LabelMap, type SemanticTruth } from './sample.js';
import { pickSplit } from './split.js';
import { collectWarnings } from './warnings.js';

export interface MasksOptions {
  readonly root: string;
  /** Pattern of the image files, relative to the root: train/image/*.png */
  readonly images: string;
  /** Pattern of the mask files. An image and a mask belong together when their wildcards stand for the same text. */
  readonly masks: string;
  /** Positions in natural order of the paths ('0-23,30'), a list file, or names or patterns of images. */
  readonly split: string | readonly string[];
  /** Class order; class index = position. A single class gets 'background' before it. */
  readonly classes: ClassList;
  /**
   * Mask value -> class name, or 'ignore'; 'background' is 0 where it is not named. Default: value = position of the
   * class, 255 ignored.
   */
  readonly values?: { readonly [value: string]: string };
  /** Mask values outside the table: refuse (default), ignore those pixels, or take the class of the nearest value. */
  readonly otherValues?: OtherValues;
}

const AT_ONCE = 16;
const IGNORE = 'ignore';

/**
 * Opens one split of a folder of images and a folder of masks.
 *
 * @throws ConfigError for a pattern, split or table that cannot be used; DataError for images without mask, masks
 *   without image, sizes that differ, values outside the table
 */
export async function openMasks(options: MasksOptions): Promise<Dataset<SemanticTruth>> {
  const root = await openRoot(options.root);
  const labels = classMapLabels(options.classes);
  const names = labels.classes.map(({ name }) => name);
  const table = {
    values: valueTable(labels, options.values),
    otherValues: options.otherValues ?? 'error',
    advise: (found: readonly number[]) => (options.values ? ADD_VALUES : adviseStrays(found, names)),
  } as const;
  const pairs = pairUp(root, options, await findFiles(root, options.images), await findFiles(root, options.masks));
  const chosen = await pickSplit(root, options.split, pairs);
  const warnings = collectWarnings();
  const files = await concurrently(chosen, AT_ONCE, async ({ id, maskId }) => ({
    image: await resolveInside(root, '', id, options.images),
    mask: await resolveInside(root, '', maskId, options.masks),
  }));
  const { entries, values } = await maskEntries(root, files, table, warnings);
  return datasetOf(labels, entries, warnings.list(), values);
}

function valueTable(labels: LabelMap, values: MasksOptions['values']): MaskFileTruth['values'] {
  if (values === undefined) return [...labels.classes.map((_, i) => [i, i] as const), [IGNORED, IGNORED]];
  const indices = classIndices(labels);
  const table = Object.entries(values).map(([text, name]): readonly [number, number] => {
    const value = Number(text);
    if (!Number.isInteger(value) || value < 0 || value > 65535) {
      throw new ConfigError(`values: '${text}' is no mask value, an integer from 0 to 65535 is expected`);
    }
    return [value, name === IGNORE && !indices.has(name) ? IGNORED : requireClass(indices, name, 'values')];
  });
  const background = indices.get(BACKGROUND);
  const isFree = !table.some(([value, index]) => value === 0 || index === background);
  if (background !== undefined && isFree) table.push([0, background]);
  const missing = labels.classes.find((_, index) => !table.some(([, used]) => used === index));
  if (missing !== undefined) throw new ConfigError(`values: no mask value stands for class '${missing.name}'`);
  return table;
}

interface Pair {
  readonly id: string;
  readonly key: string;
  readonly maskId: string;
}

/** By the wildcards of the file names; where these are not unique, by all wildcards of the paths. */
function pairUp(root: DataRoot, options: MasksOptions, images: readonly Found[], masks: readonly Found[]): Pair[] {
  for (const [found, pattern] of [[images, options.images] as const, [masks, options.masks] as const]) {
    if (found.length === 0) throw new DataError(root.path, `no file fits '${pattern}'`);
  }
  const distinct = (list: readonly Found[], key: 'nameKey' | 'pathKey') =>
    new Set(list.map((f) => f[key])).size === list.length;
  const key = distinct(images, 'nameKey') && distinct(masks, 'nameKey') ? 'nameKey' : 'pathKey';
  const masksByKey = new Map(masks.map((mask) => [mask[key], mask]));
  const imageKeys = new Set(images.map((image) => image[key]));
  if (imageKeys.size < images.length || masksByKey.size < masks.length) {
    throw new DataError(
      root.path,
      `'${options.images}' and '${options.masks}' find several files of one name: use more wildcards`,
    );
  }
  const alone = images.filter((image) => !masksByKey.has(image[key]));
  const unused = masks.filter((mask) => !imageKeys.has(mask[key]));
  if (alone.length > 0 || unused.length > 0) {
    const parts = [listing(alone, 'image', 'mask'), listing(unused, 'mask', 'image')].filter((part) => part !== '');
    throw new DataError(root.path, `${parts.join('; ')}: add the files or narrow the patterns`);
  }
  return images.map((image) => ({ id: image.id, key: image[key], maskId: (masksByKey.get(image[key]) as Found).id }));
}

function listing(files: readonly Found[], noun: string, partner: string): string {
  if (files.length === 0) return '';
  const more = files.length > 3 ? `, and ${files.length - 3} more` : '';
  const shown = files.slice(0, 3).map(({ id }) => id);
  return `${files.length} ${noun}${files.length === 1 ? '' : 's'} without ${partner} (${shown.join(', ')}${more})`;
}
