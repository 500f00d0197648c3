import { escapeXml } from '../draw/raster.js';

/** Text that was made here and may stand in a page as it is. */
export interface Html {
  readonly html: string;
}

/** HTML of a template: what is put in is escaped, unless it is HTML already; lists are joined. */
export function html(parts: TemplateStringsArray, ...values: readonly unknown[]): Html {
  return { html: parts.reduce((text, part, i) => text + part + (i < values.length ? put(values[i]) : ''), '') };
}

function put(value: unknown): string {
  if (Array.isArray(value)) return value.map(put).join('');
  if (value === null || value === undefined || value === false) return '';
  if (typeof value === 'object' && 'html' in value) return String(value.html);
  return escapeXml(String(value)).replaceAll("'", '&#39;');
}

/** SVG of Vega, which escapes what it draws. */
export const trusted = (text: string): Html => ({ html: text });

/** JSON inside a script element: nothing in it ends the element. */
export const jsonIn = (value: unknown): Html => ({
  html: JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('\u2028', '\\u2028'),
});

export function tableOf(head: readonly string[], rows: readonly (readonly unknown[])[]): Html {
  const cells = (row: readonly unknown[]): readonly Html[] => row.map((cell) => html`<td>${shown(cell)}</td>`);
  return html`<div class="scroll" tabindex="0"><table><thead><tr>${head.map((name) => html`<th scope="col">${name}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr>${cells(row)}</tr>`)}</tbody></table></div>`;
}

const shown = (value: unknown): unknown =>
  typeof value !== 'number' ? (value ?? '\u2013') : Number.isInteger(value) ? value : value.toFixed(4);

export const section = (id: string, title: string, ...body: readonly unknown[]): Html =>
  html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${title}</h2>${body}</section>`;
