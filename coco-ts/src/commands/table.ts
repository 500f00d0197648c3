import { shown } from '../shown.js';

/**
 * Lines of a table with aligned columns: text, escaped and cut, to the left, numbers to the right.
 *
 * @param decimals of every number; without it numbers are written as they are
 */
export function table(
  header: readonly string[],
  rows: readonly (readonly (string | number)[])[],
  decimals?: number,
): string[] {
  const columns = header.map((title, column) => {
    const values = rows.map((row) => row[column] ?? '');
    const numeric = values.some((value) => typeof value === 'number');
    const cells = [title, ...values].map((value) =>
      typeof value === 'number' && decimals !== undefined ? value.toFixed(decimals) : shown(value),
    );
    const width = cells.reduce((most, { length }) => Math.max(most, length), 0);
    return cells.map((cell) => (numeric ? cell.padStart(width) : cell.padEnd(width)));
  });
  return ['', ...rows].map((_, line) =>
    columns
      .map((cells) => cells[line])
      .join('  ')
      .trimEnd(),
  );
}
