import { type Runtime, View, type ViewOptions } from 'vega';
import embed, { type EmbedOptions, type VisualizationSpec } from 'vega-embed';
import { expressionInterpreter } from 'vega-interpreter';

/** A Vega-Lite specification as tfjs-vis makes it. */
export interface ChartSpec {
  data: { values: Record<string, unknown>[]; name?: string };
  encoding: Record<string, Record<string, unknown>>;
  layer?: Record<string, unknown>[];
  config: Record<string, unknown>;
  [key: string]: unknown;
}

/** What is changed of a specification before it is drawn in an element or below it. */
export type Patch = (spec: ChartSpec) => void;

const patches = new WeakMap<Element, Patch>();

export const patchSpecs = (element: Element, patch: Patch): unknown => patches.set(element, patch);

/** Colours that people with any colour vision tell apart. @source Okabe, Ito 2008, Color Universal Design */
export const COLORS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9', '#8c6d31', '#7f7f7f'];

function theme(): Record<string, unknown> {
  const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
  const [ink, faint] = isDark ? ['#c9d1da', '#363d48'] : ['#3c4650', '#e1e5ea'];
  const text = {
    labelColor: ink,
    titleColor: ink,
    labelFont: 'system-ui, sans-serif',
    titleFont: 'system-ui, sans-serif',
  };
  return {
    view: { stroke: null },
    axis: {
      ...text,
      gridColor: faint,
      domainColor: faint,
      tickColor: faint,
      labelFontSize: 11,
      titleFontSize: 11,
      titleFontWeight: 400,
    },
    legend: {
      ...text,
      orient: 'bottom',
      direction: 'horizontal',
      columns: 3,
      labelLimit: 140,
      labelFontSize: 11,
      symbolType: 'stroke',
    },
    text: { color: ink },
    range: { category: COLORS },
  };
}

/** Vega makes functions out of text; here its expressions are interpreted. */
class InterpretedView extends View {
  constructor(runtime: Runtime, options?: ViewOptions) {
    super(runtime, { ...options, expr: expressionInterpreter });
  }
}

/**
 * What tfjs-vis calls instead of Vega-Embed (tools/build.mjs): the page's security policy forbids code that is made
 * from text, so Vega's expressions are interpreted; colours follow the page.
 */
export default function embedQuietly(element: HTMLElement, spec: ChartSpec, options: EmbedOptions) {
  const { legend, axis, ...rest } = theme();
  spec.config = { ...rest, axis, legend };
  spec.background = 'transparent';
  for (let at: Element | null = element; at !== null; at = at.parentElement) patches.get(at)?.(spec);
  const tooltip = { ...Object(options.tooltip), disableDefaultStyle: true };
  return embed(element, spec as unknown as VisualizationSpec, {
    ...options,
    tooltip,
    ast: true,
    viewClass: InterpretedView,
    renderer: 'svg',
    logLevel: 1,
  });
}
