import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { FeatureMaps, FeatureSpec } from '../../../backbones/features.js';
import { allocateTargets } from '../../../datasets/encoder.js';
import type { DetectionTruth } from '../../../datasets/sample.js';
import { createPoints } from '../../../heads/boxes/points.js';
import { fcosConfig } from '../../../heads/fcos/config.js';
import { decodeFcos } from '../../../heads/fcos/decode.js';
import { createEncoder } from '../../../heads/fcos/encoder.js';
import { createFcosHead, fcosEncoderConfig } from '../../../heads/fcos/head.js';
import { createModel, readModel } from '../../../heads/index.js';
import { giouLoss } from '../../../heads/losses/iou.js';
import { createFPN } from '../../../necks/index.js';
import { runHeadCases } from '../../conformance/head.js';
import { golden } from '../../data.js';
import { assignFormula } from '../formulaWeights.js';
import { symmetric, toChannelsLast } from '../symmetric.js';

interface Recorded {
  readonly gain: number;
  readonly classes: number;
  readonly parameters: readonly string[];
  readonly head: {
    readonly [output: string]: {
      readonly shape: readonly [number, number, number];
      readonly mean: number;
      readonly std: number;
      readonly index: readonly number[];
      readonly value: readonly number[];
    };
  };
}

const truthOf = (boxes: readonly (readonly number[])[], labels: readonly number[], ignored: readonly number[] = []) =>
  ({
    kind: 'boxes',
    boxes: Float64Array.from(boxes.flat()),
    labels: Int32Array.from(labels),
    ignored: Uint8Array.from(labels, (_, i) => ignored[i] ?? 0),
    areas: new Float64Array(labels.length),
  }) satisfies DetectionTruth;

const narrow = Object.fromEntries(
  [3, 4, 5].map((level) => [`P${level}`, { channels: 8, stride: 2 ** level, tap: 'a' }]),
) as unknown as FeatureSpec;

for (const [classes, inputSize] of [
  [1, [64, 90]],
  [3, [64, 64]],
  [91, [32, 32]],
  [1, [1, 1]],
] as const) {
  runHeadCases({
    name: `fcos of ${classes} classes, ${inputSize.join(' x ')}`,
    features: narrow,
    inputSize,
    encoder: createEncoder(fcosEncoderConfig(fcosConfig.parse({ kind: 'fcos' }), narrow, inputSize)),
    truths: [truthOf([[0, 0, inputSize[1], inputSize[0]]], [classes - 1]), truthOf([], [])].slice(0, inputSize[0]),
    create: (frozen) => createFcosHead({ classes, inputSize, groups: 4, repeats: 1, frozen }, narrow),
  });
}

describe('FCOS', () => {
  it("gives torchvision's outputs on all levels, by its parameter names", () => {
    const { gain, classes, parameters, head: outputs } = golden<Recorded>('heads/torchvision_fcos.json.gz');
    const spec = {
      P3: { channels: 512, stride: 8, tap: 'layer2' },
      P4: { channels: 1024, stride: 16, tap: 'layer3' },
      P5: { channels: 2048, stride: 32, tap: 'layer4' },
    };
    const neck = createFPN({ levels: ['P3', 'P4', 'P5', 'P6', 'P7'] }, spec);
    const options = { classes, inputSize: [128, 192], regression: 'relu', levelScales: false } as const;
    const head = createFcosHead(options, neck.features);
    const named = [...head.parameters.keys()].map((name) => `head.${name}`);
    const names = parameters.map((line) => line.slice(0, line.indexOf('|')));
    expect(named.sort()).toEqual(names.filter((name) => name.startsWith('head.')).sort());
    assignFormula(neck, gain, 'backbone.fpn.');
    assignFormula(head, gain, 'head.');
    tf.tidy(() => {
      const maps = ([512, 1024, 2048] as const).map((channels, i) => {
        const [height, width] = [16 >> i, 24 >> i];
        const values = symmetric(`tvfeat_${i}`, channels * height * width);
        return tf.tensor4d(toChannelsLast(values, channels, height * width), [1, height, width, channels]);
      });
      const input = { P3: maps[0], P4: maps[1], P5: maps[2] } as FeatureMaps<'P3' | 'P4' | 'P5'>;
      const raw = head.forward(neck.forward(input, { training: false }), { training: false });
      const found = { cls_logits: raw.logits, bbox_regression: raw.distances, bbox_ctrness: raw.centerness };
      for (const [name, output] of Object.entries<tf.Tensor>(found)) {
        const { shape, mean, std, index, value } = outputs[name] as Recorded['head'][string];
        const values = output.dataSync() as Float32Array;
        expect(values.length).toBe(shape[0] * shape[1] * shape[2]);
        index.forEach((at, i) => {
          expect(Math.abs(values[at]! - value[i]!), name).toBeLessThanOrEqual(5e-4 * std);
        });
        expect(Math.abs(values.reduce((sum, each) => sum + each, 0) / values.length - mean)).toBeLessThan(1e-4 * std);
      }
    });
    neck.dispose();
    head.dispose();
  });

  it('gives a place to the smallest object it is near the centre of, on the map of its size', () => {
    const grids = [
      { height: 8, width: 8, stride: 8 },
      { height: 4, width: 4, stride: 16 },
    ];
    const encode = (truth: DetectionTruth, radius: number | null = 1.5) => {
      const encoder = createEncoder({ grids, radius, range: 3 }); // distances up to 24 pixels on the finer map
      const targets = allocateTargets(encoder.targets);
      encoder.encode(truth, targets);
      return targets;
    };
    // 32 x 16 pixels around (20, 20): within 12 pixels of the centre on the finer map
    const small = encode(truthOf([[4, 12, 36, 28]], [1]));
    const found = [...small.classes].flatMap((label, place) => (label >= 0 ? [place] : []));
    expect(found).toEqual([17, 18, 19, 64 + 4]); // the last is 28 pixels from the right side: of the coarser map
    expect(small.positives[0]).toBe(found.length);
    const place = 2 * 8 + 2; // its middle is (20, 20)
    expect([...small.distances.subarray(place * 4, place * 4 + 4)]).toEqual([2, 1, 2, 1]);
    expect(small.centerness[place]).toBe(1);
    expect(small.centerness[place + 1]).toBeCloseTo(Math.sqrt(8 / 24), 6); // 24 and 8 pixels to the sides, 8 and 8 up and down
    // a larger box around it keeps only what the smaller one does not take; it is of the coarser map
    const both = encode(
      truthOf(
        [
          [0, 0, 60, 60],
          [4, 12, 36, 28],
        ],
        [0, 1],
      ),
      null,
    );
    expect(both.classes[place]).toBe(1);
    expect(both.classes.subarray(0, 64).includes(0)).toBe(false); // its sides are 30 pixels away at the least
    expect(both.classes.subarray(64).includes(0)).toBe(true);
    const ignored = encode(truthOf([[0, 0, 64, 64]], [0], [1]));
    expect([...ignored.classes].every((label) => label === -2)).toBe(true);
    expect(ignored.positives[0]).toBe(0);
  });

  it('has a box loss of known values and slopes', () => {
    tf.tidy(() => {
      const truth = tf.tensor2d([
        [1, 1, 1, 1],
        [1, 1, 1, 1],
        [2, 2, 0, 0],
      ]);
      const predicted = tf.tensor2d([
        [1, 1, 1, 1],
        [2, 1, 2, 1],
        [0, 0, 2, 2],
      ]);
      // the same; IoU 4 / 8, box around both no larger; no overlap: 1 + (16 - 8) / 16
      expect([...giouLoss(predicted, truth).dataSync()].map((value) => Number(value.toFixed(5)))).toEqual([
        0, 0.5, 1.5,
      ]);
      const at = [0.7, 1.2, 1.6, 0.4];
      const loss = (x: tf.Tensor) => tf.sum(giouLoss(x, tf.tensor1d([1, 1, 1, 1])));
      const gradient = tf.grad(loss)(tf.tensor1d(at)).dataSync();
      at.forEach((value, i) => {
        const [up, down] = [1e-2, -1e-2].map((shift) => loss(tf.tensor1d(at.with(i, value + shift))).dataSync()[0]!);
        expect(gradient[i]).toBeCloseTo((up! - down!) / 2e-2, 3);
      });
    });
  });

  it('finds again what its encoder wrote', () => {
    const grids = [{ height: 8, width: 8, stride: 8 }];
    const encoder = createEncoder({ grids, radius: 1.5, range: 8 });
    const targets = allocateTargets(encoder.targets);
    encoder.encode(
      truthOf(
        [
          [4, 12, 36, 28],
          [40, 40, 64, 64],
        ],
        [1, 0],
      ),
      targets,
    );
    const taught = encoder.decode?.(targets);
    expect([...(taught?.labels ?? [])]).toEqual([1, 0]);
    expect([...(taught?.boxes ?? [])].map(Math.round)).toEqual([4, 12, 36, 28, 40, 40, 64, 64]);
    const logits = new Float32Array(64 * 2).fill(-20);
    targets.classes.forEach((label, place) => {
      if (label >= 0) logits[place * 2 + label] = 20;
    });
    const centerness = targets.centerness.map((value) => (value === 1 ? 20 : Math.log(value / (1 - value) + 1e-9)));
    const placement = { width: 32, height: 32, scaleX: 2, scaleY: 2, offsetX: 0, offsetY: 0 };
    const options = fcosConfig.parse({ kind: 'fcos' }).decode;
    const found = decodeFcos(
      { logits, distances: targets.distances, centerness },
      createPoints({ grids }),
      placement,
      options,
    );
    expect([...found.labels].sort()).toEqual([0, 1]);
    const boxes = [0, 1].map((i) => [...found.boxes.subarray(i * 4, i * 4 + 4)]);
    expect(boxes).toEqual(
      expect.arrayContaining([
        [2, 6, 18, 14],
        [20, 20, 32, 32],
      ]),
    );
  });

  it('is a head by its name alone, on an FPN', () => {
    const config = readModel({ head: 'fcos', neck: { kind: 'fpn', channels: 32 }, inputSize: [64, 64] }, 'retina');
    expect([config.head.kind, config.neck.kind]).toEqual(['fcos', 'fpn']);
    const { model } = createModel(config, { classes: 2 });
    const raw = tf.tidy(() => model.forward(tf.zeros([1, 64, 64, 3]), { training: false })) as unknown as {
      readonly [name: string]: tf.Tensor;
    };
    expect(raw.logits?.shape).toEqual([1, 64 + 16 + 4 + 1 + 1, 2]);
    tf.dispose(raw);
    model.dispose();
    expect(() => createFcosHead({ classes: 2, inputSize: [64, 64], groups: 3 }, narrow)).toThrow(
      "8 channels cannot be split into 3 groups: set the head's groups to a divisor of 8",
    );
  });
});
