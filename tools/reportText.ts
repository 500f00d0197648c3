import type { Report, Task } from '../heads/index.js';
import { type Cell, formatTable } from './table.js';

/** A report as tables: the figures, then one row per class; a sentence where nothing was to be measured. */
export function describeReport(report: Report, { metric, nothingMeasured, tables }: Task): string {
  if (report[metric] === null) return `${nothingMeasured} and the other figures are absent`;
  return tables(report)
    .filter(({ rows }) => rows.length > 0)
    .map(({ header, rows }) =>
      formatTable(
        header,
        rows.map((row) => row.map((value): Cell => value ?? '-')),
      ),
    )
    .join('\n\n');
}
