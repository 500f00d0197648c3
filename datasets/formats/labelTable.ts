import { DataError } from '../../engine/errors.js';
import { parseCsv } from '../stated/csv.js';
import { isImageName } from '../stated/images.js';
import { linesOf, readAnnotation } from '../stated/text.js';
import { columnsOf } from './csvColumns.js';

/** An image of a table, with its classes. */
export interface LabelRow {
  /** As the table writes it. */
  readonly name: string;
  /** Names of classes, each once. */
  readonly labels: readonly string[];
  /** What a column of sets says; '': nothing. */
  readonly set: string;
}

/** Images and classes of one file. */
export interface LabelTable {
  readonly images: readonly LabelRow[];
  /** In the order of the columns where each class has one; null: the names that images have. */
  readonly classes: readonly { readonly id: number; readonly name: string }[] | null;
}

/** Where a table has what; `labels`: columns of 0 and 1, one per class. */
interface Layout {
  readonly image: number;
  readonly label: number | null;
  readonly set: number | null;
  readonly labels: readonly { readonly column: number; readonly name: string }[];
  /** Rows before the first image. */
  readonly skip: number;
}

const isBit = (text: string | undefined): boolean => text !== undefined && /^[01](\.0*)?$/.test(text.trim());
const BOX = ['x1', 'y1', 'x2', 'y2', 'x', 'y', 'bbox'] as const;

/** Null: no table of images and classes. */
function layoutOf(rows: readonly (readonly string[])[]): Layout | null {
  const [head = [], ...body] = rows;
  const columns = columnsOf(head);
  const { image = null, set = null } = columns;
  if (image === null || BOX.some((name) => columns[name] !== undefined)) return bare(head);
  if (columns.class !== undefined) return { image, label: columns.class, set, labels: [], skip: 1 };
  const labels = head.flatMap((name, column) => (column === image || column === set ? [] : [{ column, name }]));
  const areBits = body.length > 0 && body.every((row) => labels.every(({ column }) => isBit(row[column])));
  return labels.length > 0 && areBits ? { image, label: null, set, labels, skip: 1 } : null;
}

/** Two columns without titles: an image file and a class. */
function bare(head: readonly string[]): Layout | null {
  const [first = '', second = ''] = head;
  if (head.length !== 2 || !isImageName(first) || second === '' || isImageName(second)) return null;
  return { image: 0, label: 1, set: null, labels: [], skip: 0 };
}

/** @param start the beginning of a file */
export const isLabelTable = (start: string): boolean =>
  layoutOf(parseCsv(linesOf(start).slice(0, 5).join('\n'), '')) !== null;

/**
 * Images with their classes: `file,label`, one row per image and class; several classes in one field, between separators; or
 * a column of 0 and 1 for each class.
 *
 * @param file      absolute
 * @param separator between classes in one field; null: a field is one class
 * @throws DataError when it is no such table
 */
export async function readLabelFile(file: string, separator: string | null): Promise<LabelTable> {
  const rows = parseCsv(await readAnnotation(file), file);
  const layout = layoutOf(rows);
  if (layout === null) {
    throw new DataError(
      file,
      'no table of images and classes: columns file, label are expected, or filename and a column of 0 and 1 for each class',
    );
  }
  const { image, label, set, labels, skip } = layout;
  const images = new Map<string, { readonly labels: Set<string>; readonly set: string }>();
  for (const row of rows.slice(skip)) {
    const name = row[image] ?? '';
    if (name === '') continue;
    const found = images.get(name) ?? { labels: new Set<string>(), set: set === null ? '' : (row[set] ?? '') };
    images.set(name, found);
    const field = label === null ? '' : (row[label] ?? '');
    for (const part of separator === null ? [field] : field.split(separator)) {
      if (part.trim() !== '') found.labels.add(part.trim());
    }
    for (const one of labels) if (Number(row[one.column]) === 1) found.labels.add(one.name);
  }
  return {
    images: [...images].map(([name, found]) => ({ name, labels: [...found.labels], set: found.set })),
    classes: labels.length > 0 ? labels.map(({ name }, i) => ({ id: i + 1, name })) : null,
  };
}
