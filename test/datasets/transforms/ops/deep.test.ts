import { describe, expect, test } from 'vitest';
import { createPixels, PIXEL_TYPES, type PixelType } from '../../../../datasets/pixelTypes.js';
import type { PixelData, Sample } from '../../../../datasets/sample.js';
import {
  type AugmentConfig,
  applyAugmentation,
  drawAugmentation,
  plain,
} from '../../../../datasets/transforms/augment.js';
import { OP_NAMES, opOf } from '../../../../datasets/transforms/ops/index.js';
import { createRandom } from '../../../../engine/random.js';

const SIDE = 24;

/** A slope with a bright square, and its class map. */
function slope(type: PixelType, channels: number): Sample {
  const data = createPixels(type, SIDE * SIDE * channels);
  const mask = new Uint8Array(SIDE * SIDE);
  for (let i = 0; i < SIDE * SIDE; i++) {
    const [x, y] = [i % SIDE, Math.floor(i / SIDE)];
    const isSquare = x >= 6 && x < 16 && y >= 6 && y < 16;
    mask[i] = isSquare ? 1 : 0;
    for (let c = 0; c < channels; c++) data[i * channels + c] = isSquare ? 200 : 10 + x + 2 * y + c;
  }
  return {
    id: '',
    image: { data, width: SIDE, height: SIDE },
    truth: { kind: 'classMap', mask, width: SIDE, height: SIDE },
  };
}

function changed(sample: Sample, config: AugmentConfig, channels: number, type: PixelType, seed = 3) {
  const into = createPixels(type, SIDE * SIDE * channels);
  const truth = applyAugmentation(sample, drawAugmentation(config, sample.image, createRandom([seed])), into);
  return { into, truth };
}

const spreadOf = (channels: number) => Array.from({ length: channels }, () => 20);
const deepConfig = (channels: number, more: Partial<AugmentConfig>): AugmentConfig => ({
  ...plain(
    [SIDE, SIDE],
    Array.from({ length: channels }, () => 0),
  ),
  spread: spreadOf(channels),
  ...more,
});

describe.each(PIXEL_TYPES)('%s', (type) => {
  test.each([1, 2, 5])(
    'every op for any image changes images of %i channels, and others leave them alone',
    (channels) => {
      const sample = slope(type, channels);
      const before = changed(sample, deepConfig(channels, {}), channels, type).into;
      for (const op of OP_NAMES) {
        const { limits, value, ...rest } = opOf(op);
        const middle = { rotate: 25, zoom: 1.4, translateX: 0.2, translateY: 0.2, gain: 0.8, stretch: 0.6 }[
          op as string
        ];
        const strength = middle ?? (value === 'none' ? 0 : Math.min(limits[1], Math.max(limits[0], 0.5)));
        const config = deepConfig(channels, { ops: [{ op, probability: 1, range: [strength, strength] }] });
        const { into } = changed(sample, config, channels, type);
        const isForAny = rest.kind !== 'pixels' || rest.images === 'any';
        const hasChanged = into.some((each, i) => each !== before[i]);
        // boxCutout needs boxes
        expect([op, hasChanged]).toEqual([op, isForAny && op !== 'boxCutout']);
        expect(into.every(Number.isFinite)).toBe(true);
      }
    },
  );
});

test('pixels and class map turn together', () => {
  for (let seed = 0; seed < 30; seed++) {
    const ops = [
      { op: 'rotate', probability: 1, range: [-180, 180] },
      { op: 'perspective', probability: 0.5, range: [0.3, 0.6] },
      { op: 'zoom', probability: 0.5, range: [0.8, 1.5] },
    ] as const;
    const { into, truth } = changed(slope('int16', 1), deepConfig(1, { ops }), 1, 'int16', seed);
    if (truth.kind !== 'classMap') throw new Error(truth.kind);
    truth.mask.forEach((label, i) => {
      if ((into[i] ?? 0) > 185) expect(label).toBe(1);
      if ((into[i] ?? 0) < 85 && (into[i] ?? 0) > 0) expect(label).toBe(0);
    });
    expect([...truth.mask].filter((label) => label === 1).length).toBeGreaterThan(20);
  }
});

test("nnunet leaves what is zero in every channel so, where zeros are no part of an image's statistics", () => {
  const sample = slope('float32', 2);
  const data: PixelData = Float32Array.from(sample.image.data, (value, i) =>
    i < SIDE * 2 * 6 ? 0 : (value - 60) / 40,
  );
  const cut = { ...sample, image: { ...sample.image, data } };
  let noisy = 0;
  for (let seed = 0; seed < 60; seed++) {
    const config = { ...deepConfig(2, { policy: 'nnunet' }), spread: [1, 1] };
    const kept = changed(cut, { ...config, keepsZeros: true }, 2, 'float32', seed).into;
    const free = changed(cut, config, 2, 'float32', seed).into;
    expect(kept.every(Number.isFinite)).toBe(true);
    const first = drawAugmentation(config, cut.image, createRandom([seed]));
    if (first.affine.join() !== '1,0,0,0,1,0') continue;
    expect(kept.subarray(0, SIDE * 2 * 6).every((value) => value === 0)).toBe(true);
    if (free.subarray(0, SIDE * 2 * 6).some((value) => value !== 0)) noisy++;
  }
  expect(noisy).toBeGreaterThan(3);
});
