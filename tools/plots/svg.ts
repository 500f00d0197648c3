import { vegaSvg } from '#vega';
import { shownName } from '../../engine/printable.js';
import type { Plot } from './specs.js';

/** A plot as an SVG. Names from files are shown as in a terminal: what XML has no place for is written as an escape. */
export function svgOf(plot: Plot): Promise<string> {
  const clean = (_key: string, value: unknown): unknown =>
    typeof value === 'string' ? shownName(value).replaceAll(/[\ufffe\uffff]/g, '\ufffd') : value;
  return vegaSvg(JSON.parse(JSON.stringify(plot), clean) as object);
}
