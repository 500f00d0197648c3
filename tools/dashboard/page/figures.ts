import type { OutlineLines, RunMap, ShapeBox, ShapeLabel, Shapes } from '../../../datasets/pictures/index.js';
import type { KeptPicture } from '../../../training/run/index.js';
import { COLORS } from './charts/embed.js';
import { element, svgElement } from './dom.js';

/** Class index of pixels without one. */
const IGNORED = 255;

export const colorOf = (label: number): string => COLORS[label % COLORS.length]!;

/** Boxes that are wrong, by position in the lists of the shapes. */
export interface Faults {
  /** Answers that found nothing. */
  readonly extra: readonly number[];
  /** Truths that were not found. */
  readonly missed: readonly number[];
}

/** Colours of faults, beside white for what is right: told apart by any eye, and by their dashes. */
const [WRONG, LOST] = ['#ff00ff', '#ffe14d'];

/** Below a dashed line, which is light, on a light image. */
const SHADE = { stroke: '#000', 'stroke-opacity': 0.45 };

/** Boxes beyond whose number their names would cover a small picture; a legend tells them. */
const MOST_NAMED = 8;

/**
 * A picture with its truths dashed and its answers solid; boxes keep their sharpness at any size.
 *
 * @param isLarge it fills the page, so that there is room for names. Defaults to false
 */
export function figureOf(
  picture: KeptPicture,
  source: string,
  names: readonly string[],
  faults?: Faults,
  isLarge = false,
): HTMLElement {
  const { id, width, height, truth, answer, error } = picture;
  const alt = [id, said('truth', truth, names), said('answer', answer, names)].filter(Boolean).join('; ');
  const frame = element(
    'div',
    { class: 'frame' },
    element('img', { src: source, alt, loading: 'lazy', decoding: 'async' }),
  );
  for (const map of [answer?.map ?? truth?.map]) if (map) frame.append(mapCanvas(map));
  const boxes = [
    ...(truth?.boxes ?? []).map((box, i) => ({ ...box, fault: faults?.missed.includes(i) ? LOST : undefined })),
    ...(answer?.boxes ?? []).map((box, i) => ({ ...box, fault: faults?.extra.includes(i) ? WRONG : undefined })),
  ];
  const hasAnswer = answer !== null;
  if (boxes.length > 0) frame.append(boxOverlay(boxes, { width, height, names, hasAnswer, isLarge }));
  if (truth?.labels || answer?.labels) frame.append(labelOverlay(truth?.labels, answer?.labels, width, height, names));
  const share = error === null ? '' : ` \u00b7 ${(100 * error).toFixed(0)} % wrong`;
  return element('figure', {}, frame, element('figcaption', {}, `${id}${share}`));
}

function said(what: string, shapes: Shapes | null, names: readonly string[]): string {
  const counts = new Map<number, number>();
  for (const { label } of [...(shapes?.boxes ?? []), ...(shapes?.labels ?? [])])
    counts.set(label, (counts.get(label) ?? 0) + 1);
  const parts = [...counts].map(([label, count]) => `${count} ${names[label] ?? label}`);
  return parts.length > 0 ? `${what}: ${parts.join(', ')}` : '';
}

interface OverlayOptions {
  readonly width: number;
  readonly height: number;
  readonly names: readonly string[];
  readonly hasAnswer: boolean;
  readonly isLarge: boolean;
}

function boxOverlay(
  boxes: readonly (ShapeBox & { readonly fault: string | undefined })[],
  { width, height, names, hasAnswer, isLarge }: OverlayOptions,
): SVGElement {
  const side = Math.max(width, height);
  const line = side / (isLarge ? 500 : 220);
  const size = side / (isLarge ? 64 : 24);
  const named = boxes.filter(({ score }) => score !== undefined || !hasAnswer).length;
  const isNamed = isLarge || named <= MOST_NAMED;
  const svg = svgElement('svg', { viewBox: `0 0 ${width} ${height}`, class: 'overlay', 'aria-hidden': 'true' });
  for (const {
    box: [x1, y1, x2, y2],
    label,
    score,
    outline,
    fault,
  } of boxes) {
    const isTruth = score === undefined;
    if (outline && !(isTruth && hasAnswer)) svg.append(outlinePath(outline, fault ?? colorOf(label), line));
    const place = {
      x: x1,
      y: y1,
      width: Math.max(0, x2 - x1),
      height: Math.max(0, y2 - y1),
      fill: 'none',
      stroke: colorOf(label),
      'stroke-width': line,
    };
    const dashes =
      isTruth && hasAnswer
        ? { 'stroke-dasharray': `${3 * line} ${2 * line}`, stroke: fault ?? '#fff' }
        : fault
          ? { stroke: fault }
          : {};
    if ('stroke-dasharray' in dashes)
      svg.append(svgElement('rect', { ...place, ...SHADE, 'stroke-width': 1.8 * line }));
    const rect = svgElement(
      'rect',
      { ...place, ...dashes },
      svgElement('title', {}, `${names[label] ?? label}${isTruth ? '' : ` ${score.toFixed(2)}`}`),
    );
    svg.append(rect);
    if (!isNamed || (isTruth && hasAnswer)) continue;
    const text = {
      ...(x1 > 0.7 * width ? { x: Math.min(width - line, x2), 'text-anchor': 'end' } : { x: Math.max(line, x1) }),
      y: Math.max(size, y1 - 2 * line),
      'font-size': size,
      fill: '#fff',
      stroke: '#000',
      'stroke-width': size / 6,
      'paint-order': 'stroke',
    };
    svg.append(svgElement('text', text, `${names[label] ?? label}${isTruth ? '' : ` ${score.toFixed(2)}`}`));
  }
  return svg;
}

/** The pixels of an object: translucent, with a solid edge. */
function outlinePath(lines: OutlineLines, color: string, line: number): SVGElement {
  const d = lines.map((corners) => `M${corners.join(' ')}Z`).join('');
  const look = { fill: color, 'fill-opacity': 0.3, 'fill-rule': 'evenodd', stroke: color, 'stroke-width': line / 2 };
  return svgElement('path', { d, ...look });
}

/** Classes of the whole image, one below the other: answers in the colours of their classes; white: the truth, which is not repeated. */
function labelOverlay(
  truth: readonly ShapeLabel[] = [],
  answer: readonly ShapeLabel[] = [],
  width: number,
  height: number,
  names: readonly string[],
): SVGElement {
  const size = Math.max(width, height) / 18;
  const svg = svgElement('svg', { viewBox: `0 0 ${width} ${height}`, class: 'overlay', 'aria-hidden': 'true' });
  const lines = [
    ...truth.map(({ label }) => ({ text: names[label] ?? String(label), color: '#fff' })),
    ...answer.map(({ label, score = 1 }) => {
      return { text: `${names[label] ?? label} ${score.toFixed(2)}`, color: colorOf(label) };
    }),
  ];
  for (const [i, { text, color }] of lines.entries()) {
    const place = { x: size / 3, y: (i + 1) * 1.2 * size, 'font-size': size, fill: color };
    const border = { stroke: '#000', 'stroke-width': size / 7, 'paint-order': 'stroke' };
    svg.append(svgElement('text', { ...place, ...border }, text));
  }
  return svg;
}

/** Classes as translucent fills with solid borders. */
function mapCanvas({ width, height, runs }: RunMap): HTMLCanvasElement {
  const canvas = element('canvas', {
    width: String(width),
    height: String(height),
    class: 'overlay',
    'aria-hidden': 'true',
  });
  const labels = new Uint8Array(width * height);
  for (let i = 0, at = 0; i + 1 < runs.length; i += 2) {
    labels.fill(runs[i]!, at, at + runs[i + 1]!);
    at += runs[i + 1]!;
  }
  const image = new ImageData(Math.max(1, width), Math.max(1, height));
  for (let at = 0; at < labels.length; at++) {
    const label = labels[at]!;
    if (label === IGNORED) continue;
    const x = at % width;
    const isBorder =
      (x + 1 < width && labels[at + 1] !== label) || (at + width < labels.length && labels[at + width] !== label);
    const color = colorOf(label);
    image.data.set(
      [1, 3, 5].map((from) => Number.parseInt(color.slice(from, from + 2), 16)),
      at * 4,
    );
    image.data[at * 4 + 3] = isBorder ? 255 : 95;
  }
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas;
}

/** Which colour is which class. */
export function legendOf(names: readonly string[]): HTMLElement {
  const entries = names.slice(0, 40).map((name, label) => {
    const swatch = svgElement(
      'svg',
      { viewBox: '0 0 1 1', class: 'swatch', 'aria-hidden': 'true' },
      svgElement('rect', { width: 1, height: 1, fill: colorOf(label) }),
    );
    return element('span', {}, swatch, name);
  });
  return element('div', { class: 'legend' }, ...entries);
}
