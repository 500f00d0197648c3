import { parse, View } from 'vega';
import { compile } from 'vega-lite';

/** A Vega-Lite specification as an SVG, without a page. */
export function vegaSvg(specification) {
  const { spec } = compile(specification);
  return new View(parse(spec), { renderer: 'none' }).toSVG();
}
