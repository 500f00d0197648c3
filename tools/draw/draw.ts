import { type ClassMap, type Detections, IGNORED, type Pixels } from '../../datasets/sample.js';
import { shownName } from '../../engine/printable.js';
import type { Overlay } from '../../heads/index.js';
import { type Canvas, copyOf, drawText, fillRectangle, strokeRectangle, textSize } from './canvas.js';
import { classColor, inkOn } from './palette.js';

/** Opacity of a class over the image. */
const OPACITY = 0.4;

/** A copy of the image with everything that an overlay holds, boxes over class maps. */
export function drawOverlay(image: Pixels, { boxes, classMap }: Overlay, names: readonly string[]): Pixels {
  const tinted = classMap ? drawClassMap(image, classMap, names) : image;
  return boxes ? drawDetections(tinted, boxes, names) : tinted;
}

/**
 * A copy of the image with a box and `name score` for every detection, the best on top.
 *
 * @param names class names by index
 */
export function drawDetections(image: Pixels, detections: Detections, names: readonly string[]): Canvas {
  const canvas = copyOf(image);
  const thickness = Math.max(1, Math.round(Math.min(image.width, image.height) / 240));
  for (let index = detections.scores.length - 1; index >= 0; index--) {
    const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = detections.boxes.subarray(index * 4, index * 4 + 4);
    const label = detections.labels[index] ?? 0;
    const color = classColor(label);
    strokeRectangle(canvas, [x1, y1, x2, y2], thickness, color);
    const text = `${shownName(names[label] ?? String(label))} ${(detections.scores[index] ?? 0).toFixed(2)}`;
    drawLabel(canvas, text, x1, y1, Math.max(1, Math.ceil(thickness / 2)), color);
  }
  return canvas;
}

/** A copy of the image with every class as a tint, its borders solid, and a legend. Ignored pixels stay as they are. */
export function drawClassMap(image: Pixels, { mask, width, height }: ClassMap, names: readonly string[]): Canvas {
  const canvas = copyOf(image);
  const present = new Set<number>();
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * width + x;
      const label = mask[at]!;
      if (label === IGNORED) continue;
      present.add(label);
      const border = (x + 1 < width && mask[at + 1] !== label) || (y + 1 < height && mask[at + width] !== label);
      blend(canvas, at * 3, label, border ? 1 : OPACITY);
    }
  }
  const scale = Math.max(1, Math.round(Math.min(width, height) / 400));
  let top = 0;
  for (const label of [...present].sort((a, b) => a - b)) {
    drawLabel(canvas, shownName(names[label] ?? String(label)), 0, top, scale, classColor(label));
    top += textSize('', scale)[1] + 2 * scale;
  }
  return canvas;
}

function blend(canvas: Canvas, offset: number, label: number, opacity: number): void {
  const color = classColor(label);
  for (let channel = 0; channel < 3; channel++) {
    const before = canvas.data[offset + channel]!;
    canvas.data[offset + channel] = Math.round(before + (color[channel]! - before) * opacity);
  }
}

/** A line of text on a plate of the colour, moved so that it stays inside the image. */
function drawLabel(
  canvas: Canvas,
  text: string,
  x: number,
  y: number,
  scale: number,
  color: ReturnType<typeof classColor>,
): void {
  const [width, height] = textSize(text, scale);
  const left = Math.max(0, Math.min(Math.round(x), canvas.width - width - 2 * scale));
  const top = Math.max(0, Math.min(Math.round(y), canvas.height - height - 2 * scale));
  fillRectangle(canvas, left, top, left + width + 2 * scale, top + height + 2 * scale, color);
  drawText(canvas, text, left + scale, top + scale, scale, inkOn(color));
}
