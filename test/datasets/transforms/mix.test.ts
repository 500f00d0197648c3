import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { DetectionTruth, InstanceTruth, PixelData, Sample, Truth } from '../../../datasets/sample.js';
import { type AugmentConfig, plain } from '../../../datasets/transforms/augment.js';
import { drawMixed } from '../../../datasets/transforms/mix.js';
import { drawMixing, type Mixing, partnersOf } from '../../../datasets/transforms/mixing.js';
import { createRandom } from '../../../engine/random.js';

const SIDE = 40;
const config: AugmentConfig = { ...plain([SIDE, SIDE], [0, 0, 0]), minVisible: 0.1 };

/** A dark image with one bright rectangle of a value of its own. */
function rectangle(
  kind: 'boxes' | 'instances',
  value: number,
  box: readonly [number, number, number, number],
  type = Uint8Array,
): Sample {
  const data: PixelData = new type(SIDE * SIDE * 3).fill(10);
  const [x1, y1, x2, y2] = box;
  for (let y = y1; y < y2; y++) data.fill(value, (y * SIDE + x1) * 3, (y * SIDE + x2) * 3);
  const objects = {
    boxes: Float64Array.from(box),
    labels: Int32Array.of(value),
    ignored: Uint8Array.of(0),
    areas: Float64Array.of((x2 - x1) * (y2 - y1)),
  };
  const mask = {
    left: x1,
    top: y1,
    width: x2 - x1,
    height: y2 - y1,
    data: new Uint8Array((x2 - x1) * (y2 - y1)).fill(1),
  };
  const truth: Truth = kind === 'boxes' ? { kind, ...objects } : { kind, ...objects, masks: [mask] };
  return { id: String(value), image: { data, width: SIDE, height: SIDE }, truth };
}

/** Smallest rectangle round the pixels of a value, in a part of the image. */
function extent(
  pixels: Uint8Array,
  value: number,
  isInside: (x: number, y: number) => boolean = () => true,
): number[] | null {
  let box: [number, number, number, number] | null = null;
  for (let i = 0; i < SIDE * SIDE; i++) {
    if (Math.abs((pixels[i * 3] ?? 0) - value) > 3) continue;
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    if (!isInside(x, y)) continue;
    box = box
      ? [Math.min(box[0], x), Math.min(box[1], y), Math.max(box[2], x + 1), Math.max(box[3], y + 1)]
      : [x, y, x + 1, y + 1];
  }
  return box;
}

const values = [100, 140, 180, 220];
const boxOf = (truth: DetectionTruth | InstanceTruth, label: number): number[] | null => {
  const at = truth.labels.indexOf(label);
  return at < 0 ? null : [...truth.boxes.subarray(at * 4, at * 4 + 4)];
};

function draw(
  kind: 'boxes' | 'instances',
  mixing: Mixing,
  boxes: readonly (readonly [number, number, number, number])[],
  seed = 1,
) {
  const into = new Uint8Array(SIDE * SIDE * 3);
  const samples = boxes.map((box, i) => rectangle(kind, values[i] ?? 0, box));
  const { truth } = drawMixed(samples, mixing, config, into, [seed]);
  if (truth.kind !== kind) throw new Error(truth.kind);
  return { into, truth };
}

describe('mosaic', () => {
  test('of four images shows each object where its box says', () => {
    let seen = 0;
    fc.assert(
      fc.property(fc.nat(), fc.double({ min: 0.25, max: 0.75, noNaN: true }), (seed, at) => {
        const mixing = { mosaic: { x: at, y: 1 - at, partners: [1, 2, 3] }, layers: [] };
        const { into, truth } = draw(
          'boxes',
          mixing,
          [
            [2, 3, 38, 37],
            [4, 4, 30, 36],
            [0, 0, 40, 40],
            [5, 6, 36, 38],
          ],
          seed,
        );
        const [across, down] = [Math.round(at * SIDE), Math.round((1 - at) * SIDE)];
        for (const [tile, value] of values.entries()) {
          const isOwn = (x: number, y: number) => x >= across === tile % 2 > 0 && y >= down === tile > 1;
          const [box, found] = [boxOf(truth, value), extent(into, value, isOwn)];
          if (box === null || found === null) continue;
          seen++;
          box.forEach((edge, i) => {
            expect(Math.abs(edge - (found[i] ?? -9))).toBeLessThanOrEqual(2);
          });
        }
      }),
      { numRuns: 40 },
    );
    expect(seen).toBeGreaterThan(100);
  });

  test('of class maps is one of four parts', () => {
    const map = (value: number): Sample => ({
      id: '',
      image: { data: new Uint8Array(SIDE * SIDE * 3).fill(value * 20), width: SIDE, height: SIDE },
      truth: { kind: 'classMap', mask: new Uint8Array(SIDE * SIDE).fill(value), width: SIDE, height: SIDE },
    });
    const into = new Uint8Array(SIDE * SIDE * 3);
    const native = { ...config, fit: 'native' as const, scale: [1.6, 2] as const };
    const mixing = { mosaic: { x: 0.5, y: 0.5, partners: [1, 2, 3] }, layers: [] };
    const { truth } = drawMixed([1, 2, 3, 4].map(map), mixing, native, into, [3]);
    if (truth.kind !== 'classMap') throw new Error(truth.kind);
    expect([0, 39, 39 * 40, 1599].map((i) => truth.mask[i])).toEqual([1, 2, 3, 4]);
    expect([...truth.mask].map((value) => value * 20)).toEqual([...into].filter((_, i) => i % 3 === 0));
  });
});

describe('layers', () => {
  test('mixup blends pixels and has the objects of both', () => {
    const mixing: Mixing = { mosaic: null, layers: [{ kind: 'mixup', partner: 1, share: 0.25 }] };
    const { into, truth } = draw('boxes', mixing, [
      [0, 0, 10, 10],
      [20, 20, 30, 30],
    ]);
    expect([...truth.labels]).toEqual([100, 140]);
    expect(into[0]).toBe(Math.round(0.25 * 100 + 0.75 * 10));
    expect(into[(25 * SIDE + 25) * 3]).toBe(Math.round(0.25 * 10 + 0.75 * 140));
  });

  test('cutmix cuts boxes of both at the rectangle, and drops what is hidden', () => {
    const mixing: Mixing = { mosaic: null, layers: [{ kind: 'cutmix', partner: 1, area: 0.25, x: 0.5, y: 0.5 }] };
    const { into, truth } = draw('boxes', mixing, [
      [0, 12, 20, 20],
      [25, 5, 40, 40],
    ]);
    expect(boxOf(truth, 100)).toEqual([0, 12, 10, 20]);
    expect(boxOf(truth, 140)).toEqual([25, 10, 30, 30]);
    expect(extent(into, 140)).toEqual([25, 10, 30, 30]);
    const hidden = draw('boxes', mixing, [
      [12, 12, 20, 20],
      [0, 0, 5, 5],
    ]);
    expect(hidden.truth.labels.length).toBe(0);
  });

  test('copy-paste lays objects over others, whose masks and boxes lose what is hidden', () => {
    const boxes = [
      [4, 4, 20, 20],
      [12, 0, 40, 40],
    ] as const;
    const mixing = (seed: number): Mixing => ({ mosaic: null, layers: [{ kind: 'copyPaste', partner: 1, seed }] });
    const results = [1, 2, 3, 4, 5, 6].map((seed) => draw('instances', mixing(seed), boxes));
    expect(new Set(results.map(({ truth }) => truth.labels.length))).toEqual(new Set([1, 2]));
    for (const { into, truth } of results) {
      expect(boxOf(truth, 100)).toEqual(extent(into, 100));
      if (truth.labels.length < 2) continue;
      expect(boxOf(truth, 100)).toEqual([4, 4, 12, 20]);
      expect(boxOf(truth, 140)).toEqual([12, 0, 40, 40]);
      const masks = truth.kind === 'instances' ? truth.masks : [];
      expect(masks.map(({ width, height, data }) => [width, height, data.reduce((a, b) => a + b, 0)])).toEqual([
        [8, 16, 128],
        [28, 40, 1120],
      ]);
    }
  });

  test('labels of mixed images are shares', () => {
    const sample = (label: number): Sample => ({
      id: '',
      image: { data: new Float32Array(16), width: 4, height: 4 },
      truth: { kind: 'labels', labels: Int32Array.of(label) },
    });
    const drawn = (first: number, second: number) =>
      drawMixed(
        [sample(first), sample(second)],
        { mosaic: null, layers: [{ kind: 'mixup', partner: 1, share: 0.75 }] },
        plain([4, 4], [0]),
        new Float32Array(16),
        [1],
      ).truth;
    expect(drawn(2, 1)).toEqual({ kind: 'labels', labels: Int32Array.of(1, 2), shares: Float32Array.of(0.25, 0.75) });
    expect(drawn(2, 2)).toEqual({ kind: 'labels', labels: Int32Array.of(2), shares: Float32Array.of(1) });
  });
});

describe('drawMixing', () => {
  test('is closed from its epoch on, and has the probability that it says', () => {
    const mosaic = { mosaic: { probability: 0.5 } };
    const count = (epoch: number) =>
      Array.from({ length: 2000 }, (_, i) =>
        drawMixing(mosaic, { epoch, epochs: 20, images: 11 }, createRandom([i])),
      ).filter(Boolean).length;
    expect(count(16) / 2000).toBeCloseTo(0.5, 1);
    expect(count(17)).toBe(0);
    expect(
      drawMixing(
        { mosaic: { probability: 1, closeEpochs: 0 } },
        { epoch: 19, epochs: 20, images: 1 },
        createRandom([1]),
      ),
    ).not.toBeNull();
    const endless = { epoch: 19, epochs: Number.POSITIVE_INFINITY, images: 1 };
    expect(drawMixing({ mosaic: { probability: 1 } }, endless, createRandom([1]))).not.toBeNull();
  });

  test('names partners of the data set, one for each layer and three for a mosaic', () => {
    const all = {
      mosaic: { probability: 1 },
      mixup: { probability: 1, alpha: 32 },
      cutmix: { probability: 1, alpha: 0.3 },
      copyPaste: { probability: 1 },
    };
    const shares: number[] = [];
    for (let seed = 0; seed < 300; seed++) {
      const mixing = drawMixing(all, { epoch: 0, epochs: 9, images: 1 }, createRandom([seed]));
      expect(mixing && partnersOf(mixing)).toEqual([0, 0, 0, 0, 0, 0]);
      for (const layer of mixing?.layers ?? []) if (layer.kind === 'mixup') shares.push(layer.share);
    }
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length;
    expect(mean).toBeCloseTo(0.5, 1);
    expect(Math.sqrt(variance)).toBeCloseTo(1 / (2 * Math.sqrt(65)), 2);
  });
});
