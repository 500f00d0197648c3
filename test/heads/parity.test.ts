import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import { createDetector } from '../../heads/index.js';
import { formulaImage } from '../backbones/formula.js';
import { golden } from '../data.js';
import { assignFormula, storedShape } from './formulaWeights.js';
import { compareLevel, type RecordedLevel } from './recordedLevel.js';
import { gridsOf } from './retina/grids.js';

interface ModelGolden {
  readonly gain: number;
  readonly state_dict: readonly string[];
  readonly cases: readonly [
    {
      readonly class_out: readonly RecordedLevel[];
      readonly box_out: readonly RecordedLevel[];
      readonly detections_top20: { readonly value: readonly number[] };
    },
  ];
}

describe.each([
  ['efficientdet-d0', 'heads/tf_efficientdet_d0.json.gz'],
  ['efficientdet-lite0', 'heads/tf_efficientdet_lite0.json.gz'],
] as const)('%s with formula weights', (preset, file) => {
  const recorded = golden<ModelGolden>(file);
  const [example] = recorded.cases;
  const { model, encoder, inputSize } = createDetector({ preset, classes: 90, inputSize: [128, 128] });
  assignFormula(model, recorded.gain);
  const raw = tf.tidy(() => model.forward(tf.tensor4d(formulaImage(128, 128), [1, 128, 128, 3]), { training: false }));
  afterAll(() => {
    tf.dispose(raw);
    model.dispose();
  });

  it('has the names and shapes of the reference state dict', () => {
    const names = [...model.parameters].map(
      ([name, { variable, layout }]) => `${name}|${storedShape(variable.shape, layout)}`,
    );
    const expected = recorded.state_dict.map((line) => line.slice(0, line.lastIndexOf('|')));
    expect(names.sort()).toEqual(expected.sort());
  });

  it.each(['class_out', 'box_out'] as const)('gives %s of all levels', (output) => {
    const values = (output === 'class_out' ? raw.logits : raw.offsets).dataSync() as Float32Array;
    let first = 0;
    const grids = gridsOf(inputSize);
    example[output].forEach((level, i) => {
      const count = grids[i]![0] * grids[i]![1] * level.shape[1];
      compareLevel(values.subarray(first, first + count), level);
      first += count;
    });
    expect(first).toBe(values.length);
  });

  it('gives the same twenty best detections', async () => {
    const placement = { width: 128, height: 128, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };
    const [found] = await model.decode(raw, [placement]);
    const rows = Array.from({ length: 20 }, (_, i) => example.detections_top20.value.slice(i * 6, i * 6 + 6));
    // boxes clipped to nothing are not reported here
    const visible = rows.filter(([x1, y1, x2, y2]) => x2! > x1! && y2! > y1!);
    expect(visible.length).toBeGreaterThan(5);
    // scores this close to 1 tie in float32, so that equals may change places
    const { boxes, scores, labels } = found!;
    for (const [x1, y1, x2, y2, score, label] of visible as [number, number, number, number, number, number][]) {
      const same = [...labels.keys()].filter(
        (i) =>
          labels[i] === label - 1 &&
          Math.abs(scores[i]! - score) < 1e-6 &&
          [x1, y1, x2, y2].every((value, k) => Math.abs(boxes[i * 4 + k]! - value) < 0.01),
      );
      expect(same).toHaveLength(1);
      expect(same[0]).toBeLessThan(20);
    }
  });

  it('names its encoder by address and plain data', () => {
    expect(encoder.module).toMatch(/^file:.*\/heads\/retina\/encoder\.js$/);
    expect(structuredClone(encoder.config)).toEqual(encoder.config);
  });
});
