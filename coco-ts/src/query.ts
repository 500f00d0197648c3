import type { Annotations, Category, Id, Kind } from './annotation.js';
import { CocoError } from './errors.js';
import { shown } from './shown.js';

export type OneOrMany<T> = T | readonly T[];
/** In pycocotools a string is a list of one-letter strings; as a filter of names it is searched for each name. */
export const many = <T>(value: OneOrMany<T>): readonly T[] => (Array.isArray(value) ? value : [value as T]);

/** The records that pass every filter; an empty one passes all. The area range is exclusive at both ends. */
export function filterAnns<K extends Kind>(
  anns: readonly Annotations[K][],
  categories: readonly Id[],
  areaRng: readonly number[],
  iscrowd: number | boolean | null | undefined,
): readonly Annotations[K][] {
  let found = anns;
  if (categories.length > 0) {
    const wanted = new Set(categories);
    found = found.filter((ann) => wanted.has(ann.category_id as Id));
  }
  if (areaRng.length > 0) {
    const [low, high] = areaRng as [number, number];
    found = found.filter((ann) => (ann.area as number) > low && (ann.area as number) < high);
  }
  if (iscrowd === undefined || iscrowd === null) return found;
  return found.filter((ann) => Number(ann.iscrowd) === Number(iscrowd));
}

/** The categories that pass every filter. A string is searched for each name. */
export function filterCats(
  categories: readonly Category[],
  names: string | readonly string[],
  supercategories: string | readonly string[],
  ids: readonly Id[],
): Category[] {
  return categories.filter(
    ({ id, name, supercategory }) =>
      (names.length === 0 || names.includes(name as string)) &&
      (supercategories.length === 0 || supercategories.includes(supercategory as string)) &&
      (ids.length === 0 || ids.includes(id)),
  );
}

/** Images that contain every category, among those given. Defaults to all. */
export function imagesOfAll(
  images: readonly Id[],
  categories: readonly Id[],
  imagesByCategory: ReadonlyMap<Id, readonly Id[]>,
): Id[] {
  let ids = new Set(images);
  for (const [index, category] of categories.entries()) {
    const having = new Set(imagesByCategory.get(category) ?? []);
    ids = index === 0 && ids.size === 0 ? having : new Set([...ids].filter((id) => having.has(id)));
  }
  return [...ids];
}

export const byId = <T extends { id: Id }>(list: readonly T[]): Map<Id, T> =>
  new Map(list.map((record) => [record.id, record]));

function push<A, B>(map: Map<A, B[]>, key: A, value: B): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

export function lookUp<A, B>(map: Map<A, B>, id: A, what: string): B {
  const found = map.get(id);
  if (found === undefined) throw new CocoError(`there is no ${what} with id ${shown(id)}`, 'KeyError');
  return found;
}

/** The maps of the annotations; images by category only where there are categories. */
export function indexAnns<K extends Kind>(annotations: readonly Annotations[K][], categorized: boolean) {
  const byId = new Map<Id, Annotations[K]>();
  const byImage = new Map<Id, Annotations[K][]>();
  const imagesByCategory = new Map<Id, Id[]>();
  for (const [index, ann] of annotations.entries()) {
    if (ann.id === undefined)
      throw new CocoError(`annotations[${index}] has no id: number the annotations from 1`, 'KeyError');
    if (ann.image_id === undefined) throw new CocoError(`annotations[${index}] has no image_id`, 'KeyError');
    push(byImage, ann.image_id, ann);
    byId.set(ann.id, ann);
    if (categorized && ann.category_id !== undefined) push(imagesByCategory, ann.category_id as Id, ann.image_id);
  }
  return { byId, byImage, imagesByCategory };
}
