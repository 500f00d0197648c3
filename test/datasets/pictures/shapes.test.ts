import { describe, expect, it } from 'vitest';
import { encodeJpeg, fittedSize, mapOf, shapesOf, thumbnailOf } from '../../../datasets/pictures/index.js';

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

describe('thumbnails', () => {
  it('keep the aspect, at least a pixel, and small images as they are', () => {
    expect(fittedSize({ width: 5000, height: 10 }, 480)).toEqual([1, 480]);
    const image = { data: new Uint8Array(3).fill(9), width: 1, height: 1 };
    expect(thumbnailOf(image, 480)).toBe(image);
    expect(encodeJpeg(image).subarray(0, 2)).toEqual(Buffer.of(0xff, 0xd8));
  });
});
