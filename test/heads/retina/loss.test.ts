import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { reduceLosses } from '../../../heads/losses/term.js';
import { DEFAULT_ANCHORS } from '../../../heads/retina/anchors.js';
import { createEncoder } from '../../../heads/retina/encoder.js';
import { type RetinaLossOptions, retinaLoss } from '../../../heads/retina/loss.js';
import { golden } from '../../data.js';
import { symmetric, toChannelsLast } from '../symmetric.js';
import { gridsOf } from './grids.js';

interface Recorded {
  readonly image_size: [number, number];
  readonly num_classes: number;
  readonly gt_boxes_yxyx: readonly (readonly [number, number, number, number][])[];
  readonly gt_classes_1based: readonly (readonly number[])[];
  readonly loss: readonly {
    readonly alpha: number;
    readonly gamma: number;
    readonly delta: number;
    readonly box_loss_weight: number;
    readonly label_smoothing: number;
    readonly total: number;
    readonly cls: number;
    readonly box: number;
  }[];
}
const recorded = golden<Recorded>('heads/labeler_loss.json.gz');
const K = recorded.num_classes;
const A = 3069;
const encoder = createEncoder({
  ...DEFAULT_ANCHORS,
  inputSize: recorded.image_size,
  grids: gridsOf(recorded.image_size),
  matchThreshold: 0.5,
});
const DEFAULTS = { alpha: 0.25, gamma: 1.5, labelSmoothing: 0, delta: 0.1, boxWeight: 50 };

/** Targets of both images; `ignored` marks truths by image and index. */
function targets(present: readonly boolean[], ignored: readonly number[] = []) {
  const arrays = present.map((hasTruth, image) => {
    const rows = recorded.gt_classes_1based[image]!.map((label, i) => ({
      label,
      box: recorded.gt_boxes_yxyx[image]![i]!,
    }));
    const kept = hasTruth ? rows.filter(({ label }) => label > 0) : [];
    const into = { classes: new Int32Array(A), boxes: new Float32Array(A * 4), positives: new Float32Array(1) };
    encoder.encode(
      {
        kind: 'boxes',
        boxes: Float64Array.from(kept.flatMap(({ box: [y1, x1, y2, x2] }) => [x1, y1, x2, y2])),
        labels: Int32Array.from(kept, ({ label }) => label - 1),
        ignored: Uint8Array.from(kept, (_, i) => (ignored.includes(i) ? 1 : 0)),
        areas: new Float64Array(kept.length),
      },
      into,
    );
    return into;
  });
  return {
    classes: tf.stack(arrays.map(({ classes }) => tf.tensor1d(classes, 'int32'))) as tf.Tensor2D,
    boxes: tf.stack(arrays.map(({ boxes }) => tf.tensor2d(boxes, [A, 4]))) as tf.Tensor3D,
    positives: tf.tensor1d(arrays.map(({ positives }) => positives[0]!)),
  };
}

/** [2, A, width] from the recorded formula, NCHW per level. */
function outputs(name: string, width: number, map: (v: number) => number): tf.Tensor3D {
  const images = [0, 1].map((image) => {
    const parts = [3, 4, 5, 6, 7].map((level) => {
      const cells = (128 / 2 ** level) ** 2;
      const size = 9 * width * cells;
      const values = symmetric(`${name}_${level}`, 2 * size).map(map);
      return toChannelsLast(values.subarray(image * size, (image + 1) * size), 9 * width, cells);
    });
    return parts.flatMap((part) => [...part]);
  });
  return tf.tensor3d(images.flat(), [2, A, width]);
}
const logits = () => outputs('pp_cls', K, (v) => v * 4 - 2);
const offsets = () => outputs('pp_box', 4, (v) => v * 0.8);

const compute = (options: RetinaLossOptions, truth: ReturnType<typeof targets>) => {
  const losses = reduceLosses(retinaLoss({ logits: logits(), offsets: offsets() }, truth, options));
  return { total: losses.total.dataSync()[0]!, class: losses.class.dataSync()[0]!, box: losses.box.dataSync()[0]! };
};

describe('detection loss', () => {
  it.each(recorded.loss)('equals the reference for alpha $alpha gamma $gamma smoothing $label_smoothing', (row) => {
    const { alpha, gamma, delta, box_loss_weight: boxWeight, label_smoothing: labelSmoothing } = row;
    const found = tf.tidy(() => compute({ alpha, gamma, delta, boxWeight, labelSmoothing }, targets([true, true])));
    // float32 sums of 49,104 terms, the reference's as well
    expect(Math.abs(found.class / row.cls - 1)).toBeLessThan(2e-5);
    expect(Math.abs(found.box / row.box - 1)).toBeLessThan(2e-5);
    expect(Math.abs(found.total / row.total - 1)).toBeLessThan(2e-5);
  });

  it('teaches background, and no box, where an image or the whole batch has no object', () => {
    tf.tidy(() => {
      const none = compute(DEFAULTS, targets([false, false]));
      expect(none.box).toBe(0);
      expect(none.class).toBeGreaterThan(0);
      expect(none.total).toBe(none.class);
      expect(compute(DEFAULTS, targets([true, false])).box).toBeGreaterThan(0);
    });
  });

  it('has gradients that are zero exactly where an anchor is excluded or has no box', () => {
    tf.tidy(() => {
      const truth = targets([true, true], [3]); // the truth that covers the whole first image is ignored
      const [byLogits, byOffsets] = tf.grads(
        (l, o) =>
          reduceLosses(retinaLoss({ logits: l as tf.Tensor3D, offsets: o as tf.Tensor3D }, truth, DEFAULTS)).total,
      )([logits(), offsets()]);
      const classes = truth.classes.dataSync();
      const size = (t: tf.Tensor) => tf.sum(tf.abs(t), 2).dataSync();
      const [logitSizes, offsetSizes] = [size(byLogits!), size(byOffsets!)];
      expect(classes.filter((label) => label === -2).length).toBeGreaterThan(1000);
      classes.forEach((label, i) => {
        expect(logitSizes[i]! > 0).toBe(label !== -2);
        expect(offsetSizes[i]! > 0).toBe(label >= 0);
      });
    });
  });
});
