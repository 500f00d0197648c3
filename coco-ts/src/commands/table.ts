/** Lines of a table with aligned columns: text to the left, numbers to the right, with three decimals in columns that are not all whole. */
export function table(header: readonly string[], rows: readonly (readonly (string | number)[])[]): string[] {
  const columns = header.map((title, column) => {
    const values = rows.map((row) => row[column] ?? '');
    const numeric = values.some((value) => typeof value === 'number');
    const whole = values.every(Number.isInteger) && !values.includes(-1);
    const cells = [
      title,
      ...values.map((value) => (typeof value === 'number' && !whole ? value.toFixed(3) : String(value))),
    ];
    const width = Math.max(...cells.map((cell) => cell.length));
    return cells.map((cell) => (numeric ? cell.padStart(width) : cell.padEnd(width)));
  });
  return ['', ...rows].map((_, line) =>
    columns
      .map((cells) => cells[line])
      .join('  ')
      .trimEnd(),
  );
}
