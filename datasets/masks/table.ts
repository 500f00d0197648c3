import { ConfigError, DataError } from '../../engine/errors.js';
import type { MaskFileTruth, ValueCounts } from '../classMap.js';
import type { MaskUnit } from '../decode/decodeMask.js';
import { BACKGROUND, classIndices, classMapLabels, labelMap, requireClass, requireClassMap } from '../labels.js';
import { IGNORED, type LabelMap } from '../sample.js';
import { shownValue } from './advice.js';
import { MOST_CLASSES } from './smoothed.js';

const IGNORE = 'ignore';
/** Values between two classes from which on they are smoothed edges. */
const FEWEST_EDGES = 6;

/** Mask values and the classes they stand for. */
export interface ValueTable {
  readonly labels: LabelMap;
  readonly unit: MaskUnit;
  readonly values: MaskFileTruth['values'];
  /** What people should hear of a table that they did not write; null for one that they did. */
  readonly note: string | null;
}

/** What a config says of classes and values. */
export interface StatedTable {
  readonly classes: readonly string[];
  readonly values: { readonly [value: string]: string };
}

/** Whether a config writes colours. @throws ConfigError for colours beside grey values */
export function unitOf(values: StatedTable['values']): MaskUnit | null {
  const keys = Object.keys(values);
  if (keys.length === 0) return null;
  const colours = keys.filter((key) => key.startsWith('#'));
  if (colours.length === 0) return 'value';
  if (colours.length === keys.length) return 'colour';
  throw new ConfigError('values: colours and grey values are mixed: write one kind');
}

/**
 * The table of a config that writes one: every class needs a value, and `background` is 0 or black unless it is named.
 *
 * @param labels those of the training split
 */
export function statedTable({ classes, values }: StatedTable, labels: LabelMap | undefined): ValueTable {
  const unit = unitOf(values) ?? 'value';
  const named = classes.length > 0 ? classes : [...new Set(Object.values(values))].filter((name) => name !== IGNORE);
  const known = labels ?? classMapLabels(named);
  if (unitOf(values) === null) return { labels: known, unit, values: positions(known), note: null };
  const indices = classIndices(known);
  const table = Object.entries(values).map(([text, name]): readonly [number, number] => {
    const value = maskValueOf(text);
    return [value, name === IGNORE && !indices.has(name) ? IGNORED : requireClass(indices, name, 'values')];
  });
  const background = indices.get(BACKGROUND);
  const isFree = !table.some(([value, index]) => value === 0 || index === background);
  if (background !== undefined && isFree) table.push([0, background]);
  const missing = known.classes.find((_, index) => !table.some(([, used]) => used === index));
  if (missing !== undefined) throw new ConfigError(`values: no mask value stands for class '${missing.name}'`);
  return { labels: known, unit, values: table, note: null };
}

/** Value = position of the class; 255 is not labelled. */
const positions = (labels: LabelMap): MaskFileTruth['values'] => [
  ...labels.classes.map((_, i) => [i, i] as const),
  [IGNORED, IGNORED],
];

function maskValueOf(text: string): number {
  if (/^#[0-9a-f]{6}$/i.test(text)) return Number.parseInt(text.slice(1), 16);
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= 65_535) return value;
  throw new ConfigError(`values: '${text}' is no mask value: an integer from 0 to 65535, or a colour such as #800000`);
}

/**
 * The table of masks that no config explains: each value is a class. Null where classes are named: values are their positions
 * then, and others are refused with the line to write.
 *
 * @throws ConfigError for more values than classes could be, and for colours whose classes are named without saying which is which
 */
export function foundTable(classes: readonly string[], found: ValueCounts, unit: MaskUnit): ValueTable | null {
  const values = [...found.keys()].sort((a, b) => a - b);
  if (classes.length === 0) {
    if (unit === 'value') refuseSmoothed(found);
    return ownTable(values, unit);
  }
  if (unit === 'colour') {
    const labels = classMapLabels(classes);
    const shown = values.slice(0, 8).map((value) => `'${shownValue(value, unit)}'`);
    throw new ConfigError(
      `the masks hold ${values.length} colours, ${shown.join(', ')}${values.length > 8 ? ', ...' : ''}, and no colour says its class: write data.values, such as { ${shown[0]}: ${labels.classes[0]?.name}, ... }`,
    );
  }
  return null;
}

/** Values between two that cover nearly everything are edges that were smoothed, and no classes. */
function refuseSmoothed(found: ValueCounts): void {
  const total = [...found.values()].reduce((sum, n) => sum + n, 0);
  const ordered = [...found].sort((a, b) => b[1] - a[1]);
  const [[one = 0, first = 0] = [], [other = 0, second = 0] = [], ...between] = ordered;
  const [low, high] = [Math.min(one, other), Math.max(one, other)];
  const isEdge = between.every(([value, n]) => value > low && value < high && n * 100 < total);
  if (between.length < FEWEST_EDGES || !isEdge || (first + second) * 10 < total * 9) return;
  throw new DataError(
    'masks',
    `they hold ${found.size} values, but nearly all pixels are ${low} or ${high}: edges were smoothed or compressed; write values: { ${low}: background, ${high}: object } and otherValues: nearest below data, or save them without smoothing`,
    21,
  );
}

function ownTable(values: readonly number[], unit: MaskUnit): ValueTable {
  const isContiguous =
    unit === 'value' &&
    values.every((value, i) => value === i || (value === IGNORED && i === values.length - 1 && i > 1));
  const used = isContiguous ? values.filter((value) => value !== IGNORED) : values;
  if (used.length > MOST_CLASSES) {
    throw new ConfigError(
      `the masks hold ${values.length} values, more than the ${MOST_CLASSES} that are taken for classes of their own: name classes and values, with otherValues: nearest for masks that were smoothed or compressed`,
    );
  }
  const names = used.map((value) => (value === 0 ? BACKGROUND : nameOf(value, used, unit)));
  const labels = requireClassMap(labelMap(names.length > 0 ? names : [BACKGROUND]));
  const table = used.map((value, i) => [value, i] as const);
  const shown = table.map(([value, i]) => `${shownValue(value, unit)}: ${names[i]}`).join(', ');
  const all = isContiguous && values.includes(IGNORED) ? [...table, [IGNORED, IGNORED] as const] : table;
  return {
    labels,
    unit,
    values: all,
    note: `classes are the values of the masks, { ${shown} }: write data.values to name them`,
  };
}

function nameOf(value: number, values: readonly number[], unit: MaskUnit): string {
  if (values.length === 2 && values[0] === 0) return 'object';
  return unit === 'colour' ? shownValue(value, unit) : `value ${value}`;
}
