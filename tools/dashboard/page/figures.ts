import { backgroundOf } from '../../../datasets/labels.js';
import type { OutlineLines, RunMap, ShapeBox, ShapeLabel, Shapes } from '../../../datasets/pictures/index.js';
import { valueAt } from '../../../engine/checked.js';
import type { KeptPicture } from '../../../training/run/index.js';
import { COLORS } from './charts/embed.js';
import { element, svgElement } from './dom.js';

/** Class index of pixels without one. */
const IGNORED = 255;

export const colorOf = (label: number): string => valueAt(COLORS, label % COLORS.length);

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
  const map = answer?.map ?? truth?.map;
  if (map) frame.append(mapCanvas(map, names, answer?.map ? truth?.map : undefined));
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
  const isFree = createRoom(isLarge);
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
    const said = `${names[label] ?? label}${isTruth ? '' : ` ${score.toFixed(2)}`}`;
    const isRight = x1 > 0.7 * width;
    const x = isRight ? Math.min(width - line, x2) : Math.max(line, x1);
    const y = Math.max(size, y1 - 2 * line);
    const long = LETTER * size * said.length;
    if (!isFree([isRight ? x - long : x, y - size, isRight ? x : x + long, y])) continue;
    const text = {
      x,
      y,
      ...(isRight ? { 'text-anchor': 'end' } : {}),
      'font-size': size,
      fill: '#fff',
      stroke: '#000',
      'stroke-width': size / 6,
      'paint-order': 'stroke',
    };
    svg.append(svgElement('text', text, said));
  }
  return svg;
}

/** Mean width of a letter, of the size of the font. */
const LETTER = 0.6;

/** Whether a name has a place of its own, which it then takes; in large pictures all are written, as there is a way to move closer. */
function createRoom(isLarge: boolean): (place: ShapeBox['box']) => boolean {
  const taken: ShapeBox['box'][] = [];
  return (place) => {
    const [left, top, right, bottom] = place;
    const isTaken = taken.some(([x1, y1, x2, y2]) => left < x2 && x1 < right && top < y2 && y1 < bottom);
    if (isTaken && !isLarge) return false;
    taken.push(place);
    return true;
  };
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

/** How opaque the pixels of a class are, those that are wrong, and contours, 0..255. */
const [TINT, MARK, CONTOUR] = [95, 170, 255];

/** Classes but the background as translucent fills with solid contours; where a truth is given, what is answered wrongly stands out. */
function mapCanvas(map: RunMap, names: readonly string[], truth?: RunMap): HTMLCanvasElement {
  const { width, height } = map;
  const canvas = element('canvas', {
    width: String(width),
    height: String(height),
    class: 'overlay',
    'aria-hidden': 'true',
  });
  const labels = pixelsOf(map);
  const right = truth && truth.width === width && truth.height === height ? pixelsOf(truth) : labels;
  const background = backgroundOf(names);
  const image = new ImageData(Math.max(1, width), Math.max(1, height));
  const colors = new Map<string, readonly number[]>();
  const paint = (at: number, color: string, opacity: number): void => {
    const rgb = colors.get(color) ?? [1, 3, 5].map((from) => Number.parseInt(color.slice(from, from + 2), 16));
    colors.set(color, rgb);
    image.data.set(rgb, at * 4);
    image.data[at * 4 + 3] = opacity;
  };
  for (let at = 0; at < labels.length; at++) {
    const label = valueAt(labels, at);
    const wanted = valueAt(right, at);
    if (wanted !== label && wanted !== IGNORED) paint(at, WRONG, MARK);
    else if (label !== IGNORED && label !== background) {
      const x = at % width;
      const isContour =
        (x > 0 && labels[at - 1] !== label) ||
        (x + 1 < width && labels[at + 1] !== label) ||
        (at >= width && labels[at - width] !== label) ||
        (at + width < labels.length && labels[at + width] !== label);
      paint(at, colorOf(label), isContour ? CONTOUR : TINT);
    }
  }
  canvas.getContext('2d')?.putImageData(image, 0, 0);
  return canvas;
}

/** Class indices, row by row. */
function pixelsOf({ width, height, runs }: RunMap): Uint8Array {
  const labels = new Uint8Array(width * height);
  for (let i = 0, at = 0; i + 1 < runs.length; i += 2) {
    labels.fill(valueAt(runs, i), at, at + valueAt(runs, i + 1));
    at += valueAt(runs, i + 1);
  }
  return labels;
}

/** Which colour is which class. */
export function legendOf(names: readonly string[]): HTMLElement {
  const background = backgroundOf(names);
  const entries = names.slice(0, 40).flatMap((name, label) => {
    if (label === background) return [];
    const swatch = svgElement(
      'svg',
      { viewBox: '0 0 1 1', class: 'swatch', 'aria-hidden': 'true' },
      svgElement('rect', { width: 1, height: 1, fill: colorOf(label) }),
    );
    return [element('span', {}, swatch, name)];
  });
  return element('div', { class: 'legend' }, ...entries);
}
