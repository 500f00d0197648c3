import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DetectionTruth, Sample, SemanticTruth } from '../../../datasets/sample.js';
import {
  type AugmentConfig,
  applyAugmentation,
  drawAugmentation,
  plain,
} from '../../../datasets/transforms/augment.js';
import { restoreBoxes } from '../../../datasets/transforms/boxes.js';
import { letterbox, padToMultiple } from '../../../datasets/transforms/letterbox.js';
import { createRandom } from '../../../engine/random.js';

const wild: AugmentConfig = {
  ...plain([32, 48], [9, 9, 9]),
  scale: [0.5, 2],
  flipHorizontal: 0.5,
  flipVertical: 0.5,
  rotate90: 0.5,
  color: { brightness: 0.2, contrast: 0.2, saturation: 0.2, hue: 0.1 },
};
const imageSize = fc.record({ width: fc.integer({ min: 1, max: 200 }), height: fc.integer({ min: 1, max: 200 }) });

/** One bright rectangle and its box. */
function rectangle(width: number, height: number, [x1, y1, x2, y2]: readonly [number, number, number, number]) {
  const data = new Uint8Array(width * height * 3);
  const mask = new Uint8Array(width * height);
  for (let y = y1; y < y2; y++) {
    for (let x = x1; x < x2; x++) {
      data.fill(255, (y * width + x) * 3, (y * width + x) * 3 + 3);
      mask[y * width + x] = 1;
    }
  }
  const image = { data, width, height };
  const boxes: DetectionTruth = {
    kind: 'boxes',
    boxes: Float64Array.of(x1, y1, x2, y2),
    labels: Int32Array.of(3),
    ignored: Uint8Array.of(0),
    areas: Float64Array.of((x2 - x1) * (y2 - y1)),
  };
  const semantic: SemanticTruth = { kind: 'classMap', mask, width, height };
  return {
    detection: { id: 'a', image, truth: boxes } satisfies Sample<DetectionTruth>,
    semantic: { id: 'a', image, truth: semantic } satisfies Sample<SemanticTruth>,
  };
}

describe('drawAugmentation', () => {
  test('is a function of its stream alone', () => {
    const draw = (seed: number) => drawAugmentation(wild, { width: 64, height: 50 }, createRandom([seed]));
    expect(draw(5)).toEqual(draw(5));
    expect(draw(5)).not.toEqual(draw(6));
  });

  test('plain letterboxing touches the input on one axis and starts at the top left', () => {
    const drawn = drawAugmentation(plain([320, 320]), { width: 640, height: 480 }, createRandom([1]));
    expect(drawn.placement).toEqual({ width: 640, height: 480, scaleX: 0.5, scaleY: 0.5, offsetX: 0, offsetY: 0 });
    expect(drawn.affine).toEqual([0.5, 0, 0, 0, 0.5, 0]);
  });

  test('an input smaller than the scaled image is always covered, a larger one holds all of it at the top left', () => {
    fc.assert(
      fc.property(imageSize, fc.constantFrom('letterbox' as const, 'native' as const), fc.nat(), (image, fit, seed) => {
        const { placement } = drawAugmentation({ ...wild, fit }, image, createRandom([seed]));
        const across = [placement.width * placement.scaleX, 48, placement.offsetX] as const;
        const down = [placement.height * placement.scaleY, 32, placement.offsetY] as const;
        for (const [length, input, offset] of [across, down]) {
          expect(Number.isInteger(offset)).toBe(true);
          if (length <= input) expect(offset).toBe(0);
          else expect(offset + length).toBeGreaterThanOrEqual(input);
          expect(offset).toBeLessThanOrEqual(0);
        }
      }),
    );
  });

  test('native crops at scale 1 reach every whole offset', () => {
    const config = { ...plain([4, 4]), fit: 'native' as const };
    const offsets = new Set<number>();
    for (let seed = 0; seed < 200; seed++) {
      offsets.add(drawAugmentation(config, { width: 7, height: 4 }, createRandom([seed])).placement.offsetX);
    }
    expect([...offsets].sort((a, b) => a - b)).toEqual([-3, -2, -1, 0]);
  });

  test('a probability of 0 or 1 is obeyed and does not change the other decisions', () => {
    const size = { width: 48, height: 32 };
    for (let seed = 0; seed < 20; seed++) {
      const without = drawAugmentation({ ...wild, rotate90: 0, flipHorizontal: 0 }, size, createRandom([seed]));
      const flipped = drawAugmentation({ ...wild, rotate90: 0, flipHorizontal: 1 }, size, createRandom([seed]));
      expect(flipped.affine[0]).toBe(-without.affine[0]);
      expect(flipped.placement).toEqual(without.placement);
      expect(flipped.color).toEqual(without.color);
    }
  });
});

describe('applyAugmentation', () => {
  const config = { ...wild, color: plain([1, 1]).color, fill: [0, 0, 0] as const, scale: [0.8, 1.6] as const };

  test('the bright pixels of the moved image fill exactly the moved box', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { detection } = rectangle(60, 40, [12, 8, 40, 30]);
        const drawn = drawAugmentation(config, detection.image, createRandom([seed]));
        const into = new Uint8Array(32 * 48 * 3);
        const truth = applyAugmentation(detection, drawn, into);
        const seen = extent(into, 48);
        if (truth.labels.length === 0) return;
        truth.boxes.forEach((edge, i) => {
          expect(Math.abs(edge - (seen[i] ?? -99))).toBeLessThanOrEqual(1);
        });
      }),
    );
  });

  test('the moved mask covers the bright pixels', () => {
    fc.assert(
      fc.property(fc.nat(), (seed) => {
        const { semantic } = rectangle(60, 40, [12, 8, 40, 30]);
        const drawn = drawAugmentation(config, semantic.image, createRandom([seed]));
        const into = new Uint8Array(32 * 48 * 3);
        const { mask } = applyAugmentation(semantic, drawn, into);
        mask.forEach((value, i) => {
          const grey = into[i * 3] ?? 0;
          if (grey > 230) expect(value).toBe(1);
          if (grey < 25) expect(value).not.toBe(1);
        });
      }),
    );
  });

  test('a truth kept in original pixels equals the moved truth restored, when nothing is cut', () => {
    const { detection } = rectangle(60, 40, [12, 8, 40, 30]);
    const drawn = drawAugmentation(plain([32, 48]), detection.image, createRandom([1]));
    const truth = applyAugmentation(detection, drawn, new Uint8Array(32 * 48 * 3));
    restoreBoxes(truth.boxes, drawn.placement).forEach((edge, i) => {
      expect(edge).toBeCloseTo(detection.truth.boxes[i] ?? -1, 9);
    });
  });
});

describe('letterbox and padToMultiple', () => {
  const { image } = rectangle(60, 40, [12, 8, 40, 30]).detection;

  test('letterbox writes the same pixels as a plain augmentation', () => {
    const into = new Uint8Array(32 * 48 * 3);
    const sample = rectangle(60, 40, [12, 8, 40, 30]).detection;
    applyAugmentation(sample, drawAugmentation(plain([32, 48], [4, 5, 6]), image, createRandom([1])), into);
    const boxed = letterbox(image, [32, 48], [4, 5, 6]);
    expect(boxed.data).toEqual(into);
    expect(boxed.placement.scaleX).toBe(0.8);
  });

  test('padToMultiple keeps every pixel and pads right and below', () => {
    const padded = padToMultiple(image, 32, [7, 7, 7]);
    expect([padded.height, padded.width]).toEqual([64, 64]);
    for (let y = 0; y < 40; y++) {
      const row = padded.data.subarray(y * 64 * 3, y * 64 * 3 + 180);
      expect([...row]).toEqual([...image.data.subarray(y * 180, y * 180 + 180)]);
    }
    expect(padded.data[64 * 64 * 3 - 1]).toBe(7);
    expect(padToMultiple(image, 20, [0, 0, 0]).data).toEqual(image.data);
  });
});

/** Bounding box of pixels over half brightness. */
function extent(pixels: Uint8Array, width: number): number[] {
  const box = [Infinity, Infinity, -Infinity, -Infinity] as [number, number, number, number];
  for (let i = 0; i < pixels.length / 3; i++) {
    if ((pixels[i * 3] ?? 0) < 128) continue;
    const x = i % width;
    const y = Math.floor(i / width);
    box[0] = Math.min(box[0], x);
    box[1] = Math.min(box[1], y);
    box[2] = Math.max(box[2], x + 1);
    box[3] = Math.max(box[3], y + 1);
  }
  return box;
}
