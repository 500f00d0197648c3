import { expect, test } from 'vitest';
import { IGNORED, type SemanticTruth } from '../../../datasets/sample.js';
import { IDENTITY } from '../../../datasets/transforms/affine.js';
import {
  type AugmentConfig,
  applyAugmentation,
  drawAugmentation,
  plain,
} from '../../../datasets/transforms/augment.js';
import { transformBoxes } from '../../../datasets/transforms/boxes.js';
import {
  bentHull,
  drawDeformation,
  joined,
  moveAt,
  rowMoves,
  widened,
} from '../../../datasets/transforms/deformation.js';
import { warpImage, warpMask } from '../../../datasets/transforms/warp.js';
import { createRandom } from '../../../engine/random.js';

const FRAME = { left: 10, top: 20, width: 60, height: 40 };
const field = drawDeformation(4, FRAME, createRandom([7]));

test('points of the grid have the moves that were drawn, what is between them a smooth one, and what is outside that of the edge', () => {
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      const [across, down] = moveAt(field, 10 + 30 * column, 20 + 20 * row);
      expect(across).toBeCloseTo(field.across[row * 3 + column]!, 12);
      expect(down).toBeCloseTo(field.down[row * 3 + column]!, 12);
    }
  }
  // Half way, Keys' cubic takes 9/16 of the two points around and -1/16 of those beyond, of which the outer is the edge again.
  const [a, b, c] = field.across;
  expect(moveAt(field, 25, 20)[0]).toBeCloseTo((9 * a! + 9 * b! - a! - c!) / 16, 12);
  expect(moveAt(field, -50, 500)).toEqual(moveAt(field, 10, 60));
  for (let x = 0; x < 80; x++) expect(Math.abs(moveAt(field, x + 1, 33)[0] - moveAt(field, x, 33)[0])).toBeLessThan(1);
});

test('moves of rows are those of their points, and no move is larger than a rectangle is widened by', () => {
  const moves = rowMoves(field, 5, 75);
  const [left] = widened([0, 0, 0, 0], field);
  for (const row of [0, 30, 31, 90]) {
    moves.go(row);
    for (let i = 0; i < 70; i++) {
      const [across, down] = moveAt(field, 5 + i + 0.5, row + 0.5);
      expect(moves.across[i]).toBeCloseTo(across, 12);
      expect(moves.down[i]).toBeCloseTo(down, 12);
      expect(Math.max(Math.abs(across), Math.abs(down))).toBeLessThanOrEqual(-left);
    }
  }
  expect(widened([1, 2, 3, 4], undefined)).toEqual([1, 2, 3, 4]);
});

test('fields add up', () => {
  const other = drawDeformation(2, FRAME, createRandom([8]));
  const both = moveAt(joined(field, other), 31, 47);
  moveAt(field, 31, 47).forEach((move, i) => {
    expect(both[i]).toBeCloseTo(move + moveAt(other, 31, 47)[i]!, 12);
  });
});

test('an image of its own columns and rows shows where each pixel is read, and a class map is read there, too', () => {
  const [width, height] = [80, 80];
  const data = Float32Array.from({ length: width * height * 2 }, (_, i) => {
    const at = i >> 1;
    return (i % 2 === 0 ? at % width : Math.floor(at / width)) + 0.5;
  });
  const into = new Float32Array(data.length);
  warpImage({ data, width, height }, IDENTITY, into, [height, width], [-1, -1], 'linear', field);
  const labels = Uint8Array.from({ length: width * height }, (_, i) => ((i % width) + Math.floor(i / width)) % 5);
  const mask = warpMask(labels, { width, height }, IDENTITY, [height, width], field);
  let outside = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const [across, down] = moveAt(field, x + 0.5, y + 0.5);
      const [atX, atY] = [x + 0.5 + across, y + 0.5 + down];
      const i = y * width + x;
      if (atX < 0 || atY < 0 || atX >= width || atY >= height) {
        outside++;
        expect([into[i * 2], into[i * 2 + 1], mask[i]]).toEqual([-1, -1, IGNORED]);
        continue;
      }
      expect(into[i * 2]).toBeCloseTo(Math.min(Math.max(atX, 0.5), width - 0.5), 3);
      expect(into[i * 2 + 1]).toBeCloseTo(Math.min(Math.max(atY, 0.5), height - 0.5), 3);
      expect(mask[i]).toBe((Math.floor(atX) + Math.floor(atY)) % 5);
    }
  }
  expect(outside).toBeGreaterThan(0);
});

test('a box without a mask becomes the one round its bent outline', () => {
  const [left, top, right, bottom] = bentHull(field, [20, 25, 60, 55]);
  let [x1, y1, x2, y2] = [99, 99, 0, 0];
  for (let y = 0; y < 80; y += 0.25) {
    for (let x = 0; x < 80; x += 0.25) {
      const [across, down] = moveAt(field, x, y);
      if (x + across < 20 || x + across > 60 || y + down < 25 || y + down > 55) continue;
      [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x), Math.max(y2, y)];
    }
  }
  for (const [found, wanted] of [
    [left, x1],
    [top, y1],
    [right, x2],
    [bottom, y2],
  ] as const) {
    expect(Math.abs(found - wanted)).toBeLessThan(0.5);
  }
  const truth = {
    kind: 'boxes' as const,
    boxes: Float64Array.of(20, 25, 60, 55),
    labels: Int32Array.of(0),
    ignored: Uint8Array.of(0),
    areas: Float64Array.of(1200),
  };
  expect([...transformBoxes(truth, IDENTITY, [80, 80], 0.1, field).boxes]).toEqual([left, top, right, bottom]);
});

test('the op bends an image and its class map by the stream of the image, and 0 pixels leave both as they are', () => {
  const [width, height] = [32, 24];
  const random = createRandom([3]);
  const image = { data: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)), width, height };
  const truth: SemanticTruth = {
    kind: 'classMap',
    mask: Uint8Array.from({ length: width * height }, () => random.integer(3)),
    width,
    height,
  };
  const run = (pixels: number, seed: number) => {
    const config: AugmentConfig = {
      ...plain([height, width]),
      ops: [{ op: 'elastic', probability: 1, range: [pixels, pixels] }],
    };
    const into = new Uint8Array(image.data.length);
    const drawn = drawAugmentation(config, image, createRandom([seed]), truth);
    return { into, mask: applyAugmentation({ id: '', image, truth }, drawn, into).mask };
  };
  expect(run(0, 1)).toEqual({ into: image.data, mask: truth.mask });
  expect(run(3, 1)).toEqual(run(3, 1));
  expect(run(3, 1).into).not.toEqual(run(3, 2).into);
  expect(run(3, 1).mask).not.toEqual(truth.mask);
});
