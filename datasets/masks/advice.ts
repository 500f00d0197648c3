import { valueAt } from '../../engine/checked.js';
import { DataError } from '../../engine/errors.js';
import type { ValueCounts } from '../classMap.js';
import type { MaskUnit } from '../decode/decodeMask.js';

const IGNORE = 'ignore';
/** Largest values of 8 and 16 bits, which mean "not labelled" where there is one more value than classes. */
const UNLABELLED: readonly number[] = [255, 65535];

/**
 * What to write for masks with these values: one for each class in ascending order, the largest for none when there is
 * one more, or, of two classes, the smallest and the largest when there are many between them.
 *
 * @param found values of all masks
 * @param names the classes in their order
 * @returns YAML below `data`, or null where values and classes do not tell what belongs together
 */
export function valuesLine(
  found: readonly number[],
  names: readonly string[],
  unit: MaskUnit = 'value',
): string | null {
  if (unit === 'colour') return found.length === names.length ? yaml(found, names, unit) : null;
  const values = [...found].sort((a, b) => a - b);
  const last = values.at(-1) ?? 0;
  if (values.length === names.length) return yaml(values, names);
  if (values.length === names.length + 1 && UNLABELLED.includes(last)) return yaml(values, [...names, IGNORE]);
  if (values.length < 2 || names.length !== 2 || values.length < names.length) return null;
  return `${yaml([valueAt(values, 0), last], names)} and otherValues: nearest`;
}

const ELSE = "or set otherValues to 'ignore' or 'nearest'";
/** For values outside a table that was written. */
export const ADD_VALUES = `add them to values, ${ELSE}`;

/**
 * What to write for values that no table names, and where.
 *
 * @param place around the line of `values`, in the format's words
 */
export function adviseValues(
  place: (line: string) => string,
  found: readonly number[],
  names: readonly string[],
  unit: MaskUnit = 'value',
): string {
  const labelled = found.filter((value) => !UNLABELLED.includes(value));
  if (unit === 'value' && labelled.length > names.length && Math.max(...labelled) === labelled.length - 1) {
    return `the values are the positions of ${labelled.length} classes and data.classes lists ${names.length}: list all of them`;
  }
  const line =
    valuesLine(found, names, unit) ?? `values with one mask value for each of ${names.slice(0, 8).join(', ')}`;
  return place(line);
}

const yaml = (values: readonly number[], names: readonly string[], unit: MaskUnit = 'value'): string =>
  `values: { ${values.map((value, i) => `${yamlValue(value, unit)}: ${scalar(valueAt(names, i))}`).join(', ')} }`;

const yamlValue = (value: number, unit: MaskUnit): string =>
  unit === 'colour' ? `'${shownValue(value, unit)}'` : String(value);

/** A mask value as people write it. */
export const shownValue = (value: number, unit: MaskUnit): string =>
  unit === 'colour' ? `#${value.toString(16).padStart(6, '0')}` : String(value);

const scalar = (name: string): string =>
  /^[A-Za-z_][\w ./-]*$/.test(name) && !/^(true|false|null)$/i.test(name) ? name : JSON.stringify(name);

/** For values outside the table of a folder of masks that has none of its own. */
export const adviseUnknownValues = (
  found: readonly number[],
  names: readonly string[],
  unit: MaskUnit = 'value',
): string => `${adviseValues(belowData, found, names, unit)}, ${ELSE}`;

const belowData = (line: string): string => `write ${line} below data`;

/** Masks with values outside the table, in the order they were read. */
export type MasksWithUnknownValues = readonly (readonly [file: string, unknownValues: ValueCounts])[];

/** @throws DataError listing each unknown value of the first mask with its pixels, and the ways out */
export function refuseUnknownValues(
  masks: MasksWithUnknownValues,
  { known, unit, advice }: { readonly known: readonly number[]; readonly unit: MaskUnit; readonly advice: string },
): never {
  const [[file, unknownValues]] = masks as [MasksWithUnknownValues[number], ...MasksWithUnknownValues];
  const found = [...unknownValues].sort((a, b) => a[0] - b[0]);
  const shown = found.slice(0, 8).map(([value, count]) => `${shownValue(value, unit)} (${count} pixels)`);
  const more = found.length > 8 ? ` and ${found.length - 8} more` : '';
  const others = masks.length > 1 ? `, and such in ${masks.length - 1} more masks` : '';
  const names = known.slice(0, 10).map((value) => shownValue(value, unit));
  const table = names.join(', ') + (known.length > 10 ? ', ...' : '');
  throw new DataError(
    file,
    `mask values outside the table (${table}): ${shown.join(', ')}${more}${others}; ${advice}`,
    advice === ADD_VALUES ? 36 : 21,
  );
}
