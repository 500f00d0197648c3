import type { Category, Dataset, Id, ImageInfo, InstanceAnnotation } from './annotation.js';
import { need, valueAt } from './checked.js';
import { CocoError } from './errors.js';
import { shown, someOf } from './shown.js';
import { toJson } from './write.js';

/** What `filterDataset` keeps; everything that is not named. */
export interface FilterOptions {
  /** Keep these categories (by name or id); their annotations go with the others. */
  readonly categories?: readonly (string | number)[];
  /** Keep these images (by id or file name). */
  readonly images?: readonly (string | number)[];
  /** Least and most area, square pixels, inclusive. */
  readonly area?: readonly [number, number];
  /** Drop images without an annotation left. */
  readonly dropEmpty?: boolean;
  /** Drop crowds. */
  readonly dropCrowds?: boolean;
}

/** The part of a data set that passes every filter; records are shared, lists are new. @throws CocoError on an unknown category */
export function filterDataset(dataset: Dataset, options: FilterOptions): Dataset {
  const categories = options.categories
    ? options.categories.map((wanted) => findCategory(dataset, wanted))
    : (dataset.categories ?? []);
  const kept = new Set(categories.map(({ id }) => id));
  const wanted = options.images && new Set(options.images.map(String));
  let images = (dataset.images ?? []).filter(
    (image) => !wanted || wanted.has(String(image.id)) || wanted.has(image.file_name ?? ''),
  );
  const imageIds = new Set(images.map(({ id }) => id));
  const [low, high] = options.area ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY];
  const annotations = (dataset.annotations ?? []).filter(
    (ann) =>
      imageIds.has(ann.image_id) &&
      kept.has(ann.category_id) &&
      !(options.dropCrowds && ann.iscrowd) &&
      (options.area === undefined || ((ann.area ?? Number.NaN) >= low && (ann.area ?? Number.NaN) <= high)),
  );
  if (options.dropEmpty) {
    const used = new Set(annotations.map((ann) => ann.image_id));
    images = images.filter(({ id }) => used.has(id));
  }
  return { ...dataset, images, annotations, categories };
}

function findCategory(dataset: Dataset, wanted: string | number): Category {
  const found = dataset.categories?.find(({ id, name }) => name === wanted || shown(id) === String(wanted));
  if (found === undefined) {
    const names = (dataset.categories ?? []).map(({ name, id }) => name ?? id);
    throw new CocoError(`there is no category ${shown(wanted)}: there are ${someOf(names)}`, 'KeyError');
  }
  return found;
}

/** How `mergeDatasets` keeps images apart, and what it tells. */
export interface MergeOptions {
  /** What is put before the file names of each data set, one for each: images of one name are then other images. */
  readonly prefixes?: readonly string[];
  /** Gets a sentence about images that several data sets have, and about annotations that were dropped because they are there twice. */
  readonly note?: (sentence: string) => void;
}

/**
 * Several data sets as one: categories are joined by name, images by file name; an id that an earlier file has given becomes a new one.
 * An annotation of joined images that an earlier file has, equal in all but the id, is dropped.
 *
 * @throws CocoError when images of one name differ in size, for those are two pictures: they need prefixes
 */
export function mergeDatasets(datasets: readonly Dataset[], options: MergeOptions = {}): Dataset {
  const { prefixes, note = () => {} } = options;
  if (prefixes && prefixes.length !== datasets.length)
    throw new CocoError(`${prefixes.length} prefixes for ${datasets.length} data sets: one for each is needed`);
  const categories = new Map<string, Category>();
  const images = new Map<string, ImageInfo>();
  const allImages: ImageInfo[] = [];
  const [categoryId, imageId, annotationId] = [freeIds(), freeIds(), freeIds()];
  const annotations: InstanceAnnotation[] = [];
  let [joined, dropped] = [0, 0];
  for (const [index, dataset] of datasets.entries()) {
    const categoryIds = join(dataset.categories ?? [], categories, categoryId, ({ name, id }) => name ?? `#${id}`);
    const own = dataset.images ?? [];
    const named = prefixes ? own.map((image) => prefixed(image, valueAt(prefixes, index))) : own;
    const { ids: imageIds, shared } = joinImages(named, images, allImages, imageId);
    joined += shared.size;
    const there = new Set(annotations.filter((ann) => shared.has(ann.image_id)).map(withoutId));
    for (const ann of dataset.annotations ?? []) {
      const image_id = imageIds.get(ann.image_id);
      const category_id = categoryIds.get(ann.category_id);
      if (image_id === undefined || category_id === undefined) {
        throw new CocoError(
          `annotation ${shown(ann.id)} names image ${shown(ann.image_id)} and category ${shown(ann.category_id)}, one of which its file lacks`,
          'KeyError',
        );
      }
      const moved = { ...ann, image_id, category_id };
      if (shared.has(image_id) && there.has(withoutId(moved))) dropped++;
      else annotations.push({ ...moved, id: annotationId(ann.id) });
    }
  }
  if (joined > 0) note(`images that several files have, by name and size: ${joined}, each kept once`);
  if (dropped > 0) note(`annotations of these that are the same but for the id: ${dropped}, left out`);
  return { info: datasets[0]?.info ?? {}, images: allImages, annotations, categories: [...categories.values()] };
}

const prefixed = (image: ImageInfo, prefix: string): ImageInfo =>
  image.file_name === undefined ? image : { ...image, file_name: prefix + image.file_name };

/** Adds the images whose name no earlier file has. @returns the ids in the result by those in the file, and which were there before */
function joinImages(
  own: readonly ImageInfo[],
  known: Map<string, ImageInfo>,
  all: ImageInfo[],
  free: (wanted: Id) => Id,
): { ids: Map<Id, Id>; shared: Set<Id> } {
  const ids = new Map<Id, Id>();
  const shared = new Set<Id>();
  const added: ImageInfo[] = [];
  for (const image of own) {
    const before = image.file_name === undefined ? undefined : known.get(image.file_name);
    if (before !== undefined) {
      requireSameSize(before, image);
      shared.add(before.id);
      ids.set(image.id, before.id);
      continue;
    }
    const kept = { ...image, id: free(image.id) };
    added.push(kept);
    ids.set(image.id, kept.id);
  }
  for (const image of added) {
    all.push(image);
    if (image.file_name !== undefined && !known.has(image.file_name)) known.set(image.file_name, image);
  }
  return { ids, shared };
}

function requireSameSize(a: ImageInfo, b: ImageInfo): void {
  const differ = (one: number | undefined, other: number | undefined): boolean =>
    typeof one === 'number' && typeof other === 'number' && one !== other;
  if (!differ(a.width, b.width) && !differ(a.height, b.height)) return;
  throw new CocoError(
    `${shown(a.file_name)} is ${a.width} x ${a.height} in one file and ${b.width} x ${b.height} in another: two pictures of one name. Put a prefix before the file names of each (--prefix a/,b/; prefixes of mergeDatasets)`,
  );
}

const withoutId = ({ id: _, ...rest }: InstanceAnnotation): string =>
  toJson(Object.fromEntries(Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1))));

/** Gives every id once: the wanted one, or the least number that is free. */
function freeIds(): (wanted: Id) => Id {
  const taken = new Set<Id>();
  let next = 1;
  return (wanted) => {
    let id = wanted;
    if (taken.has(id)) {
      while (taken.has(next)) next++;
      id = next;
    }
    taken.add(id);
    return id;
  };
}

/** Adds records where their key is new. @returns the ids in the result by those in the file */
function join<T extends { id: Id }>(
  records: readonly T[],
  known: Map<string, T>,
  free: (wanted: Id) => Id,
  key: (record: T) => string,
): Map<Id, Id> {
  const ids = new Map<Id, Id>();
  for (const record of records) {
    const name = key(record);
    if (!known.has(name)) known.set(name, { ...record, id: free(record.id) });
    ids.set(record.id, need(known, name).id);
  }
  return ids;
}

/**
 * Splits by image into parts of the given fractions, at random but the same for the same seed; every part has all categories.
 * @throws CocoError when the fractions are no positive numbers with a sum of 1
 */
export function splitDataset(dataset: Dataset, fractions: readonly number[], seed = 0): Dataset[] {
  const sum = fractions.reduce((total, fraction) => total + fraction, 0);
  if (fractions.some((fraction) => !(fraction > 0)) || Math.abs(sum - 1) > 1e-6) {
    throw new CocoError(`fractions ${fractions.join(', ')} must be positive and sum to 1`, 'ValueError');
  }
  const images = shuffled(dataset.images ?? [], seed);
  let begin = 0;
  let reached = 0;
  return fractions.map((fraction, part) => {
    reached += fraction;
    const end = part === fractions.length - 1 ? images.length : Math.round(reached * images.length);
    const own = images.slice(begin, end);
    begin = end;
    const ids = new Set(own.map(({ id }) => id));
    return { ...dataset, images: own, annotations: (dataset.annotations ?? []).filter((ann) => ids.has(ann.image_id)) };
  });
}

/** Fisher-Yates with the generator mulberry32. */
function shuffled<T>(list: readonly T[], seed: number): T[] {
  const out = [...list];
  const random = mulberry32(seed);
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [valueAt(out, j), valueAt(out, i)];
  }
  return out;
}

/** Uniform numbers in [0, 1), the same for the same seed. @source Tommy Ettinger 2017, mulberry32 (public domain) */
export function mulberry32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** What one list gained, lost and changed. */
export interface ListDiff {
  readonly added: readonly Id[];
  readonly removed: readonly Id[];
  /** Id and the keys whose values differ. */
  readonly changed: readonly { readonly id: Id; readonly keys: readonly string[] }[];
}

/** Differences of two data sets, record by record by id. */
export function diffDatasets(
  a: Dataset,
  b: Dataset,
): Readonly<Record<'images' | 'annotations' | 'categories', ListDiff>> {
  return {
    images: diffLists(a.images ?? [], b.images ?? []),
    annotations: diffLists(a.annotations ?? [], b.annotations ?? []),
    categories: diffLists(a.categories ?? [], b.categories ?? []),
  };
}

function diffLists(a: readonly { id: Id }[], b: readonly { id: Id }[]): ListDiff {
  const before = new Map(a.map((record) => [record.id, record as Record<string, unknown>]));
  const after = new Map(b.map((record) => [record.id, record as Record<string, unknown>]));
  const changed = [...after].flatMap(([id, record]) => {
    const old = before.get(id as Id);
    if (old === undefined) return [];
    const keys = [...new Set([...Object.keys(old), ...Object.keys(record)])].filter(
      (key) => toJson(old[key]) !== toJson(record[key]),
    );
    return keys.length > 0 ? [{ id: id, keys }] : [];
  });
  return {
    added: [...after.keys()].filter((id) => !before.has(id)),
    removed: [...before.keys()].filter((id) => !after.has(id)),
    changed,
  };
}
