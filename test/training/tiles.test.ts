import { describe, expect, it } from 'vitest';
import type { ClassMap, Detections, Pixels } from '../../datasets/sample.js';
import { createRandom } from '../../engine/random.js';
import { TASKS } from '../../heads/index.js';
import { blendClassMaps } from '../../heads/tasks/stitch.js';
import type { Predictor } from '../../training/predictor.js';
import { planTiles, tiled } from '../../training/tiles.js';

const REACH = 8;

/** The class of a pixel: whether the mean of its neighbourhood, of at most `REACH` pixels to each side, is bright. */
const brightness: Predictor<ClassMap> = {
  batchSize: 2,
  dispose: () => undefined,
  predict: async (images) => images.map(classify),
};

function classify({ data, width, height }: Pixels): ClassMap {
  const mask = new Uint8Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      let [sum, count] = [0, 0];
      for (let j = Math.max(0, y - REACH); j <= Math.min(height - 1, y + REACH); j += 4)
        for (let i = Math.max(0, x - REACH); i <= Math.min(width - 1, x + REACH); i += 4) {
          sum += data[(j * width + i) * 3]!;
          count++;
        }
      mask[y * width + x] = sum > 127 * count ? 1 : 0;
    }
  return { mask, width, height };
}

function noise(width: number, height: number): Pixels {
  const random = createRandom([3]);
  return { data: Uint8Array.from({ length: width * height * 3 }, () => random.integer(256)), width, height };
}

describe('tiles', () => {
  it.each([
    [1, 1, 64, 0.25],
    [64, 64, 64, 0.5],
    [65, 64, 64, 0],
    [1000, 130, 64, 0.25],
    [2500, 2300, 1024, 0.25],
    [97, 301, 96, 0.9],
  ])('of %i x %i pixels cover every pixel once, and overlap by what is asked', (width, height, tile, overlap) => {
    const counts = new Uint8Array(width * height);
    const tiles = planTiles({ width, height }, tile, overlap);
    for (const { x, y, kept, ...size } of tiles) {
      const [left, top, right, bottom] = kept;
      expect([size.width, size.height]).toEqual([Math.min(tile, width), Math.min(tile, height)]);
      expect(x >= 0 && y >= 0 && x + size.width <= width && y + size.height <= height).toBe(true);
      expect(left >= x && top >= y && right <= x + size.width && bottom <= y + size.height).toBe(true);
      // Half of what tiles have in common lies around what counts, but at the edges of the image.
      const margin = Math.floor((tile * overlap) / 2) - 1;
      expect(left === 0 || left - x >= margin).toBe(true);
      expect(right === width || x + size.width - right >= margin).toBe(true);
      for (let row = top; row < bottom; row++)
        counts.subarray(row * width + left, row * width + right).forEach((_, i, part) => void part[i]!++);
    }
    expect(counts.every((count) => count === 1)).toBe(true);
  });

  it('give the class map of the whole image, where their margin is what a pixel depends on', async () => {
    const image = noise(150, 203);
    const predictor = tiled(brightness, { tile: 64, overlap: 0.3, stitching: TASKS.segmentation.stitching });
    const [answer, small] = await predictor.predict([image, noise(40, 64)]);
    expect(answer).toEqual(classify(image));
    expect(small).toEqual(classify(noise(40, 64)));
  });
});

/** Every object of a known image that lies in a part by a quarter of its area, cut at its edges, as a detector finds it. */
function finder(
  objects: readonly (readonly [number, number, number, number])[],
  largest: number,
): Predictor<Detections> {
  return {
    batchSize: 1,
    dispose: () => undefined,
    predict: async ([image]) => {
      const { data, width, height } = image as Pixels;
      const [left, top] = [data[0]! + 256 * data[1]!, data[2]! * 4];
      const found = objects.flatMap(([x1, y1, x2, y2], i) => {
        const box = [
          Math.max(x1 - left, 0),
          Math.max(y1 - top, 0),
          Math.min(x2 - left, width),
          Math.min(y2 - top, height),
        ] as const;
        const area = Math.max(0, box[2] - box[0]) * Math.max(0, box[3] - box[1]);
        const share = area / ((x2 - x1) * (y2 - y1));
        const isSeen = share >= 0.25 && (width < 300 || Math.min(x2 - x1, y2 - y1) > largest);
        return isSeen ? [{ box, label: i % 2, score: share * 0.9 }] : [];
      });
      found.sort((a, b) => b.score - a.score);
      return [
        {
          boxes: Float32Array.from(found.flatMap(({ box }) => box)),
          labels: Int32Array.from(found, ({ label }) => label),
          scores: Float32Array.from(found, ({ score }) => score),
        },
      ];
    },
  };
}

describe('boxes of tiles', () => {
  const [width, height] = [800, 600];
  /** Pixels that say where they are, in steps of 4 rows. */
  const image = (): Pixels => {
    const data = new Uint8Array(width * height * 3);
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) data.set([x % 256, x >> 8, y >> 2], (y * width + x) * 3);
    return { data, width, height };
  };
  const find = async (objects: readonly (readonly [number, number, number, number])[]) => {
    const predictor = tiled(finder(objects, 100), { tile: 256, overlap: 0.25, stitching: TASKS.detection.stitching });
    const [{ boxes, labels, scores } = { boxes: [], labels: [], scores: [] }] = await predictor.predict([image()]);
    expect([...scores]).toEqual([...scores].sort((a, b) => b - a));
    return Array.from(labels, (label, i) => [
      label,
      ...Array.from(boxes.slice(i * 4, i * 4 + 4), (v) => Math.round(v / 4) * 4),
    ]).sort((a, b) => a[1]! - b[1]! || a[2]! - b[2]!);
  };

  it('tell an object across four tiles once, and each of several', async () => {
    expect(await find([])).toEqual([]);
    expect(await find([[200, 180, 240, 220]])).toEqual([[0, 200, 180, 240, 220]]);
    expect(
      await find([
        [8, 8, 40, 40],
        [184, 100, 224, 140],
        [760, 560, 800, 600],
      ]),
    ).toEqual([
      [0, 8, 8, 40, 40],
      [1, 184, 100, 224, 140],
      [0, 760, 560, 800, 600],
    ]);
  });

  it('leave one that is larger than a tile to the image as a whole', async () => {
    expect(await find([[100, 100, 700, 500]])).toEqual([[0, 100, 100, 700, 500]]);
  });

  it('keep two classes in one place', async () => {
    expect(
      await find([
        [8, 8, 40, 40],
        [8, 8, 40, 40],
      ]),
    ).toHaveLength(2);
  });
});

describe('blended tiles', () => {
  const CLASSES = 3;
  /** Probabilities of a pixel that depend on where its tile lies, so that tiles disagree. */
  const answer = (tile: { x: number; y: number; width: number; height: number }, seed: number): ClassMap => {
    const random = createRandom([seed, tile.x, tile.y]);
    const classProbabilities = Float32Array.from({ length: tile.width * tile.height * CLASSES }, () => random.next());
    return {
      mask: new Uint8Array(tile.width * tile.height),
      width: tile.width,
      height: tile.height,
      classProbabilities,
    };
  };

  it.each([
    [1, 1, 64, 0.5],
    [64, 64, 64, 0.5],
    [100, 30, 32, 0.5],
    [37, 150, 32, 0.25],
    [70, 90, 16, 0],
  ])('of %i x %i pixels are the mean by Gaussian weights of all tiles', (width, height, tile, overlap) => {
    const tiles = planTiles({ width, height }, tile, overlap);
    const blended = blendClassMaps({ width, height });
    const sums = new Float64Array(width * height * CLASSES);
    for (const one of tiles) {
      const found = answer(one, 1);
      blended.add(found, one);
      for (let y = 0; y < one.height; y++) {
        for (let x = 0; x < one.width; x++) {
          const apart = ((y - (one.height - 1) / 2) / one.height) ** 2 + ((x - (one.width - 1) / 2) / one.width) ** 2;
          for (let k = 0; k < CLASSES; k++) {
            const from = (y * one.width + x) * CLASSES + k;
            sums[((one.y + y) * width + one.x + x) * CLASSES + k]! +=
              Math.exp(-32 * apart) * found.classProbabilities![from]!;
          }
        }
      }
    }
    const { mask } = blended.finish();
    let differing = 0;
    for (let at = 0; at < mask.length; at++) {
      const own = [...sums.subarray(at * CLASSES, (at + 1) * CLASSES)];
      const best = Math.max(...own);
      expect(best).toBeGreaterThan(0);
      if ((own[mask[at]!] ?? 0) < best * (1 - 1e-5)) differing++;
    }
    expect(differing).toBe(0);
  });

  it('are refused without probabilities', () => {
    const { add } = blendClassMaps({ width: 4, height: 4 });
    const [tile] = planTiles({ width: 4, height: 4 }, 64, 0.5);
    expect(() => tile && add({ mask: new Uint8Array(16), width: 4, height: 4 }, tile)).toThrow(/probabilities: true/);
  });
});
