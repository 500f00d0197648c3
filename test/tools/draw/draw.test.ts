import { describe, expect, it } from 'vitest';
import type { Pixels } from '../../../datasets/sample.js';
import { drawText, fillRectangle, strokeRectangle, textSize } from '../../../tools/draw/canvas.js';
import { drawClassMap, drawDetections } from '../../../tools/draw/draw.js';
import { GLYPH_HEIGHT, GLYPH_WIDTH, glyphPixel } from '../../../tools/draw/font.js';
import { classColor, inkOn } from '../../../tools/draw/palette.js';

const blank = (width: number, height: number, grey = 0): Pixels => ({
  data: new Uint8Array(width * height * 3).fill(grey),
  width,
  height,
});

/** One character per pixel: `#` where the pixel is not black. */
function picture({ data, width, height }: Pixels): string[] {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (data[(y * width + x) * 3] === 0 ? '.' : '#')).join(''),
  );
}

const pixel = ({ data, width }: Pixels, x: number, y: number): number[] => [
  ...data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

describe('shapes', () => {
  it('fill half-open ranges and are cut off at the border', () => {
    const canvas = blank(4, 3);
    fillRectangle(canvas, 2, 1, 9, 9, [255, 255, 255]);
    expect(picture(canvas)).toEqual(['....', '..##', '..##']);
  });

  it('stroke inside the box', () => {
    const canvas = blank(5, 4);
    strokeRectangle(canvas, [0, 0, 5, 4], 1, [9, 9, 9]);
    expect(picture(canvas)).toEqual(['#####', '#...#', '#...#', '#####']);
  });
});

describe('text', () => {
  it('looks like its letters', () => {
    const [width, height] = textSize('T1', 1);
    const canvas = blank(width, height);
    drawText(canvas, 'T1', 0, 0, 1, [255, 255, 255]);
    expect(picture(canvas)).toEqual([
      '#####...#..',
      '..#....##..',
      '..#.....#..',
      '..#.....#..',
      '..#.....#..',
      '..#.....#..',
      '..#....###.',
    ]);
  });

  it('has a different picture for every letter and digit', () => {
    const characters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'];
    const shapes = characters.map((character) =>
      Array.from({ length: GLYPH_WIDTH * GLYPH_HEIGHT }, (_, i) =>
        glyphPixel(character, i % GLYPH_WIDTH, Math.floor(i / GLYPH_WIDTH)) ? 1 : 0,
      ).join(''),
    );
    expect(new Set(shapes).size).toBe(characters.length);
    expect(glyphPixel('constructor', 0, 0)).toBe(true);
  });

  it('has room for its scale', () => {
    expect(textSize('ab', 3)).toEqual([33, 21]);
  });
});

describe('colours', () => {
  it('differ between the first twenty classes, with ink that reads on them', () => {
    const colors = Array.from({ length: 20 }, (_, index) => classColor(index));
    expect(new Set(colors.map(String)).size).toBe(20);
    for (const color of colors) {
      const [ink] = inkOn(color);
      const light = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2];
      expect(Math.abs((ink ?? 0) - light)).toBeGreaterThan(90);
    }
  });
});

describe('predictions', () => {
  it('boxes are drawn in the colour of their class, on a copy', () => {
    const image = blank(120, 80, 50);
    const detections = {
      boxes: Float32Array.of(20, 20, 100, 70),
      labels: Int32Array.of(1),
      scores: Float32Array.of(0.9),
    };
    const drawn = drawDetections(image, detections, ['a', 'b']);
    expect(pixel(drawn, 99, 60)).toEqual([...classColor(1)]);
    expect(pixel(drawn, 20, 69)).toEqual([...classColor(1)]);
    expect(pixel(drawn, 60, 60)).toEqual([50, 50, 50]);
    expect(pixel(drawn, 100, 60)).toEqual([50, 50, 50]);
    expect(pixel(image, 99, 60)).toEqual([50, 50, 50]);
  });

  it('class maps tint what is not ignored', () => {
    const image = blank(60, 40, 100);
    const mask = new Uint8Array(60 * 40).fill(255);
    mask.fill(0, 30 * 60, 35 * 60);
    const drawn = drawClassMap(image, { mask, width: 60, height: 40 }, ['cell']);
    expect(pixel(drawn, 50, 20)).toEqual([100, 100, 100]);
    const tint = classColor(0).map((channel) => Math.round(100 + (channel - 100) * 0.4));
    expect(pixel(drawn, 50, 31)).toEqual(tint);
    expect(pixel(drawn, 50, 34)).toEqual([...classColor(0)]);
  });

  it('images smaller than a label are drawn without failing', () => {
    const detections = { boxes: Float32Array.of(0, 0, 2, 2), labels: Int32Array.of(0), scores: Float32Array.of(1) };
    expect(drawDetections(blank(2, 2), detections, ['long name']).data).toHaveLength(12);
  });
});
