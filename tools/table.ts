import { shownName } from '../engine/printable.js';

/** A text cell is flush left, a number flush right. */
export type Cell = string | number;

/**
 * Columns lined up by spaces. A column of whole numbers beyond 1 is written as such, with thousands apart; in any other
 * all numbers have `digits` digits after the point.
 */
export function formatTable(header: readonly string[], rows: readonly (readonly Cell[])[], digits = 3): string {
  return linesOf(columnsOf(header, rows, digits))
    .map((cells) => cells.join('  ').trimEnd())
    .join('\n');
}

/** The same columns as a table of a Markdown page. */
export function formatMarkdown(header: readonly string[], rows: readonly (readonly Cell[])[], digits = 3): string {
  const [titles = [], ...lines] = linesOf(columnsOf(header, rows, digits));
  const rule = titles.map((title, i) => {
    const isNumber = rows.length > 0 && rows.every((row) => typeof row[i] === 'number');
    return isNumber ? `${'-'.repeat(title.length - 1)}:` : '-'.repeat(title.length);
  });
  return [titles, rule, ...lines].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** Cells as text, all of a column equally wide. */
function columnsOf(header: readonly string[], rows: readonly (readonly Cell[])[], digits: number) {
  return header.map((title, column) => {
    const cells = rows.map((row) => row[column] ?? '');
    const isNumber = cells.length > 0 && cells.every((cell) => typeof cell === 'number');
    const isWhole =
      cells.every((cell) => Number.isInteger(cell)) &&
      cells.some((cell) => typeof cell === 'number' && Math.abs(cell) > 1);
    const text = cells.map((cell) => (typeof cell === 'string' ? shownName(cell) : figure(cell, isWhole ? 0 : digits)));
    const width = Math.max(title.length, ...text.map(({ length }) => length));
    return [title, ...text].map((cell) => (isNumber ? cell.padStart(width) : cell.padEnd(width)));
  });
}

/** The header, then the rows. */
function linesOf(columns: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return Array.from({ length: columns[0]?.length ?? 0 }, (_, row) => columns.map((column) => column[row] ?? ''));
}

function figure(value: number, digits: number): string {
  return digits === 0 ? value.toLocaleString('en-US') : value.toFixed(digits);
}
