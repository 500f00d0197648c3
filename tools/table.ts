/** A text cell is flush left, a number flush right. */
export type Cell = string | number;

/**
 * Columns lined up by spaces. A column of whole numbers beyond 1 is written as such, with thousands apart; in any other
 * all numbers have `digits` digits after the point, but for -1, which stands for "no such object".
 */
export function formatTable(header: readonly string[], rows: readonly (readonly Cell[])[], digits = 3): string {
  const columns = header.map((title, column) => {
    const cells = rows.map((row) => row[column] ?? '');
    const isNumber = cells.length > 0 && cells.every((cell) => typeof cell === 'number');
    const isWhole =
      cells.every((cell) => Number.isInteger(cell)) &&
      cells.some((cell) => typeof cell === 'number' && Math.abs(cell) > 1);
    const text = cells.map((cell) => (typeof cell === 'string' ? cell : figure(cell, isWhole ? 0 : digits)));
    const width = Math.max(title.length, ...text.map(({ length }) => length));
    return [title, ...text].map((cell) => (isNumber ? cell.padStart(width) : cell.padEnd(width)));
  });
  return Array.from({ length: rows.length + 1 }, (_, row) =>
    columns
      .map((column) => column[row])
      .join('  ')
      .trimEnd(),
  ).join('\n');
}

function figure(value: number, digits: number): string {
  if (value === -1) return '-1';
  return digits === 0 ? value.toLocaleString('en-US') : value.toFixed(digits);
}
