import { describe, expect, it } from 'vitest';
import { packPatch, patchOfMask } from '../../../datasets/packedMasks.js';
import type { Instances } from '../../../datasets/sample.js';
import { fuseBoxes } from '../../../heads/boxes/fusion.js';
import { classificationViews, detectionViews, instanceViews } from '../../../heads/tasks/views.js';

const answer = (...found: readonly (readonly [box: readonly number[], label: number, score: number])[]) => ({
  boxes: Float32Array.from(found.flatMap(([box]) => box)),
  labels: Int32Array.from(found, ([, label]) => label),
  scores: Float32Array.from(found, ([, , score]) => score),
});
const options = { iouThreshold: 0.55, limit: 100 };

describe('weighted box fusion', () => {
  it('takes the mean of boxes by their scores, and lowers what fewer answers found', () => {
    const { detections, members } = fuseBoxes(
      [answer([[0, 0, 10, 10], 0, 0.75], [[50, 50, 60, 60], 0, 0.5]), answer([[2, 0, 12, 10], 0, 0.25])],
      options,
    );
    expect([...detections.boxes]).toEqual([0.5, 0, 10.5, 10, 50, 50, 60, 60]);
    expect([...detections.scores]).toEqual([0.5, 0.25]); // (0.75 + 0.25) / 2; 0.5 of one answer of two
    expect(members.map((own) => own.map((one) => [one.answer, one.row]))).toEqual([
      [
        [0, 0],
        [1, 0],
      ],
      [[0, 1]],
    ]);
  });

  it('keeps two boxes of one answer two objects, however they overlap', () => {
    const touching = answer([[0, 0, 10, 10], 0, 0.75], [[2, 0, 12, 10], 0, 0.5]); // IoU 2 / 3
    expect(fuseBoxes([touching], options).detections).toEqual(touching);
    expect(fuseBoxes([touching, touching], options).detections).toEqual(touching);
  });

  it('keeps classes apart, leaves one answer without overlaps as it is, and counts to a limit', () => {
    const one = answer([[0, 0, 10, 10], 0, 0.875], [[0, 0, 10, 10], 1, 0.5]);
    expect(fuseBoxes([one], options).detections).toEqual(one);
    expect([...fuseBoxes([one], { ...options, limit: 1 }).detections.labels]).toEqual([0]);
    expect(fuseBoxes([answer(), answer()], options).detections.scores).toHaveLength(0);
    expect([...fuseBoxes([answer([[0, 0, 1, 1], 0, 0])], options).detections.boxes]).toEqual([0, 0, 1, 1]);
  });
});

describe('views', () => {
  const size = { width: 20, height: 10 };
  const patch = { left: 2, top: 1, width: 3, height: 2, data: Uint8Array.of(1, 1, 0, 1, 0, 0) };
  const found: Instances = { ...answer([[2, 1, 5, 3], 0, 0.5]), masks: [packPatch(patch, size)] };

  it('mirrors boxes and masks, and twice is once', () => {
    const mirrored = instanceViews.mirrored(found, size);
    expect([...mirrored.boxes]).toEqual([15, 1, 18, 3]);
    expect(patchOfMask(mirrored.masks[0]!)).toEqual({
      left: 16,
      top: 1,
      width: 2,
      height: 2,
      data: Uint8Array.of(1, 1, 0, 1),
    });
    expect(instanceViews.mirrored(mirrored, size)).toEqual(found);
  });

  it('cuts what lies beyond the image, and drops what lies outside', () => {
    const large = { width: 40, height: 20 };
    const wide = { left: 18, top: 8, width: 4, height: 4, data: new Uint8Array(16).fill(1) };
    const seen: Instances = {
      ...answer([[18, 8, 22, 12], 0, 0.5], [[30, 2, 35, 4], 0, 0.25]),
      masks: [packPatch(wide, large), packPatch({ ...wide, left: 30 }, large)],
    };
    const cropped = instanceViews.cropped(seen, size);
    expect([...cropped.boxes]).toEqual([18, 8, 20, 10]);
    expect(cropped.masks).toEqual([
      packPatch({ left: 18, top: 8, width: 2, height: 2, data: new Uint8Array(4).fill(1) }, size),
    ]);
    expect([...detectionViews.cropped(seen, size).scores]).toEqual([0.5]);
  });

  it('votes on pixels by score, and takes the mean of probabilities', () => {
    const square = (left: number) =>
      packPatch({ left, top: 0, width: 4, height: 4, data: new Uint8Array(16).fill(1) }, size);
    const of = (left: number, score: number): Instances => ({
      ...answer([[left, 0, left + 4, 4], 0, score]),
      masks: [square(left)],
    });
    const both = instanceViews.combine([of(0, 0.75), of(1, 0.5)], { maxDetections: 10 });
    expect(both.masks).toEqual([square(0)]);
    const mean = classificationViews.combine(
      [
        { isExclusive: true, probabilities: Float32Array.of(1, 0) },
        { isExclusive: true, probabilities: Float32Array.of(0.5, 0.5) },
      ],
      { maxDetections: 0 },
    );
    expect([...mean.probabilities]).toEqual([0.75, 0.25]);
  });
});
