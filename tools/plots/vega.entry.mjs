import { parse, View } from 'vega';
import { compile } from 'vega-lite';

/** What goes wrong is thrown, where vega would print its stack. */
const logger = {
  level: () => logger,
  error: (...words) => {
    throw words.find((word) => word instanceof Error) ?? new Error(words.join(' '));
  },
  warn: () => logger,
  info: () => logger,
  debug: () => logger,
};

/** A Vega-Lite specification as an SVG, without a page. */
export function vegaSvg(specification) {
  const { spec } = compile(specification, { logger });
  return new View(parse(spec), { renderer: 'none', logger }).toSVG();
}
