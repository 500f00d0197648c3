import { join } from 'node:path';
import { DataError } from '../../engine/errors.js';
import { type DataRoot, naturalOrder } from '../paths.js';
import { parseCsv } from '../stated/csv.js';
import { listFiles } from '../stated/images.js';
import { linesOf, readAnnotation } from '../stated/text.js';
import type { StatedTable } from './table.js';

/** Files that say what the values or colours of masks mean. */
const NAMES = /(^|\/)(class_dict(_seg)?|_?classes|label_colou?rs|label_names|class_names|codes|labels)\.(csv|txt)$/i;
const MAX_BYTES = 2 ** 20;
const MOST_CLASSES = 256;
/** Names of what is not labelled. */
const IGNORED = /^_*ignored?_*$/i;

/** The classes of a file, and their values or colours; without values a class is its position. */
export interface ClassFile extends StatedTable {
  /** Relative to the root. */
  readonly path: string;
}

/**
 * The classes that a file beside masks tells: `name,r,g,b` (class_dict.csv), `r g b name` (label_colors.txt), `Pixel Value, Class`
 * (_classes.csv), or a name a line in the order of the values (label_names.txt, codes.txt).
 *
 * @returns null where there is none
 * @throws DataError where several files tell different classes
 */
export async function readClassFile(root: DataRoot): Promise<ClassFile | null> {
  const paths = (await listFiles(root.path)).filter((path) => NAMES.test(path));
  const found: ClassFile[] = [];
  for (const path of paths.sort((a, b) => a.split('/').length - b.split('/').length || naturalOrder(a, b))) {
    const text = await readAnnotation(join(root.path, path), MAX_BYTES);
    const table = /\.csv$/i.test(path) ? tableIn(text, path) : linesIn(text);
    if (table !== null) found.push({ ...table, path });
  }
  const [first] = found;
  const other = found.find(
    (one) => JSON.stringify([one.classes, one.values]) !== JSON.stringify([first?.classes, first?.values]),
  );
  if (first === undefined || other === undefined) return first ?? null;
  throw new DataError(
    root.path,
    `${first.path} and ${other.path} name different classes, so that one value means several: export masks that share one list (labelme2voc), or write data.values`,
    21,
  );
}

/** Rows with titles. */
function tableIn(text: string, path: string): StatedTable | null {
  const [head = [], ...rows] = parseCsv(text, path);
  const titles = head.map((title) => title.trim().toLowerCase());
  const at = (names: RegExp): number => titles.findIndex((title) => names.test(title));
  const name = at(/^(name|class|label)(_?name)?$/);
  const colour = [at(/^r(ed)?$/), at(/^g(reen)?$/), at(/^b(lue)?$/)];
  const value = at(/^(pixel ?value|value|index|id)$/);
  if (name < 0) return null;
  if (colour.every((column) => column >= 0))
    return tableOf(rows.map((row) => [row[name] ?? '', hex(colour.map((column) => Number(row[column])))]));
  if (value < 0) return null;
  return tableOf(rows.map((row) => [row[name] ?? '', /^\d+$/.test(row[value] ?? '') ? String(row[value]) : null]));
}

/** Lines of colours and names, or of names alone. */
function linesIn(text: string): StatedTable | null {
  const lines = linesOf(text).filter((line) => !line.startsWith('#') && !IGNORED.test(line));
  if (lines.length === 0 || lines.length > MOST_CLASSES) return null;
  const colours = lines.map((line) => /^(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})[\s,:]+(\S.*)$/.exec(line));
  if (colours.every((found) => found !== null))
    return tableOf(colours.map(([, r, g, b, name = '']) => [name, hex([r, g, b].map(Number))]));
  const isNames = lines.every((line) => !/^[\d.\s,-]+$/.test(line));
  return isNames && new Set(lines).size === lines.length ? { classes: lines, values: {} } : null;
}

/** Null: a name or a value cannot be used. */
function tableOf(rows: readonly (readonly [name: string, value: string | null])[]): StatedTable | null {
  const isWhole = rows.length > 0 && rows.every(([name, value]) => name !== '' && value !== null);
  if (!isWhole || rows.length > MOST_CLASSES) return null;
  const values = Object.fromEntries(rows.map(([name, value]) => [value ?? '', name]));
  return { classes: [...new Set(rows.map(([name]) => name))], values };
}

/** #rrggbb; null for what is no colour. */
const hex = (parts: readonly number[]): string | null =>
  parts.every((part) => Number.isInteger(part) && part >= 0 && part < 256)
    ? `#${parts.map((part) => part.toString(16).padStart(2, '0')).join('')}`
    : null;
