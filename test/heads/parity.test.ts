import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import type { ParameterLayout } from '../../backbones/module.js';
import { gridSizes } from '../../heads/detection/anchors.js';
import { createDetector } from '../../heads/detector.js';
import { formulaImage, formulaKind, formulaValues } from '../backbones/formula.js';
import { golden } from '../data.js';

interface Recorded {
  /** [N, C, H, W]; the indices and values are row-major in it. */
  readonly shape: [number, number, number, number];
  readonly mean: number;
  readonly std: number;
  readonly index: readonly number[];
  readonly value: readonly number[];
  readonly f32_maxabs: number;
}
interface ModelGolden {
  readonly gain: number;
  readonly state_dict: readonly string[];
  readonly cases: readonly [
    {
      readonly bifpn: readonly Recorded[];
      readonly class_out: readonly Recorded[];
      readonly box_out: readonly Recorded[];
      readonly detections_top20: { readonly value: readonly number[] };
    },
  ];
}

/** The shape a parameter has in a PyTorch state dict. */
function stored(shape: readonly number[], layout: ParameterLayout): readonly number[] {
  const [a, b, c, d] = shape as [number, number, number, number];
  if (layout === 'convolution') return [d, c, a, b];
  return layout === 'depthwise' ? [c, d, a, b] : shape;
}

function fromStored(values: Float32Array, shape: readonly number[], layout: ParameterLayout): tf.Tensor {
  const tensor = tf.tensor(values, [...stored(shape, layout)]);
  if (layout === 'convolution') return tf.transpose(tensor, [2, 3, 1, 0]);
  return layout === 'depthwise' ? tf.transpose(tensor, [2, 3, 0, 1]) : tensor;
}

describe.each([
  ['efficientdet-d0', 'heads/tf_efficientdet_d0.json.gz'],
  ['efficientdet-lite0', 'heads/tf_efficientdet_lite0.json.gz'],
] as const)('%s with formula weights', (preset, file) => {
  const recorded = golden<ModelGolden>(file);
  const [example] = recorded.cases;
  const { model, encoder, inputSize } = createDetector({ preset, classes: 90, inputSize: [128, 128] });
  for (const [name, parameter] of model.parameters) {
    const { variable, layout } = parameter;
    const values = formulaValues(name, stored(variable.shape, layout), formulaKind(name, parameter), recorded.gain);
    tf.tidy(() => variable.assign(fromStored(values, variable.shape, layout)));
  }
  const raw = tf.tidy(() => model.forward(tf.tensor4d(formulaImage(128, 128), [1, 128, 128, 3]), { training: false }));
  afterAll(() => {
    tf.dispose(raw);
    model.dispose();
  });

  it('has the names and shapes of the reference state dict', () => {
    const names = [...model.parameters].map(
      ([name, { variable, layout }]) => `${name}|${stored(variable.shape, layout)}`,
    );
    const expected = recorded.state_dict.map((line) => line.slice(0, line.lastIndexOf('|')));
    expect(names.sort()).toEqual(expected.sort());
  });

  /** float32 against float64: a hundredth of a deliberate mistake's effect, plus the noise of a correct network. */
  function compare(values: Float32Array, { shape, index, value, std, mean, f32_maxabs }: Recorded): void {
    const [, channels, height, width] = shape;
    const cells = height * width;
    const tolerance = 2e-4 * std + 20 * f32_maxabs;
    expect(values.length).toBe(channels * cells);
    index.forEach((at, i) => {
      const c = Math.floor(at / cells);
      expect(Math.abs(values[(at % cells) * channels + c]! - value[i]!)).toBeLessThanOrEqual(tolerance);
    });
    const average = values.reduce((sum, x) => sum + x, 0) / values.length;
    expect(Math.abs(average - mean)).toBeLessThanOrEqual(tolerance);
  }

  it.each(['class_out', 'box_out'] as const)('gives %s of all levels', (output) => {
    const values = (output === 'class_out' ? raw.logits : raw.offsets).dataSync() as Float32Array;
    let first = 0;
    const grids = gridSizes({ inputSize, strides: [8, 16, 32, 64, 128] });
    example[output].forEach((level, i) => {
      const count = grids[i]![0] * grids[i]![1] * level.shape[1];
      compare(values.subarray(first, first + count), level);
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
    expect(encoder.module).toMatch(/^file:.*\/dist\/heads\/detection\/encoder\.js$/);
    expect(structuredClone(encoder.config)).toEqual(encoder.config);
  });
});
