import type { Pixels } from '../../datasets/sample.js';
import { ADVANCE, GLYPH_HEIGHT, GLYPH_WIDTH, glyphPixel } from './font.js';
import type { Rgb } from './palette.js';

/** An RGB image that is drawn on in place; what lies outside it is cut off. */
export type Canvas = Pixels;

export function copyOf({ data, width, height }: Pixels): Canvas {
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

/** Width and height of a line of text, pixels. */
export function textSize(text: string, scale: number): readonly [width: number, height: number] {
  return [Math.max(0, [...text].length * ADVANCE - 1) * scale, GLYPH_HEIGHT * scale];
}

/** Writes a line of text; (x, y) is its upper left corner, `scale` the side of a font pixel. */
export function drawText(canvas: Canvas, text: string, x: number, y: number, scale: number, color: Rgb): void {
  for (const [index, character] of [...text].entries()) {
    const left = x + index * ADVANCE * scale;
    for (let row = 0; row < GLYPH_HEIGHT; row++) {
      for (let column = 0; column < GLYPH_WIDTH; column++) {
        if (!glyphPixel(character, column, row)) continue;
        const [px, py] = [left + column * scale, y + row * scale];
        fillRectangle(canvas, px, py, px + scale, py + scale, color);
      }
    }
  }
}
