import { backgroundOf } from '../../datasets/labels.js';
import { hasClass } from '../../datasets/overlap.js';
import { packPatch, patchOfMask } from '../../datasets/packedMasks.js';
import { type ShapeLabel, shapesOf } from '../../datasets/pictures/index.js';
import {
  type ClassMap,
  classMapOf,
  type Detections,
  IGNORED,
  type PackedMask,
  type PanopticTruth,
  type RgbPixels,
  type Truth,
} from '../../datasets/sample.js';
import { cutAt, eachPixel } from '../../datasets/transforms/patches.js';
import { shownName } from '../../engine/printable.js';
import type { Overlay } from '../../heads/index.js';
import { type Canvas, copyOf, layOver, plateOf, strokeRectangle } from './canvas.js';
import { classColor, type Rgb } from './palette.js';

/** Opacity of a class over the image. */
const OPACITY = 0.4;

/** A copy of the image with the classes of the whole in its corner, `name probability`, one below the other. */
export function drawLabels(image: RgbPixels, labels: readonly ShapeLabel[], names: readonly string[]): Canvas {
  const canvas = copyOf(image);
  let top = 0;
  for (const { label, score } of labels) {
    if (top >= canvas.height) break;
    const name = shownName(names[label] ?? String(label));
    const text = score === undefined ? name : `${name} ${score.toFixed(2)}`;
    top += drawLabel(canvas, text, 0, top, classColor(label)) + lineOf(image);
  }
  return canvas;
}

/** A copy of the image with everything that an overlay holds, boxes over class maps; objects with masks are drawn by these. */
export function drawOverlay(
  image: RgbPixels,
  { boxes, masks, classMap, scores }: Overlay,
  names: readonly string[],
): RgbPixels {
  const tinted = classMap ? tintClasses(image, classMap, names) : null;
  const under = tinted?.canvas ?? copyOf(image);
  const above = (): Canvas => {
    if (scores) return drawLabels(under, shapesOf(scores).labels ?? [], names);
    if (boxes && masks) return drawMasks(under, boxes, masks);
    return boxes ? drawDetections(under, boxes, names) : under;
  };
  return tinted ? withLegend(above(), tinted.present, names) : above();
}

/** A copy of the image with what is to be learned from it: boxes with the names of their classes, over masks where objects have some, over regions. */
export function drawTruth(image: RgbPixels, truth: Truth, names: readonly string[]): RgbPixels {
  const map = classMapOf(truth);
  if (map) return drawClassMap(image, map, names);
  if (!('boxes' in truth)) return drawLabels(image, shapesOf(truth).labels ?? [], names);
  const boxes: Detections = {
    boxes: Float32Array.from(truth.boxes),
    labels: truth.labels,
    scores: new Float32Array(truth.labels.length).fill(Number.NaN),
  };
  if (!('masks' in truth)) return drawDetections(image, boxes, names);
  const regions = 'mask' in truth ? tintClasses(image, withoutObjects(truth), names) : null;
  const masks = truth.masks.map((patch) => packPatch(cutAt(patch, image), image));
  const drawn = drawDetections(drawMasks(regions?.canvas ?? image, boxes, masks), boxes, names);
  return regions ? withLegend(drawn, regions.present, names) : drawn;
}

/** The classes of the pixels that no object has. */
function withoutObjects({ mask, masks, width, height }: PanopticTruth): ClassMap {
  const regions = { mask: mask.slice(), width, height };
  for (const patch of masks) {
    eachPixel(patch, regions, (at) => {
      regions.mask[at] = IGNORED;
    });
  }
  return regions;
}

/** A copy of the image with every object's mask as a tint and its contour solid, each in a colour of its own, the best on top. */
function drawMasks(image: RgbPixels, { scores }: Detections, masks: readonly PackedMask[]): Canvas {
  const canvas = copyOf(image);
  const reach = lineOf(image);
  for (let index = scores.length - 1; index >= 0; index--) {
    const mask = masks[index] as PackedMask;
    const patch = patchOfMask(mask);
    if (patch === null) continue;
    const { left, top, width, height, data } = patch;
    const isInside = (x: number, y: number): boolean =>
      x >= 0 && y >= 0 && x < width && y < height && data[y * width + x] === 1;
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        if (!isInside(x, y)) continue;
        const isBorder =
          !isInside(x + reach, y) || !isInside(x - reach, y) || !isInside(x, y + reach) || !isInside(x, y - reach);
        blend(canvas, ((top + y) * image.width + left + x) * 3, index, isBorder ? 1 : OPACITY);
      }
    }
  }
  return canvas;
}

/**
 * A copy of the image with a box and `name score` over every detection, the best on top; a score that is no number is left out. Where
 * names would cover too much of the image, a legend below it stands for them.
 *
 * @param names class names by index
 */
export function drawDetections(image: RgbPixels, detections: Detections, names: readonly string[]): Canvas {
  const canvas = copyOf(image);
  const thickness = lineOf(image);
  const drawn = Array.from(detections.scores, (score, index) => {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = detections.boxes.subarray(index * 4, index * 4 + 4);
    const label = detections.labels[index] ?? 0;
    const name = shownName(names[label] ?? String(label));
    const text = Number.isNaN(score) ? name : `${name} ${score.toFixed(2)}`;
    return { box: [x1, y1, x2, y2] as const, label, text };
  }).reverse();
  const isCrowded = isCoveredBy(
    canvas,
    drawn.map(({ text }) => text),
  );
  for (const { box, label, text } of drawn) {
    strokeRectangle(canvas, box, thickness, classColor(label));
    if (!isCrowded) drawLabel(canvas, text, box[0], box[1] - plateHeight(canvas), classColor(label));
  }
  return isCrowded ? withLegend(canvas, new Set(detections.labels), names) : canvas;
}

/** Share of an image that names may cover; where they would cover more, a legend stands for them. */
const MOST_COVERED = 0.2;
/** Mean width of a letter, of the size of the font. */
const LETTER = 0.55;

function isCoveredBy(image: RgbPixels, texts: readonly string[]): boolean {
  const letters = texts.reduce((sum, text) => sum + text.length + 1, 0);
  return letters * LETTER * fontOf(image) * plateHeight(image) > MOST_COVERED * image.width * image.height;
}

/** The image with the names of classes on a strip below it, which makes it higher; itself where there is none, or it is narrower than every name. */
function withLegend(image: Canvas, labels: ReadonlySet<number>, names: readonly string[]): Canvas {
  const gap = lineOf(image);
  const plates = [...labels]
    .sort((a, b) => a - b)
    .map((label) => plateOf(shownName(names[label] ?? String(label)), fontOf(image), classColor(label)));
  const [first] = plates;
  if (first === undefined || plates.every(({ width }) => width > image.width)) return image;
  let [left, top] = [gap, image.height + gap];
  const places = plates.map(({ width, height }) => {
    if (left > gap && left + width > image.width) [left, top] = [gap, top + height + gap];
    const place = { left, top };
    left += width + gap;
    return place;
  });
  const height = top + first.height + gap;
  const canvas: Canvas = { data: new Uint8Array(image.width * height * 3).fill(255), width: image.width, height };
  canvas.data.set(image.data);
  for (const [i, plate] of plates.entries()) layOver(canvas, plate, places[i]!.left, places[i]!.top);
  return canvas;
}

/** Thickness of a line, pixels: drawings look alike at any size of the image. */
const lineOf = ({ width, height }: RgbPixels): number => Math.max(1, Math.round(Math.min(width, height) / 200));

/**
 * A copy of the image with every class but the background as a tint, its contour solid, and a legend below, which covers nothing. Ignored
 * pixels stay as they are; classes that overlap lie one over the other.
 */
export function drawClassMap(image: RgbPixels, map: ClassMap, names: readonly string[]): Canvas {
  const { canvas, present } = tintClasses(image, map, names);
  return withLegend(canvas, present, names);
}

interface Tinted {
  readonly canvas: Canvas;
  /** Classes that were drawn. */
  readonly present: ReadonlySet<number>;
}

function tintClasses(image: RgbPixels, map: ClassMap, names: readonly string[]): Tinted {
  const { mask, width, height, overlaps } = map;
  const canvas = copyOf(image);
  const present = new Set<number>();
  if (overlaps) {
    for (const label of names.keys()) {
      const plane = mask.map((value) => (hasClass(value, label) ? label : IGNORED));
      if (!plane.includes(label)) continue;
      present.add(label);
      tint(canvas, { mask: plane, width, height }, -1);
    }
    return { canvas, present };
  }
  const background = backgroundOf(names);
  for (const label of new Set(mask)) if (label !== IGNORED && label !== background) present.add(label);
  tint(canvas, map, background);
  return { canvas, present };
}

/** In place; a contour belongs to the pixels of its own class. */
function tint(canvas: Canvas, { mask, width, height }: ClassMap, background: number): void {
  const reach = lineOf(canvas);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const label = mask[at]!;
      if (label === IGNORED || label === background) continue;
      const isBorder =
        (x + reach < width && mask[at + reach] !== label) ||
        (x >= reach && mask[at - reach] !== label) ||
        (y + reach < height && mask[at + reach * width] !== label) ||
        (y >= reach && mask[at - reach * width] !== label);
      blend(canvas, at * 3, label, isBorder ? 1 : OPACITY);
    }
  }
}

function blend(canvas: Canvas, offset: number, label: number, opacity: number): void {
  const color = classColor(label);
  for (let channel = 0; channel < 3; channel++) {
    const before = canvas.data[offset + channel]!;
    canvas.data[offset + channel] = Math.round(before + (color[channel]! - before) * opacity);
  }
}

/** Size of text in an image, pixels. */
const fontOf = ({ width, height }: RgbPixels): number => Math.max(10, Math.round(Math.min(width, height) / 28));

const plateHeight = (image: RgbPixels): number => Math.ceil(fontOf(image) * 1.3);

/** A line of text on a plate of the colour, moved so that it stays inside the image. @returns its height, pixels */
function drawLabel(canvas: Canvas, text: string, x: number, y: number, color: Rgb): number {
  const plate = plateOf(text, fontOf(canvas), color);
  const left = Math.max(0, Math.min(Math.round(x), canvas.width - plate.width));
  const top = Math.max(0, Math.min(Math.round(y), canvas.height - plate.height));
  layOver(canvas, plate, left, top);
  return plate.height;
}
