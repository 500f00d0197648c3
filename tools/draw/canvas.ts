import type { RgbPixels } from '../../datasets/sample.js';
import { cssOf, inkOn, type Rgb } from './palette.js';
import { escapeXml, type Raster, rasterise, textWidth } from './raster.js';

/** An RGB image that is drawn on in place; what lies outside it is cut off. */
export type Canvas = RgbPixels;

export function copyOf({ data, width, height }: RgbPixels): Canvas {
  return { data: data.slice(), width, height };
}

/** Fills the pixels [x1, x2) x [y1, y2). */
export function fillRectangle(canvas: Canvas, x1: number, y1: number, x2: number, y2: number, color: Rgb): void {
  const [left, right] = [Math.max(0, Math.round(x1)), Math.min(canvas.width, Math.round(x2))];
  const [top, bottom] = [Math.max(0, Math.round(y1)), Math.min(canvas.height, Math.round(y2))];
  for (let y = top; y < bottom; y++) {
    for (let x = left; x < right; x++) canvas.data.set(color, (y * canvas.width + x) * 3);
  }
}

/** Draws the border of the box [x1, x2) x [y1, y2), `thickness` pixels wide, inside it. */
export function strokeRectangle(
  canvas: Canvas,
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  thickness: number,
  color: Rgb,
): void {
  fillRectangle(canvas, x1, y1, x2, y1 + thickness, color);
  fillRectangle(canvas, x1, y2 - thickness, x2, y2, color);
  fillRectangle(canvas, x1, y1, x1 + thickness, y2, color);
  fillRectangle(canvas, x2 - thickness, y1, x2, y2, color);
}

/** Plates that were drawn, by text, size and colour: names come again and again. */
const plates = new Map<string, Raster>();
const MOST_PLATES = 500;

/** A line of text on a rounded plate of the colour, anti-aliased. @param size of the font, pixels */
export function plateOf(text: string, size: number, color: Rgb): Raster {
  const key = `${size} ${color} ${text}`;
  const known = plates.get(key);
  if (known) return known;
  const padding = Math.max(1, Math.round(size / 4));
  const [width, height] = [textWidth(text, size) + 2 * padding, Math.ceil(size * 1.3)];
  const plate = rasterise(
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}"><rect width="${width}" height="${height}" rx="${size / 5}" fill="${cssOf(color)}"/><text x="${padding}" y="${size}" font-family="Noto Sans" font-size="${size}" fill="${cssOf(inkOn(color))}">${escapeXml(text)}</text></svg>`,
  );
  if (plates.size >= MOST_PLATES) plates.clear();
  plates.set(key, plate);
  return plate;
}

/** Lays a drawing over the canvas, its upper left corner at (x, y). */
export function layOver(canvas: Canvas, { data, width, height }: Raster, x: number, y: number): void {
  for (let row = Math.max(0, -y); row < Math.min(height, canvas.height - y); row++) {
    for (let column = Math.max(0, -x); column < Math.min(width, canvas.width - x); column++) {
      const from = (row * width + column) * 4;
      const to = ((y + row) * canvas.width + x + column) * 3;
      const rest = 1 - data[from + 3]! / 255;
      for (let c = 0; c < 3; c++) canvas.data[to + c] = Math.round(data[from + c]! + rest * canvas.data[to + c]!);
    }
  }
}
