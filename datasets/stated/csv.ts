import { DataError } from '../../engine/errors.js';

const MOST_FIELDS = 1000;

/** Rows of fields: quotes hold commas and line ends, "" is a quote; the separator is what the first line has most of. */
export function parseCsv(text: string, file: string): string[][] {
  const body = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const [first = ''] = body.split(/\r\n|\n|\r/, 1);
  const counts = [',', ';', '\t'].map((mark) => ({ mark, count: first.split(mark).length }));
  const { mark } = counts.reduce((best, other) => (other.count > best.count ? other : best));
  const rows: string[][] = [];
  let row: string[] = [];
  for (let at = 0; at < body.length; ) {
    const [field, end] = readField(body, at, mark);
    if (row.push(field) > MOST_FIELDS)
      throw new DataError(file, `line ${rows.length + 1} has more than ${MOST_FIELDS} fields`);
    at = end;
    if (body[at] === mark) {
      at++;
      if (at >= body.length || body[at] === '\n' || body[at] === '\r') row.push('');
      if (at < body.length && body[at] !== '\n' && body[at] !== '\r') continue;
    }
    if (body[at] === '\r') at++;
    if (body[at] === '\n') at++;
    if (row.some((text) => text !== '')) rows.push(row);
    row = [];
  }
  return rows;
}

function readField(text: string, from: number, mark: string): readonly [field: string, end: number] {
  if (text[from] !== '"') {
    let end = from;
    while (end < text.length && text[end] !== mark && text[end] !== '\n' && text[end] !== '\r') end++;
    return [text.slice(from, end).trim(), end];
  }
  let [field, at] = ['', from + 1];
  while (at < text.length) {
    const quote = text.indexOf('"', at);
    if (quote < 0) return [field + text.slice(at), text.length];
    field += text.slice(at, quote);
    if (text[quote + 1] !== '"') {
      at = quote + 1;
      break;
    }
    field += '"';
    at = quote + 2;
  }
  while (at < text.length && text[at] !== mark && text[at] !== '\n' && text[at] !== '\r') at++;
  return [field.trim(), at];
}
