import type { Annotated } from '../annotated.js';
import type { Category, Id } from '../annotation.js';
import { HAS } from '../scan/table.js';
import { named } from '../shown.js';

/** Sentences about annotations and results that name an image or a category that the truth does not have, and count for nothing. */
export function mismatches(gt: Annotated, dt: Annotated): string[] {
  const categories = gt.categoryList();
  const notes: string[] = [];
  const images = new Set(gt.imageIds());
  const strays = sum(unknown(counted(gt, 'image_id'), images));
  if (strays > 0)
    notes.push(
      `${number(strays, 'annotation')} of the truth name${strays === 1 ? 's' : ''} an image that it does not have`,
    );
  if (categories === undefined) return notes;
  const known = new Set(categories.map(({ id }) => id));
  const lost = unknown(counted(gt, 'category_id'), known);
  if (lost.size > 0) notes.push(`${number(sum(lost), 'annotation')} of the truth: no category ${listed(lost.keys())}`);
  const all = counted(dt, 'category_id');
  const others = unknown(all, known);
  if (others.size === 0) return notes;
  const hint = hintOf([...all.keys()], [...others.keys()], categories);
  notes.push(
    others.size === all.size
      ? `no result has a category of the truth: results have ${listed(all.keys())}, the truth ${listed(known)}${hint}`
      : `${sum(others)} of ${sum(all)} results have a category that the truth lacks (${listed(others.keys())})${hint}`,
  );
  return notes;
}

/** How often each id occurs; annotations without one are left out. */
function counted(coco: Annotated, key: 'image_id' | 'category_id'): Map<Id, number> {
  const out = new Map<Id, number>();
  const add = (id: Id): void => void out.set(id, (out.get(id) ?? 0) + 1);
  const table = coco.columns?.table;
  if (table === undefined) {
    for (const ann of coco.objects().dataset.annotations ?? []) if (ann[key] !== undefined) add(ann[key]);
  } else {
    const column = key === 'image_id' ? table.image : table.category;
    const bit = HAS[key === 'image_id' ? 'image' : 'category'];
    for (let r = 0; r < table.count; r++) if (table.has[r]! & bit) add(column[r]!);
  }
  return out;
}

const unknown = (ids: ReadonlyMap<Id, number>, known: ReadonlySet<Id>): Map<Id, number> =>
  new Map([...ids].filter(([id]) => !known.has(id)));

const sum = (counts: ReadonlyMap<Id, number>): number => [...counts.values()].reduce((total, n) => total + n, 0);

const number = (count: number, what: string): string => `${count} ${what}${count === 1 ? '' : 's'}`;

const NAMED = 5;

/** The first ids; texts in quotes. */
function listed(ids: Iterable<Id>): string {
  const all = [...ids].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return all.slice(0, NAMED).map(named).join(', ') + (all.length > NAMED ? `, ... (${all.length})` : '');
}

/** What seems to be wrong with category ids, the second list those that are not known. */
function hintOf(ids: readonly Id[], unknowns: readonly Id[], categories: readonly Category[]): string {
  const known = new Set(categories.map(({ id }) => id));
  const texts = new Set(categories.map(({ id }) => String(id)));
  const names = new Set(categories.map(({ name }) => name));
  if (unknowns.every((id) => texts.has(String(id)))) return ': texts in one file, numbers in the other';
  if (unknowns.every((id) => typeof id === 'string' && names.has(id))) return ': these are names, ids are needed';
  const shifted = (by: number): boolean => ids.every((id) => typeof id === 'number' && known.has(id + by));
  if (shifted(1)) return ': each is a category of the truth when 1 is added; do the results count from 0?';
  if (shifted(-1)) return ': each is a category of the truth when 1 is taken away; does the truth count from 0?';
  const places = ids.every(
    (id) => typeof id === 'number' && Number.isInteger(id) && id >= 0 && id <= categories.length,
  );
  return places ? ': do the results number the categories by their place in the list? Their ids are needed' : '';
}
