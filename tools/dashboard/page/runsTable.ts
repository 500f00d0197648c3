import { valueAt } from '../../../engine/checked.js';
import type { RunRow } from '../runs.js';
import { element } from './dom.js';

type Column = { readonly name: string; readonly of: (row: RunRow) => string | number };

const COLUMNS: readonly Column[] = [
  { name: 'run', of: ({ name }) => name },
  { name: 'state', of: ({ state }) => state },
  { name: 'began', of: ({ began }) => began?.slice(0, 16).replace('T', ' ') ?? '' },
  { name: 'step', of: ({ step }) => step },
  { name: 'of', of: ({ steps }) => steps },
  { name: 'loss', of: ({ loss }) => loss ?? Number.NaN },
];
/** Figures of evaluations that have a column. */
const MOST_FIGURES = 4;

export interface RunsTable {
  show(rows: readonly RunRow[], selected: ReadonlySet<string>): void;
}

/** Sorted by a click on a head, filtered by text, runs chosen by check boxes. */
export function createRunsTable(body: HTMLElement, onToggle: (id: string, isOn: boolean) => void): RunsTable {
  let rows: readonly RunRow[] = [];
  let selected: ReadonlySet<string> = new Set();
  let [sortBy, direction] = ['began', -1];
  const filter = element('input', {
    type: 'search',
    placeholder: 'filter by name or state',
    'aria-label': 'filter runs',
  });
  const table = element('table');
  body.append(filter, element('div', { class: 'scroll' }, table));
  filter.addEventListener('input', () => draw());
  const draw = (): void => {
    const figures = [...new Set(rows.flatMap((row) => Object.keys(row.figures)))].slice(0, MOST_FIGURES);
    const columns = [
      ...COLUMNS,
      ...figures.map((name): Column => ({ name, of: (row) => row.figures[name] ?? Number.NaN })),
    ];
    const wanted = filter.value.toLowerCase();
    const shown = rows.filter(({ name, state }) => `${name} ${state}`.toLowerCase().includes(wanted));
    const key = columns.find(({ name }) => name === sortBy) ?? valueAt(columns, 0);
    const sorted = [...shown].sort((a, b) => direction * compare(key.of(a), key.of(b)));
    const heads = columns.map(({ name }) => head(name));
    table.replaceChildren(
      element('thead', {}, element('tr', {}, element('th', {}, ''), ...heads)),
      element('tbody', {}, ...sorted.map((row) => line(row, columns))),
    );
  };
  const head = (name: string): HTMLElement => {
    const button = element(
      'button',
      { type: 'button' },
      name + (name === sortBy ? (direction > 0 ? ' \u2191' : ' \u2193') : ''),
    );
    button.addEventListener('click', () => {
      direction = name === sortBy ? -direction : 1;
      sortBy = name;
      draw();
    });
    return element(
      'th',
      { 'aria-sort': name === sortBy ? (direction > 0 ? 'ascending' : 'descending') : 'none' },
      button,
    );
  };
  const line = (row: RunRow, columns: readonly Column[]): HTMLElement => {
    const box = element('input', { type: 'checkbox', 'aria-label': `show ${row.name}` });
    box.checked = selected.has(row.id);
    box.addEventListener('change', () => onToggle(row.id, box.checked));
    const cells = columns.map(({ of }) => element('td', {}, shown(of(row))));
    return element('tr', { 'aria-selected': String(box.checked) }, element('td', {}, box), ...cells);
  };
  return {
    show: (now, chosen) => {
      [rows, selected] = [now, chosen];
      draw();
    },
  };
}

const shown = (value: string | number): string =>
  typeof value === 'string'
    ? value
    : Number.isNaN(value)
      ? ''
      : Number.isInteger(value)
        ? String(value)
        : value.toFixed(4);

function compare(a: string | number, b: string | number): number {
  if (typeof a === 'string' || typeof b === 'string')
    return String(a).localeCompare(String(b), undefined, { numeric: true });
  return Number.isNaN(a) ? 1 : Number.isNaN(b) ? -1 : a - b;
}
