/** A text cell is flush left, a number flush right. */
export type Cell = string | number;

/**
 * Columns lined up by spaces; numbers of the same column share their digits after the point.
 *
 * @param digits after the point, for numbers that are not whole
 */
export function formatTable(header: readonly string[], rows: readonly (readonly Cell[])[], digits = 3): string {
  const text = rows.map((row) => row.map((cell) => (typeof cell === 'string' ? cell : figure(cell, digits))));
  const widths = header.map((title, column) => Math.max(title.length, ...text.map((row) => row[column]?.length ?? 0)));
  const isNumber = header.map((_, column) => rows.length > 0 && rows.every((row) => typeof row[column] === 'number'));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, column) => (isNumber[column] ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!)))
      .join('  ')
      .trimEnd();
  return [line(header), ...text.map(line)].join('\n');
}

/** Thousands apart, as in 3,243,864; fractions with fixed digits; -1 stays -1 (no such object). */
export function figure(value: number, digits = 3): string {
  return Number.isInteger(value) && Math.abs(value) !== 1 && value !== 0
    ? value.toLocaleString('en-US')
    : value === -1
      ? '-1'
      : value.toFixed(digits);
}
