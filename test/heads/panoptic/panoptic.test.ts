import { describe, expect, it } from 'vitest';
import type { FeatureSpec } from '../../../backbones/features.js';
import { packPatch, patchOfMask } from '../../../datasets/packedMasks.js';
import { IGNORED, type MaskPatch, type PanopticTruth } from '../../../datasets/sample.js';
import { panopticConfig } from '../../../heads/panoptic/config.js';
import { branchClass, createEncoder, ownClass } from '../../../heads/panoptic/encoder.js';
import { createPanopticHead, panopticEncoderConfig } from '../../../heads/panoptic/head.js';
import { mergePanoptic } from '../../../heads/panoptic/merge.js';
import { stitchPanoptic } from '../../../heads/tasks/stitch.js';
import { runHeadCases } from '../../conformance/head.js';

const features = Object.fromEntries(
  [3, 4, 5].map((level) => [`P${level}`, { channels: 8, stride: 2 ** level, tap: 'a' }]),
) as unknown as FeatureSpec;
const settings = panopticConfig.parse({ kind: 'panoptic' });

const rectangle = (left: number, top: number, width: number, height: number): MaskPatch => ({
  left,
  top,
  width,
  height,
  data: new Uint8Array(width * height).fill(1),
});

function truthOf(width: number, height: number, masks: readonly MaskPatch[], stuff: number): PanopticTruth {
  const mask = new Uint8Array(width * height).fill(stuff);
  for (const { left, top, ...patch } of masks) {
    for (let y = 0; y < patch.height; y++)
      mask.fill(0, (top + y) * width + left, (top + y) * width + left + patch.width);
  }
  return {
    kind: 'panoptic',
    masks,
    mask,
    width,
    height,
    boxes: Float64Array.from(masks.flatMap((m) => [m.left, m.top, m.left + m.width, m.top + m.height])),
    labels: new Int32Array(masks.length),
    ignored: new Uint8Array(masks.length),
    areas: Float64Array.from(masks, (m) => m.width * m.height),
  };
}

for (const [classes, things, inputSize] of [
  [2, 1, [64, 96]],
  [133, 80, [32, 32]],
] as const) {
  const [height, width] = inputSize;
  runHeadCases({
    name: `panoptic of ${things} and ${classes - things} classes, ${inputSize.join(' x ')}`,
    features,
    inputSize,
    encoder: createEncoder(panopticEncoderConfig(settings, features, { classes, things, inputSize })),
    truths: [truthOf(width, height, [rectangle(4, 4, 20, 20)], classes - 1), truthOf(width, height, [], IGNORED)],
    create: (frozen) =>
      createPanopticHead(
        { classes, things, inputSize, repeats: 1, masks: { repeats: 1, places: 4 }, frozen },
        features,
      ),
  });
}

describe('the panoptic head', () => {
  it('needs classes with objects and classes without', () => {
    for (const things of [0, 3]) {
      expect(() => createPanopticHead({ classes: 3, things, inputSize: [64, 64] }, features)).toThrow(
        `${things} of 3 classes have objects`,
      );
    }
  });

  it('has one class for all objects in the branch of classes', () => {
    expect([0, 1, 2, 3, IGNORED].map((label) => branchClass(label, 2))).toEqual([0, 0, 1, 2, IGNORED]);
    expect([0, 1, 2, IGNORED].map((label) => ownClass(label, 2))).toEqual([IGNORED, 2, 3, IGNORED]);
  });
});

describe('merging', () => {
  const size = { width: 20, height: 10 };
  const things = (...objects: readonly (readonly [score: number, patch: MaskPatch])[]) => ({
    boxes: Float32Array.from(objects.flatMap(([, m]) => [m.left, m.top, m.left + m.width, m.top + m.height])),
    labels: new Int32Array(objects.length),
    scores: Float32Array.from(objects, ([score]) => score),
    masks: objects.map(([, patch]) => packPatch(patch, size)),
  });
  const stuff = { ...size, mask: new Uint8Array(200).map((_, at) => (at < 195 ? 1 : 2)) };
  const options = { scoreThreshold: 0.3, visible: 0.5, stuffShare: 0.05 };

  it('gives pixels to the best object, drops what is hidden, unsure or small', () => {
    const found = mergePanoptic(
      things(
        [0.9, rectangle(0, 0, 8, 8)],
        [0.8, rectangle(4, 0, 8, 8)], // half of it is left
        [0.7, rectangle(4, 0, 7, 8)], // nothing is left
        [0.2, rectangle(14, 0, 4, 4)],
      ),
      stuff,
      options,
    );
    expect([...found.things.scores]).toEqual([...Float32Array.of(0.9, 0.8)]);
    const [first, second] = found.things.masks.map(patchOfMask);
    expect(first).toMatchObject({ left: 0, top: 0, width: 8, height: 8 });
    expect(second).toMatchObject({ left: 8, top: 0, width: 4, height: 8 });
    const counts = [1, 2, IGNORED].map((label) => found.stuff.mask.filter((value) => value === label).length);
    expect(counts).toEqual([195 - 96, 0, 96 + 5]);
  });

  it('leaves an image without objects to the classes, and one without either to nobody', () => {
    expect(mergePanoptic(things(), stuff, { ...options, stuffShare: 0 }).stuff).toEqual(stuff);
    const void_ = { ...size, mask: new Uint8Array(200).fill(IGNORED) };
    expect(mergePanoptic(things(), void_, options).stuff).toEqual(void_);
  });

  it('puts tiles together', () => {
    const stitcher = stitchPanoptic({ width: 40, height: 10 });
    const part = mergePanoptic(things([0.9, rectangle(6, 2, 4, 4)]), stuff, { ...options, stuffShare: 0 });
    stitcher.add(part, { x: 0, y: 0, ...size, kept: [0, 0, 20, 10] });
    stitcher.add(part, { x: 20, y: 0, ...size, kept: [20, 0, 40, 10] });
    const whole = stitcher.finish();
    expect([...whole.things.boxes]).toEqual([6, 2, 10, 6, 26, 2, 30, 6]);
    expect(whole.stuff.mask.filter((label) => label === IGNORED)).toHaveLength(32);
  });
});
