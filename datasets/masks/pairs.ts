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

const IMAGE_STEPS = /^(images?|imgs?|jpegimages|inputs?|photos?|pictures?|frames?|raw|original|rgb|leftimg8bit)$/i;
const MASK_STEPS =
  /^(masks?|labels?|annotations?|segmentation(class(png)?|s)?|segs?|gt|gtfine|gtcoarse|ground[ _-]?truths?|targets?|outputs?|label_?images?|\d(st|nd)_manual)$/i;
const MASK_ENDING =
  /[ _.-]+(masks?|labels?|(gt(fine|coarse)_)?label(train)?ids|seg(mentation)?s?|gt|groundtruth|manual\d?|annotations?|segmented|lesion|l)$/i;
const IMAGE_ENDING = /[ _.-]+(images?|img|sat|rgb|training|test|leftimg8bit)$/i;
/** Whole names of files that have a folder each. */
const IMAGE_NAME = /^(images?|img)$/i;
const MASK_NAME = /^(masks?|labels?)$/i;
/** Folders and files of masks that are not of classes, or are drawn to be looked at. */
const OTHER_STEPS =
  /^(segmentationobject.*|segmentationclassvisuali[sz]ation|instances?|visuali[sz]ations?|viz|overlays?)$/i;
const OTHER_ENDING = /gt(fine|coarse)_(colou?r|instanceids)$|(^|_)label_?viz$|_overlay$/i;
/** The part that a folder's name tells beside what it holds: train_images, masks-val. */
const PART =
  /^(train|val|valid|test)(?:ing|idation)?[ _-]+(?=[a-z])|(?<=[a-z])[ _-]+(train|val|valid|test)(?:ing|idation)?$/i;
/** Names that are preferred among several masks of an image: masks of classes, or drawn by hand. */
const BEST_MASK = /(labeltrainids|manual\d?)$/i;

/** What the names of a folder's files tell. */
export interface Guessed {
  readonly pairs: readonly Pair[];
  /** Images without a mask. */
  readonly alone: readonly string[];
  /** Images with several masks, and these. */
  readonly unclear: readonly (readonly [image: string, masks: readonly string[]])[];
}

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
 * Images and masks as their folders and names say: `images/a.jpg` and `masks/a.png`, `a.png` and `a_mask.png`; where folders
 * around them differ, by the names of the files alone.
 */
export function guessPairs(paths: readonly string[]): Guessed {
  const found = guess(paths, true);
  return found.pairs.length > 0 || found.unclear.length > 0 ? found : guess(paths, false);
}

function guess(paths: readonly string[], isByFolder: boolean): Guessed {
  const [images, masks] = [new Map<string, string[]>(), new Map<string, string[]>()];
  const add = (side: Map<string, string[]>, key: string, path: string) =>
    side.set(key, [...(side.get(key) ?? []), path]);
  for (const path of paths) {
    if (!isImageName(path)) continue;
    const steps = path.split('/');
    const folders = steps.slice(0, -1).map((step) => ({ step, held: step.replace(PART, '') }));
    const stem = stemOf(steps.at(-1) as string);
    if (folders.some(({ step }) => OTHER_STEPS.test(step)) || OTHER_ENDING.test(stem)) continue;
    const isIn = (names: RegExp): boolean => folders.some(({ held }) => names.test(held));
    const isImageFolder = isIn(IMAGE_STEPS);
    const isNamed = MASK_NAME.test(stem) && !isImageFolder;
    const isMask = isIn(MASK_STEPS) || isNamed || (MASK_ENDING.test(stem) && stem.replace(MASK_ENDING, '') !== '');
    const outer = folders.flatMap(({ step, held }) => {
      if (!MASK_STEPS.test(held) && !IMAGE_STEPS.test(held)) return [step];
      return partIn(step);
    });
    const around = isByFolder ? outer : [];
    const bare = isMask ? stem.replace(MASK_ENDING, '') || stem : stem;
    const isWhole = isNamed || (!isImageFolder && !isMask && IMAGE_NAME.test(stem));
    const names = isWhole ? ['', stem] : [bare, bare.replace(IMAGE_ENDING, '')];
    for (const name of new Set(names)) add(isMask ? masks : images, [...around, name.toLowerCase()].join('/'), path);
    if (!isMask && isImageFolder) {
      const key = [...around, stem.toLowerCase()].join('/');
      if (!images.has(key)) images.set(key, [path]);
    }
  }
  return matched(images, masks);
}

/** The part that a folder's name tells beside what it holds; none where the name is what it holds alone. */
const partIn = (step: string): readonly string[] => {
  const [, before, after] = PART.exec(step) ?? [];
  const part = before ?? after;
  return part === undefined ? [] : [part.toLowerCase()];
};

function matched(
  images: ReadonlyMap<string, readonly string[]>,
  masks: ReadonlyMap<string, readonly string[]>,
): Guessed {
  const pairs = new Map<string, Pair>();
  const unclear = new Map<string, readonly string[]>();
  const isBest = (key: string): boolean => (masks.get(key) ?? []).some((path) => BEST_MASK.test(stemOf(path)));
  const keys = [...images.keys()];
  for (const key of [...keys.filter(isBest), ...keys.filter((one) => !isBest(one))]) {
    const [image, ...others] = images.get(key) ?? [];
    const all = masks.get(key) ?? [];
    const best = all.filter((path) => BEST_MASK.test(stemOf(path)));
    const [mask, ...more] = best.length === 1 ? best : all;
    if (image === undefined || mask === undefined || pairs.has(image)) continue;
    if (others.length + more.length === 0) pairs.set(image, { id: image, maskId: mask, key });
    else for (const one of [image, ...others]) unclear.set(one, all);
  }
  const every = new Set([...images.values()].flat());
  return {
    pairs: [...pairs.values()].sort((a, b) => naturalOrder(a.id, b.id)),
    alone: [...every].filter((image) => !pairs.has(image) && !unclear.has(image)),
    unclear: [...unclear].filter(([image]) => !pairs.has(image)),
  };
}

/** Pairs of all files of a root. @throws DataError where there are none */
export async function pairByNames(root: DataRoot, warnings: WarningList): Promise<readonly Pair[]> {
  const { pairs, alone, unclear } = guessPairs((await listFiles(root.path)).sort(naturalOrder));
  if (pairs.length === 0) {
    const [first] = unclear;
    throw new DataError(
      root.path,
      first === undefined
        ? 'no image has a mask of its name in a folder such as masks: give the patterns data.images and data.masks'
        : `${first[0]} may belong to ${first[1].length} masks or share one (${first[1].slice(0, 3).join(', ')}): merge the masks of an image into one with a value for each class, or say in data.images and data.masks which is meant`,
      27,
    );
  }
  for (const image of alone) warnings.note('unmasked', image);
  for (const [image] of unclear) warnings.note('many-masks', image);
  return pairs;
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
