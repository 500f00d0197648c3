import { expect, test } from 'vitest';
import { IGNORED, type PixelData } from '../../../datasets/sample.js';
import { drawAugmentation, plain } from '../../../datasets/transforms/augment.js';
import { pickForeground } from '../../../datasets/transforms/foreground.js';
import { padToMultiple } from '../../../datasets/transforms/letterbox.js';
import { scalesTo } from '../../../datasets/transforms/spacing.js';
import { warpImage, warpMaskLinear } from '../../../datasets/transforms/warp.js';
import { createRandom } from '../../../engine/random.js';
import { decodeClassMap } from '../../../heads/semantic/decode.js';

test('an image is laid at a spacing with a whole number of pixels, and one of no known spacing as it is', () => {
  const image = { width: 30, height: 41, spacing: [0.5, 2] as const };
  expect(scalesTo(image, [1, 1])).toEqual({ scaleY: 21 / 41, scaleX: 2 });
  expect(scalesTo({ width: 3, height: 4 }, [1, 1])).toEqual({ scaleY: 1, scaleX: 1 });
  expect(scalesTo(image, undefined)).toEqual({ scaleY: 1, scaleX: 1 });
  expect(scalesTo({ width: 1, height: 1, spacing: [0.1, 0.1] }, [9, 9])).toEqual({ scaleY: 1, scaleX: 1 });
  expect(() => scalesTo({ width: 500, height: 500, spacing: [900, 1] }, [1, 1])).toThrow(
    /500 pixels 900 mm apart are 450000 that are 1 mm apart, and at most 16384/,
  );
});

test('cubic weights are those of Keys: a straight line stays one, a step overshoots and is clipped to the type', () => {
  const line = { data: Float32Array.from({ length: 8 }, (_, i) => 3 * i + 1), width: 8, height: 1 };
  const into = new Float32Array(16);
  warpImage(line, [2, 0, 0, 0, 1, 0], into, [1, 16], [0], 'cubic');
  for (let i = 4; i < 12; i++) expect(into[i]).toBeCloseTo(3 * ((i + 0.5) / 2 - 0.5) + 1, 4);
  const steps: readonly [PixelData, PixelData][] = [
    [Uint8Array.of(0, 0, 0, 255, 255, 255), new Uint8Array(12)],
    [Uint16Array.of(0, 0, 0, 65_535, 65_535, 65_535), new Uint16Array(12)],
    [Float32Array.of(0, 0, 0, 1, 1, 1), new Float32Array(12)],
  ];
  for (const [data, out] of steps) {
    warpImage({ data, width: 6, height: 1 }, [2, 0, 0, 0, 1, 0], out, [1, 12], [0], 'cubic');
    const most = data[3] as number;
    // A quarter pixel beyond the step: 1 + 9/128, a quarter before it 1 - 1.0703 + ... by Keys's polynomial.
    const expected = data instanceof Float32Array ? 1.0703125 : 1;
    expect((out[7] as number) / most).toBeCloseTo(expected, 4);
    expect(out[4]).toBe(data instanceof Float32Array ? 1 - 1.0703125 : 0);
  }
});

test('class maps are linear in each class, of which the largest counts', () => {
  const random = createRandom([4]);
  const [width, height, classes] = [9, 7, 4];
  const mask = Uint8Array.from({ length: width * height }, () => (random.next() < 0.1 ? IGNORED : random.integer(4)));
  for (const affine of [
    [2.3, 0, -1, 0, 1.2, 0.5],
    [0, 1.5, 2, -1.9, 0, 20],
  ] as const) {
    const size = [21, 24] as const;
    const found = warpMaskLinear(mask, { width, height }, affine, size);
    const maps = [...Array(classes).keys(), IGNORED].map((label) => {
      const hot = Float32Array.from(mask, (value) => (value === label ? 1 : 0));
      const into = new Float32Array(size[0] * size[1]);
      // Enlarged, where the triangle filter is bilinear.
      warpImage({ data: hot, width, height }, affine, into, size, [label === IGNORED ? 1 : 0]);
      return [label, into] as const;
    });
    for (let i = 0; i < found.length; i++) {
      const best = Math.max(...maps.map(([, map]) => map[i] as number));
      const won = maps.filter(([, map]) => (map[i] as number) > best - 1e-6).map(([label]) => label);
      expect(won).toContain(found[i]);
    }
  }
});

test('what is laid at a spacing and answered there comes back to the original grid', () => {
  const [width, height] = [24, 18];
  const inside = (x: number, y: number): boolean => (x - 11) ** 2 / 50 + (y - 8) ** 2 / 30 < 1;
  const data = Float32Array.from({ length: width * height }, (_, i) =>
    inside(i % width, Math.floor(i / width)) ? 1 : 0,
  );
  const spacing = [0.8, 0.5] as const;
  for (const target of [
    [0.4, 0.4],
    [0.8, 0.5],
    [0.3, 0.7],
  ] as const) {
    const laid = padToMultiple({ data, width, height, spacing }, 32, [0], { spacing: target });
    expect([laid.height % 32, laid.width % 32]).toEqual([0, 0]);
    expect(laid.placement.scaleY).toBeCloseTo(0.8 / target[0], 1);
    const scores = Float32Array.from({ length: laid.data.length * 2 }, (_, i) => {
      const value = laid.data[i >> 1] as number;
      return i % 2 === 0 ? 1 - value : value;
    });
    const grid = { scores, height: laid.height, width: laid.width, classes: 2 };
    const answer = decodeClassMap(grid, [laid.height, laid.width], laid.placement, { probabilities: true });
    const { classProbabilities = new Float32Array(0) } = answer;
    for (const [i, label] of answer.mask.entries()) {
      const [none = 0, some = 0] = classProbabilities.subarray(2 * i, 2 * i + 2);
      expect(none + some).toBeCloseTo(1, 5);
      expect(some > none).toBe(label === 1);
    }
    expect([answer.width, answer.height]).toEqual([width, height]);
    const wrong = answer.mask.filter((label, i) => label !== data[i]).length;
    expect(wrong).toBeLessThanOrEqual(target[0] === 0.8 ? 0 : 8);
  }
});

test('training crops are laid at the spacing, turned or not, and images of one size of millimetres fill one size of pixels', () => {
  const config = { ...plain([64, 64]), fit: 'native', rotate90: 1, spacing: [0.5, 0.5] } as const;
  const turns = new Set<string>();
  for (let seed = 0; seed < 20; seed++) {
    const { placement, isSmooth } = drawAugmentation(
      config,
      { width: 20, height: 50, spacing: [1, 2] },
      createRandom([seed]),
    );
    const sides = [placement.width * placement.scaleX, placement.height * placement.scaleY].map(Math.round);
    expect([...sides].sort((a, b) => a - b)).toEqual([80, 100]);
    expect(isSmooth).toBe(true);
    turns.add(String(sides));
  }
  expect(turns).toEqual(new Set(['80,100', '100,80']));
});

test('a third of the crops is centred on a class of those shown, the rare one as often as the common', () => {
  const [width, height] = [100, 80];
  const mask = new Uint8Array(width * height);
  mask.fill(1, 3000, 4000);
  mask[7 * width + 93] = 2;
  mask[0] = IGNORED;
  const truth = { kind: 'classMap', mask, width, height } as const;
  const config = {
    ...plain([16, 16]),
    fit: 'native',
    flipHorizontal: 0.5,
    rotate90: 0.75,
    foreground: { share: 0.33, background: 0 },
  } as const;
  let [rare, common] = [0, 0];
  for (let seed = 0; seed < 600; seed++) {
    const picked = pickForeground(truth, config.foreground, createRandom([seed]));
    if (picked === null) continue;
    const label = mask[Math.floor(picked[1]) * width + Math.floor(picked[0])];
    expect([1, 2]).toContain(label);
    if (label === 2) rare++;
    else common++;
    expect(picked[0] % 1).toBe(0.5);
  }
  expect((rare + common) / 600).toBeCloseTo(0.33, 1);
  expect(rare / (rare + common)).toBeCloseTo(0.5, 1);
  let centred = 0;
  for (let seed = 0; seed < 300; seed++) {
    const { affine, placement } = drawAugmentation(
      { ...config, foreground: { share: 1, background: 0 } },
      { width, height },
      createRandom([seed]),
      truth,
    );
    const [a, b, c, d, e, f] = affine;
    const [x, y] = [a * 93.5 + b * 7.5 + c, d * 93.5 + e * 7.5 + f];
    if (x >= 0 && x < 16 && y >= 0 && y < 16) centred++;
    expect(Number.isInteger(placement.offsetX) && placement.offsetX <= 0).toBe(true);
    expect(placement.width + placement.offsetX).toBeGreaterThanOrEqual(16);
  }
  expect(centred / 300).toBeCloseTo(0.5, 1);
  // Without a class beside the background, of boxes, and with a share of 0 nothing moves.
  const empty = { ...truth, mask: new Uint8Array(width * height) };
  expect(pickForeground(empty, { share: 1, background: 0 }, createRandom([1]))).toBeNull();
  expect(
    pickForeground({ kind: 'labels', labels: Int32Array.of(1) }, { share: 1, background: 0 }, createRandom([1])),
  ).toBeNull();
  const plainly = drawAugmentation(
    { ...config, foreground: { share: 0, background: 0 } },
    { width, height },
    createRandom([3]),
    truth,
  );
  const { foreground: _, ...without } = config;
  expect(plainly.affine).toEqual(drawAugmentation(without, { width, height }, createRandom([3])).affine);
});
