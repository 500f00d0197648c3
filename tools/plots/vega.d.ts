/** A Vega-Lite specification as an SVG, without a page. */
export function vegaSvg(specification: object): Promise<string>;
