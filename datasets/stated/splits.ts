import { ConfigError, DataError } from '../../engine/errors.js';
import type { CommonData, Split, SplitName } from '../formats/format.js';
import { isGlob } from '../glob.js';
import { type DataRoot, naturalOrder } from '../paths.js';
import { isRanges, pickSplit } from '../split.js';
import { foldsOf } from './folds.js';
import { FEWEST_TO_HOLD_OUT, HELD_OUT, type Shareable, stratifiedOrder } from './shares.js';

/** Places of a layout: files, folders or lists that hold images with their annotations. */
export interface Parts {
  readonly train?: readonly string[];
  readonly val?: readonly string[];
  readonly test?: readonly string[];
  /** All of them together. */
  readonly all: readonly string[];
}

/** An image that a split may take. */
export interface Candidate extends Shareable {
  /** As the annotation names it, for patterns and lists. */
  readonly id: string;
}

/** What a format knows of its places. */
export interface Places<Item extends Candidate> {
  readonly parts: Parts;
  /** The classes that items are shared out by, where they cost reading; asked for only where items are shared out. Defaults to the items' own. */
  readonly classesOf?: (items: readonly Item[]) => Promise<readonly (readonly string[])[]>;
  /** True: items are groups, such as patients, of which one of two may be held out. Defaults to false. */
  readonly groups?: boolean;
  /** The places that a text of a config names; null where it names none, and so images. */
  resolve(name: string): Promise<readonly string[] | null>;
  /** The images of places, in the order of the data set. */
  read(places: readonly string[]): Promise<readonly Item[]>;
}

/** The images of a split, and what people should hear of it. */
export interface Chosen<Item> {
  readonly items: readonly Item[];
  /** How images were shared out; null: they were not. */
  readonly note: string | null;
}

/**
 * Chooses the images of one split: places of the layout, images by position, name or pattern, or a share of all.
 *
 * @returns null for a validation set that nothing names and that there are too few images for
 * @throws ConfigError when the config names no such split; DataError for names that fit nothing
 */
export async function chooseSplit<Item extends Candidate>(
  root: DataRoot,
  data: CommonData,
  split: SplitName,
  places: Places<Item>,
): Promise<Chosen<Item> | null> {
  if (data.folds !== null && split !== 'test') return folded(root, data, data.folds, split, places);
  const said = data[split];
  if (said === null) throw missing(split);
  const { parts } = places;
  if (said !== 'auto' && !isShare(said)) {
    if (await isWhole(said, places)) {
      return {
        items: await places.read(parts.all),
        note: `the layout has no parts, so '${said}' stands for all of its images`,
      };
    }
    const chosen = await named(root, said, places);
    return split === 'train' && (await holdsOut(data, places)) ? heldOut(chosen, 'train', data, places) : whole(chosen);
  }
  if (said === 'auto' && parts[split] !== undefined && !(split !== 'train' && isShare(data.train))) {
    const chosen = await places.read(parts[split]);
    return split === 'train' && (await holdsOut(data, places)) ? heldOut(chosen, 'train', data, places) : whole(chosen);
  }
  if (isShare(data.train) || isShare(said)) return shared(await places.read(parts.all), split, data, places);
  if (split === 'test') throw missing(split);
  if (split === 'train') {
    const all = await places.read(parts.all);
    return (await holdsOut(data, places)) ? heldOut(all, 'train', data, places) : whole(all);
  }
  const from =
    data.train === 'auto' ? await places.read(parts.train ?? parts.all) : await named(root, data.train, places);
  return heldOut(from, 'val', data, places);
}

/** One fold of the training images validates, the others train. */
async function folded<Item extends Candidate>(
  root: DataRoot,
  data: CommonData,
  folds: number,
  split: 'train' | 'val',
  places: Places<Item>,
): Promise<Chosen<Item> | null> {
  const all = await chooseSplit(root, { ...data, folds: null, val: null }, 'train', places);
  if (all === null) return null;
  const foldOf = foldsOf(await withClasses(all.items, places), { folds, seed: data.splitSeed, groups: places.groups });
  const items = all.items.filter((_, i) => (foldOf[i] === data.fold) === (split === 'val'));
  const note = `fold ${data.fold} of ${folds} (0-${folds - 1}), ${items.length} of ${all.items.length} training images`;
  return split === 'val' ? { items, note } : { items, note: all.note };
}

const isShare = (split: Split | null): split is number =>
  typeof split === 'number' && split > 0 && split < 1 && !Number.isInteger(split);

/** The usual names of splits, which configs have also where a folder is not split. */
const USUAL: ReadonlySet<unknown> = new Set(['train', 'val', 'valid', 'test']);

/** Whether a usual name of a split is said of a layout without parts. */
async function isWhole<Item extends Candidate>(said: Exclude<Split, null>, places: Places<Item>): Promise<boolean> {
  const { train, val, test } = places.parts;
  if (!USUAL.has(said) || [train, val, test].some((part) => part !== undefined)) return false;
  return (await places.resolve(String(said))) === null;
}

const whole = <Item>(items: readonly Item[]): Chosen<Item> => ({ items, note: null });

function missing(split: SplitName): ConfigError {
  return new ConfigError(`the config names no split '${split}': add data.${split}, or choose another split`);
}

/** Whether validation images are taken from those of training. */
async function holdsOut<Item extends Candidate>({ val, train }: CommonData, { parts }: Places<Item>): Promise<boolean> {
  return val === 'auto' && parts.val === undefined && !isShare(train);
}

async function named<Item extends Candidate>(
  root: DataRoot,
  said: Exclude<Split, null>,
  places: Places<Item>,
): Promise<readonly Item[]> {
  const names = typeof said === 'object' ? said : [String(said)];
  const isPositions = names.length === 1 && isRanges(names[0] as string);
  const resolved = isPositions
    ? [null]
    : await Promise.all(names.map((name) => (isGlob(name) ? null : places.resolve(name))));
  if (resolved.every((found) => found !== null)) return places.read(resolved.flat());
  const all = await places.read(places.parts.all);
  const candidates = [...all]
    .map((item) => ({ id: item.id, key: keyOf(item.id), item }))
    .sort((a, b) => naturalOrder(a.id, b.id));
  const wanted = typeof said === 'object' ? said : String(said);
  try {
    return (await pickSplit(root, wanted, candidates)).map(({ item }) => item);
  } catch (error) {
    throw error instanceof DataError ? withParts(error, places.parts) : error;
  }
}

function withParts(error: DataError, parts: Parts): DataError {
  const known = (['train', 'val', 'test'] as const).flatMap((name) => parts[name] ?? []);
  const ways =
    known.length === 0
      ? 'the layout has no parts: leave data.train and data.val out, or give a share such as 0.8'
      : `the layout has ${known.join(', ')}`;
  return new DataError(error.file, `${error.problem}; ${ways}`, error.pitfall);
}

const keyOf = (id: string): string => id.replace(/^.*\//, '').replace(/\.[^.]*$/, '');

/** A share of all images: train first, val after it, test last. */
async function shared<Item extends Candidate>(
  all: readonly Item[],
  split: SplitName,
  data: CommonData,
  places: Places<Item>,
): Promise<Chosen<Item> | null> {
  const order = stratifiedOrder(await withClasses(all, places), data.splitSeed);
  const count = (value: Split | null): number | null => (isShare(value) ? Math.round(value * all.length) : null);
  const train = count(data.train) ?? all.length - (count(data.val) ?? 0) - (count(data.test) ?? 0);
  const test = count(data.test) ?? 0;
  const val = count(data.val) ?? (data.val === 'auto' ? Math.max(0, all.length - train - test) : 0);
  const ranges = { train: [0, train], val: [train, train + val], test: [train + val, train + val + test] } as const;
  const [from, to] = ranges[split];
  if (to <= from && split === 'test') throw missing(split);
  const items = take(all, order.slice(from, to));
  if (items.length === 0 && split === 'val') return null;
  return { items, note: `${items.length} of ${all.length} images, chosen by data.splitSeed ${data.splitSeed}` };
}

/** Items with the classes that they are shared out by. */
async function withClasses<Item extends Candidate>(
  items: readonly Item[],
  { classesOf }: Places<Item>,
): Promise<readonly Item[]> {
  const classes = await classesOf?.(items);
  return classes === undefined ? items : items.map((item, i) => ({ ...item, classes: classes[i] ?? [] }));
}

async function heldOut<Item extends Candidate>(
  all: readonly Item[],
  split: 'train' | 'val',
  { splitSeed }: CommonData,
  places: Places<Item>,
): Promise<Chosen<Item> | null> {
  const { groups = false } = places;
  if (all.length < (groups ? 2 : FEWEST_TO_HOLD_OUT)) return split === 'train' ? whole(all) : null;
  const order = stratifiedOrder(await withClasses(all, places), splitSeed);
  const count = Math.max(1, Math.round(all.length * HELD_OUT));
  if (split === 'train') return whole(take(all, order.slice(count)));
  const note = `${count} of ${all.length} training images held out, as no validation set is named (data.val; null: none)`;
  return { items: take(all, order.slice(0, count)), note };
}

/** Items at positions, in their own order. */
function take<Item>(items: readonly Item[], positions: readonly number[]): readonly Item[] {
  return [...positions].sort((a, b) => a - b).map((position) => items[position] as Item);
}
