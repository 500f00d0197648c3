import type { CaseReport, MeasuredRow } from './cases.js';
import { REGION_FIGURES } from './measure.js';

const COLUMNS: readonly (keyof MeasuredRow)[] = [
  'case',
  'class',
  'empty',
  ...REGION_FIGURES.filter((figure) => figure !== 'volumeError'),
  'truthVolume',
  'answerVolume',
  'volumeError',
];

/**
 * A report as comma-separated values (RFC 4180): one row per case and class, and a last column each with the units of distances
 * and volumes. Nothing stands where there is no figure.
 */
export function casesCsv({ rows, unit, volumeUnit }: CaseReport): string {
  const lines = rows.map((row) => [...COLUMNS.map((column) => cell(row[column])), unit, volumeUnit].join(','));
  return `${[[...COLUMNS, 'unit', 'volumeUnit'].join(','), ...lines].join('\r\n')}\r\n`;
}

/** Text is never what a spreadsheet takes for a formula. */
function cell(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = value.replace(/^[=+@\t\r-]/, "'$&");
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
