import { describe, expect, it } from 'vitest';
import { packPatch } from '../../../datasets/packedMasks.js';
import { encodeJpeg, fittedSize, mapOf, shapesOf, thumbnailOf } from '../../../datasets/pictures/index.js';
import { outlineOf } from '../../../datasets/pictures/outline.js';

describe('shapes', () => {
  it('of a class map come back from their runs', () => {
    const map = { mask: Uint8Array.of(0, 0, 1, 255, 255, 1), width: 3, height: 2 };
    const { map: runs } = shapesOf(map);
    expect(runs?.runs).toEqual([0, 2, 1, 1, 255, 2, 1, 1]);
    expect(mapOf(runs!)).toEqual(map);
  });

  it('of a large class map are small, and every class keeps its share', () => {
    const mask = new Uint8Array(2000 * 1000);
    mask.fill(3, mask.length / 2);
    const small = mapOf(shapesOf({ mask, width: 2000, height: 1000 }).map!);
    expect([small.width, small.height]).toEqual([320, 160]);
    expect(small.mask.filter((label) => label === 3).length).toBe((320 * 160) / 2);
  });

  it('of answers are those from the threshold up', () => {
    const answer = {
      boxes: Float32Array.of(0.123, 1, 2, 3, 4, 5, 6, 7),
      labels: Int32Array.of(1, 0),
      scores: Float32Array.of(0.75, 0.2),
    };
    expect(shapesOf(answer, 0.3)).toEqual({ boxes: [{ box: [0.1, 1, 2, 3], label: 1, score: 0.75 }] });
  });
});

describe('outlines', () => {
  const ring = { left: 10, top: 20, width: 3, height: 3, data: Uint8Array.of(1, 1, 1, 1, 0, 1, 1, 1, 1) };
  const area = (line: readonly number[]): number =>
    line.reduce((sum, _, i) => {
      if (i % 2 === 1) return sum;
      const [x1 = 0, y1 = 0, x2 = line[0]!, y2 = line[1]!] = line.slice(i, i + 4);
      return sum + (x1 * y2 - x2 * y1) / 2;
    }, 0);

  it('of a ring are its edge and that of its hole, each corner once', () => {
    const boxes = Float64Array.of(10, 20, 13, 23);
    const truth = { kind: 'instances' as const, boxes, labels: Int32Array.of(0), masks: [ring] };
    const [box] = shapesOf({ ...truth, ignored: new Uint8Array(1), areas: Float64Array.of(8) }).boxes ?? [];
    expect(box?.outline).toHaveLength(2);
    expect(box?.outline?.map(area)).toEqual([9, -1]);
    expect(box?.outline?.map(({ length }) => length)).toEqual([8, 8]);
  });

  it('of a large mask have few corners and its area, of pieces that touch at a corner all of them', () => {
    const side = 1000;
    const data = Uint8Array.from({ length: side * side }, (_, i) =>
      Math.hypot((i % side) - 500, Math.floor(i / side) - 500) < 500 ? 1 : 0,
    );
    const [circle = []] = outlineOf({ left: 0, top: 0, width: side, height: side, data });
    expect(circle.length).toBeLessThan(500);
    expect(area(circle) / (Math.PI * 500 ** 2)).toBeCloseTo(1, 2);
    const touching = outlineOf({ left: 0, top: 0, width: 2, height: 2, data: Uint8Array.of(1, 0, 0, 1) });
    expect(touching.reduce((sum, line) => sum + area(line), 0)).toBe(2);
    expect(outlineOf({ left: 0, top: 0, width: 1, height: 1, data: Uint8Array.of(0) })).toEqual([]);
  });

  it('of answers are those of their packed masks', () => {
    const masks = [packPatch(ring, { width: 40, height: 30 })];
    const answer = { boxes: Float32Array.of(10, 20, 13, 23), labels: Int32Array.of(0), scores: Float32Array.of(0.5) };
    expect(shapesOf({ ...answer, masks }).boxes?.[0]?.outline?.map(area)).toEqual([9, -1]);
  });
});

describe('thumbnails', () => {
  it('keep the aspect, at least a pixel, and small images as they are', () => {
    expect(fittedSize({ width: 5000, height: 10 }, 480)).toEqual([1, 480]);
    const image = { data: new Uint8Array(3).fill(9), width: 1, height: 1 };
    expect(thumbnailOf(image, 480)).toBe(image);
    expect(encodeJpeg(image).subarray(0, 2)).toEqual(Buffer.of(0xff, 0xd8));
  });
});
