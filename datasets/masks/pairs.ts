import { basename } from 'node:path';
import { DataError } from '../../engine/errors.js';
import { type Found, findFiles } from '../glob.js';
import { type DataRoot, naturalOrder } from '../paths.js';
import { isImageName, listFiles, stemOf } from '../stated/images.js';
import type { WarningList } from '../warnings.js';

/** An image and its mask, relative to the root. */
export interface Pair {
  readonly id: string;
  readonly maskId: string;
  /** For lists and patterns. */
  readonly key: string;
}

const IMAGE_STEPS = /^(images?|imgs?|jpegimages|inputs?|photos?|pictures?|frames?|raw|original|rgb)$/i;
const MASK_STEPS =
  /^(masks?|labels?|annotations?|segmentation(class|s)?|segs?|gt|ground[ _-]?truths?|targets?|outputs?|label_?images?)$/i;
const MASK_ENDING =
  /[ _.-]+(masks?|labels?|labelids|seg(mentation)?s?|gt|groundtruth|manual\d?|annotations?|segmented|lesion|l)$/i;
const IMAGE_ENDING = /[ _.-]+(images?|img|sat|rgb|training|test)$/i;
/** Folders of masks that are not of classes. */
const OTHER_STEPS = /^(segmentationobject|instances?)$/i;

/**
 * Images and masks by patterns: they belong together when their wildcards stand for the same text, apart from endings of
 * image files and one ending that all masks have. What fits both patterns is a mask.
 *
 * @throws DataError where nothing fits a pattern, or no image has a mask
 */
export async function pairByPatterns(
  root: DataRoot,
  images: string,
  masks: string,
  warnings: WarningList,
): Promise<readonly Pair[]> {
  const maskFiles = (await findFiles(root, masks)).filter(isVisible);
  const taken = new Set(maskFiles.map(({ id }) => id));
  const imageFiles = (await findFiles(root, images)).filter((found) => isVisible(found) && !taken.has(found.id));
  for (const [found, pattern] of [[imageFiles, images] as const, [maskFiles, masks] as const]) {
    if (found.length === 0) throw new DataError(root.path, `no file fits '${pattern}'`);
  }
  const distinct = (list: readonly Found[], key: 'nameKey' | 'pathKey') =>
    new Set(list.map((file) => stemKey(file[key]))).size === list.length;
  const key = distinct(imageFiles, 'nameKey') && distinct(maskFiles, 'nameKey') ? 'nameKey' : 'pathKey';
  if (!distinct(imageFiles, key) || !distinct(maskFiles, key)) {
    throw new DataError(root.path, `'${images}' and '${masks}' find several files of one name: use more wildcards`);
  }
  const keyed = (list: readonly Found[]) => list.map((file) => ({ id: file.id, key: stemKey(file[key]) }));
  const [found, labelled] = [keyed(imageFiles), keyed(maskFiles)];
  const pairs = match(found, labelled);
  const best = pairs.length > 0 ? pairs : match(found, withoutEnding(labelled));
  return report(root, best, found, labelled, warnings);
}

/**
 * Images and masks as their folders and names say: `images/a.jpg` and `masks/a.png`, `a.png` and `a_mask.png`.
 *
 * @returns none where a folder has no such pairs
 */
export function guessPairs(paths: readonly string[]): readonly Pair[] {
  const [images, masks] = [new Map<string, string[]>(), new Map<string, string[]>()];
  for (const path of paths) {
    if (!isImageName(path)) continue;
    const steps = path.split('/');
    const folders = steps.slice(0, -1);
    if (folders.some((step) => OTHER_STEPS.test(step))) continue;
    const stem = stemOf(steps.at(-1) as string);
    const isMask =
      folders.some((step) => MASK_STEPS.test(step)) || (MASK_ENDING.test(stem) && stem.replace(MASK_ENDING, '') !== '');
    const outer = folders.filter((step) => !MASK_STEPS.test(step) && !IMAGE_STEPS.test(step));
    const bare = isMask ? stem.replace(MASK_ENDING, '') || stem : stem;
    for (const name of new Set([bare, bare.replace(IMAGE_ENDING, '')])) {
      const key = [...outer, name].join('/');
      const side = isMask ? masks : images;
      side.set(key, [...(side.get(key) ?? []), path]);
    }
    if (!isMask && folders.some((step) => IMAGE_STEPS.test(step))) {
      const key = [...outer, stem].join('/');
      if (!images.has(key)) images.set(key, [path]);
    }
  }
  const pairs: Pair[] = [];
  const used = new Set<string>();
  for (const [key, [image, ...others]] of images) {
    const [mask, ...more] = masks.get(key) ?? [];
    if (image === undefined || mask === undefined || others.length + more.length > 0 || used.has(image)) continue;
    used.add(image);
    pairs.push({ id: image, maskId: mask, key });
  }
  return pairs.sort((a, b) => naturalOrder(a.id, b.id));
}

/** Pairs of all files of a root. */
export async function pairByNames(root: DataRoot): Promise<readonly Pair[]> {
  const pairs = guessPairs((await listFiles(root.path)).sort(naturalOrder));
  if (pairs.length > 0) return pairs;
  throw new DataError(
    root.path,
    'no image has a mask of its name in a folder such as masks: give the patterns data.images and data.masks',
  );
}

const isVisible = ({ id }: Found): boolean => !basename(id).startsWith('.');
const stemKey = (key: string): string => (isImageName(key) ? stemOf(key) : key);

interface Keyed {
  readonly id: string;
  readonly key: string;
}

function match(images: readonly Keyed[], masks: readonly Keyed[]): Pair[] {
  const byKey = new Map(masks.map(({ key, id }) => [key, id]));
  return images.flatMap(({ id, key }) => {
    const maskId = byKey.get(key);
    return maskId === undefined ? [] : [{ id, maskId, key }];
  });
}

/** Keys of masks without the ending that tools append: a_mask is the mask of a. */
const withoutEnding = (masks: readonly Keyed[]): Keyed[] =>
  masks.map(({ id, key }) => ({ id, key: key.replace(MASK_ENDING, '') }));

function report(
  root: DataRoot,
  pairs: readonly Pair[],
  images: readonly Keyed[],
  masks: readonly Keyed[],
  warnings: WarningList,
): readonly Pair[] {
  const [pairedImages, pairedMasks] = [new Set(pairs.map(({ id }) => id)), new Set(pairs.map(({ maskId }) => maskId))];
  const alone = images.filter(({ id }) => !pairedImages.has(id));
  const unused = masks.filter(({ id }) => !pairedMasks.has(id));
  if (pairs.length === 0) {
    const parts = [listing(alone, 'image', 'mask'), listing(unused, 'mask', 'image')];
    throw new DataError(root.path, `${parts.join('; ')}: an image and its mask have the same text for the wildcards`);
  }
  for (const { id } of alone) warnings.note('unmasked', id);
  for (const { id } of unused) warnings.note('no-image', id);
  return pairs;
}

function listing(files: readonly Keyed[], noun: string, partner: string): string {
  const more = files.length > 3 ? `, and ${files.length - 3} more` : '';
  const shown = files.slice(0, 3).map(({ id }) => id);
  return `${files.length} ${noun}${files.length === 1 ? '' : 's'} without ${partner} (${shown.join(', ')}${more})`;
}
