import { describe, expect, it } from 'vitest';
import type { RgbPixels } from '../../../datasets/sample.js';
import { fillRectangle, layOver, plateOf, strokeRectangle } from '../../../tools/draw/canvas.js';
import { drawClassMap, drawDetections, drawTruth } from '../../../tools/draw/draw.js';
import { classColor, inkOn } from '../../../tools/draw/palette.js';
import { escapeXml, pngOf, textWidth } from '../../../tools/draw/raster.js';

const blank = (width: number, height: number, grey = 0): RgbPixels => ({
  data: new Uint8Array(width * height * 3).fill(grey),
  width,
  height,
});

/** One character per pixel: `#` where the pixel is not black. */
function picture({ data, width, height }: RgbPixels): string[] {
  return Array.from({ length: height }, (_, y) =>
    Array.from({ length: width }, (_, x) => (data[(y * width + x) * 3] === 0 ? '.' : '#')).join(''),
  );
}

const pixel = ({ data, width }: RgbPixels, x: number, y: number): number[] => [
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
  it('stands on a plate of the colour, anti-aliased, in ink that reads', () => {
    const plate = plateOf('speck 0.70', 20, [255, 255, 255]);
    const greys = new Set(Array.from({ length: plate.data.length / 4 }, (_, i) => plate.data[i * 4]));
    expect(plate.height).toBe(26);
    expect(plate.width).toBeGreaterThan(80);
    expect(greys).toContain(0); // black ink
    expect(greys.size).toBeGreaterThan(20); // its edges
  });

  it('is as wide as its letters and its size', () => {
    expect(textWidth('mm', 20)).toBeGreaterThan(1.5 * textWidth('ll', 20));
    expect(textWidth('mm', 40)).toBeCloseTo(2 * textWidth('mm', 20), -1);
    expect(textWidth('', 20)).toBe(0);
  });

  it('of a file is no markup', () => {
    expect(escapeXml('<a b="1">&\u0000')).toBe('&lt;a b=&quot;1&quot;&gt;&amp;\ufffd');
    expect(plateOf('</text><script>', 12, [0, 0, 0]).width).toBeGreaterThan(60);
  });

  it('is cut off where the image ends', () => {
    const canvas = blank(8, 8);
    layOver(canvas, plateOf('wide', 20, [255, 255, 255]), -4, -4);
    expect(canvas.data.some((value) => value > 0)).toBe(true);
    expect(canvas.data).toHaveLength(8 * 8 * 3);
  });

  it('becomes a PNG at twice its size', () => {
    const png = pngOf('<svg xmlns="http://www.w3.org/2000/svg" width="10" height="6"/>');
    expect(new DataView(png.buffer, png.byteOffset).getUint32(16)).toBe(20);
  });
});

describe('colours', () => {
  it('differ between the first twenty classes, with ink that reads on them', () => {
    const colors = Array.from({ length: 20 }, (_, index) => classColor(index));
    expect(new Set(colors.map(String)).size).toBe(20);
    for (const color of colors) {
      const [ink] = inkOn(color);
      const light = 0.299 * color[0] + 0.587 * color[1] + 0.114 * color[2];
      expect(Math.abs((ink ?? 0) - light)).toBeGreaterThan(80);
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

  it('class maps leave the background as it is, have contours of their own pixels, and a legend below the image', () => {
    const image = blank(60, 40, 100);
    const mask = new Uint8Array(60 * 40);
    for (let y = 10; y < 20; y++) mask.fill(1, y * 60 + 20, y * 60 + 40);
    const map = { mask, width: 60, height: 40 };
    const drawn = drawClassMap(image, map, ['background', 'cell']);
    const tint = classColor(1).map((channel) => Math.round(100 + (channel - 100) * 0.4));
    expect([pixel(drawn, 30, 15), pixel(drawn, 5, 5), pixel(drawn, 19, 15), pixel(drawn, 30, 20)]).toEqual([
      tint,
      ...Array.from({ length: 3 }, () => [100, 100, 100]),
    ]);
    for (const [x, y] of [
      [20, 15],
      [39, 15],
      [30, 10],
      [30, 19],
    ] as const)
      expect(pixel(drawn, x, y)).toEqual([...classColor(1)]);
    expect(drawn.width).toBe(60);
    expect(drawn.height).toBeGreaterThan(50);
    expect(drawClassMap(image, { ...map, mask: new Uint8Array(60 * 40) }, ['background', 'cell'])).toEqual(image);
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

  it('objects on class maps are drawn each in a colour of its own, over the regions that have none', () => {
    const image = blank(60, 40, 100);
    const mask = new Uint8Array(60 * 40).fill(255);
    const square = (left: number) => {
      return { left, top: 10, width: 20, height: 20, data: new Uint8Array(400).fill(1) };
    };
    for (let y = 10; y < 30; y++) mask.fill(0, y * 60, y * 60 + 40);
    mask.fill(3, 32 * 60, 40 * 60);
    const drawn = drawTruth(
      image,
      {
        kind: 'panoptic',
        boxes: Float64Array.of(0, 10, 20, 30, 20, 10, 40, 30),
        labels: Int32Array.of(0, 0),
        ignored: new Uint8Array(2),
        areas: Float64Array.of(400, 400),
        masks: [square(0), square(20)],
        mask,
        width: 60,
        height: 40,
      },
      ['', '', '', ''],
    );
    const tint = (label: number) => classColor(label).map((channel) => Math.round(100 + (channel - 100) * 0.4));
    expect([pixel(drawn, 10, 25), pixel(drawn, 30, 25), pixel(drawn, 50, 35)]).toEqual([tint(0), tint(1), tint(3)]);
    expect(pixel(drawn, 50, 20)).toEqual([100, 100, 100]);
  });

  it('images smaller than a label are drawn without failing', () => {
    const detections = { boxes: Float32Array.of(0, 0, 2, 2), labels: Int32Array.of(0), scores: Float32Array.of(1) };
    expect(drawDetections(blank(2, 2), detections, ['long name']).data).toHaveLength(12);
  });
});
