import { describe, expect, it } from 'vitest';
import type { DetectionTruth } from '../../../datasets/sample.js';
import { createRandom } from '../../../engine/random.js';
import { createAnchors, DEFAULT_ANCHORS } from '../../../heads/retina/anchors.js';
import { DEFAULT_DECODING, decodeRetina } from '../../../heads/retina/decode.js';
import { createEncoder } from '../../../heads/retina/encoder.js';
import { golden } from '../../data.js';
import { gridsOf } from './grids.js';

interface Recorded {
  readonly image_size: [number, number];
  readonly gt_boxes_yxyx: readonly (readonly [number, number, number, number][])[];
  readonly gt_classes_1based: readonly (readonly number[])[];
  readonly num_positives: readonly number[];
  /** [level][image]. */
  readonly levels: readonly (readonly {
    positive: readonly number[];
    cls: readonly number[];
    box: readonly number[][];
    shape: readonly number[];
  }[])[];
}

const recorded = golden<Recorded>('heads/labeler_loss.json.gz');
const config = {
  ...DEFAULT_ANCHORS,
  inputSize: recorded.image_size,
  grids: gridsOf(recorded.image_size),
  matchThreshold: 0.5,
} as const;
const A = 3069;

function truthOf(boxes: readonly (readonly number[])[], labels: readonly number[]): DetectionTruth {
  return {
    kind: 'boxes',
    boxes: Float64Array.from(boxes.flat()),
    labels: Int32Array.from(labels),
    ignored: new Uint8Array(labels.length),
    areas: Float64Array.from(boxes, ([x1, y1, x2, y2]) => (x2! - x1!) * (y2! - y1!)),
  };
}

function encode(truth: DetectionTruth) {
  const into = { classes: new Int32Array(A), boxes: new Float32Array(A * 4).fill(7), positives: new Float32Array(1) };
  createEncoder(config).encode(truth, into);
  return into;
}

describe.each([0, 1])('targets of image %i', (image) => {
  const kept = recorded.gt_classes_1based[image]!.map((label, i) => [label, i] as const).filter(([label]) => label > 0);
  const boxes = kept.map(([, i]) => {
    const [y1, x1, y2, x2] = recorded.gt_boxes_yxyx[image]![i]!;
    return [x1, y1, x2, y2];
  });
  const into = encode(
    truthOf(
      boxes,
      kept.map(([label]) => label - 1),
    ),
  );

  it('match the same anchors with the same classes as the reference', () => {
    const expected = new Int32Array(A).fill(-1);
    let first = 0;
    for (const level of recorded.levels) {
      const { shape, positive, cls } = level[image]!;
      positive.forEach((index, i) => {
        expected[first + index] = cls[i]!;
      });
      first += shape.reduce((product, size) => product * size, 1);
    }
    expect([...into.classes]).toEqual([...expected]);
    expect(into.positives[0]).toBe(recorded.num_positives[image]);
  });

  it('hold the same box offsets, and zeros elsewhere', () => {
    let first = 0;
    const rest = new Set(Array.from({ length: A }, (_, i) => i));
    for (const level of recorded.levels) {
      const { shape, positive, box } = level[image]!;
      positive.forEach((index, i) => {
        rest.delete(first + index);
        box[i]!.forEach((value, k) => {
          expect(Math.abs(into.boxes[(first + index) * 4 + k]! - value)).toBeLessThan(2e-6); // float32 rounding of logs
        });
      });
      first += shape.reduce((product, size) => product * size, 1);
    }
    for (const row of rest) expect([...into.boxes.subarray(row * 4, row * 4 + 4)]).toEqual([0, 0, 0, 0]);
  });
});

describe('encoder', () => {
  it('declares the shapes it fills', () => {
    expect(createEncoder(config).targets).toEqual({
      classes: { shape: [A], dtype: 'int32' },
      boxes: { shape: [A, 4], dtype: 'float32' },
      positives: { shape: [], dtype: 'float32' },
    });
  });

  it('makes an image without objects all background', () => {
    const into = encode(truthOf([], []));
    expect(into.classes.every((label) => label === -1)).toBe(true);
    expect(into.boxes.every((value) => value === 0)).toBe(true);
    expect(into.positives[0]).toBe(0);
  });

  it('gives back, decoded, every truth box', () => {
    const random = createRandom([5]);
    const boxes = Array.from({ length: 12 }, () => {
      const [width, height] = [random.uniform(6, 60), random.uniform(6, 60)];
      const [x, y] = [random.uniform(0, 128 - width), random.uniform(0, 128 - height)];
      return [x, y, x + width, y + height];
    });
    const into = encode(
      truthOf(
        boxes,
        boxes.map((_, i) => i),
      ),
    );
    const logits = new Float32Array(A * 12).fill(-20);
    into.classes.forEach((label, i) => {
      if (label >= 0) logits[i * 12 + label] = 20;
    });
    const found = decodeRetina(
      { logits, offsets: into.boxes },
      createAnchors(config),
      { width: 128, height: 128, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 },
      { ...DEFAULT_DECODING, scoreThreshold: 0.5 },
    );
    const matched = new Set(into.classes.filter((label) => label >= 0));
    expect(matched.size).toBeGreaterThanOrEqual(11);
    expect(found.labels.length).toBe(matched.size);
    found.labels.forEach((label, i) => {
      boxes[label]!.forEach((value, k) => {
        expect(Math.abs(found.boxes[i * 4 + k]! - value)).toBeLessThan(1e-3); // float32 offsets of 128 px
      });
    });
  });
});
