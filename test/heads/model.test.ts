import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type Backbone, createBackbone, createEfficientNet } from '../../backbones/index.js';
import type { TargetTypes } from '../../datasets/encoder.js';
import { assemble, createDetector, createRetinaHead, type Head, reduceLosses } from '../../heads/index.js';
import { bifpnConfig, createBiFPN, createSimplePyramid, type Neck } from '../../necks/index.js';

const neckConfig = {
  ...bifpnConfig.parse({ kind: 'bifpn', channels: 8, repeats: 1 }),
  levels: ['P3', 'P4', 'P5'],
} as const;
const headConfig = { classes: 2, inputSize: [64, 64], repeats: 1 } as const;
const backboneOf = (arch: 'tf_efficientnet_lite0' | 'tf_efficientnet_lite2' | 'tf_efficientnet_lite3') =>
  createEfficientNet({ arch, levels: ['P3', 'P4', 'P5'], frozen: 'none', seed: 1 });

describe('assemble', () => {
  it('joins parameters under the names of the reference, and frees all three parts', () => {
    const before = tf.memory().numTensors;
    const backbone = backboneOf('tf_efficientnet_lite0');
    const neck = createBiFPN(neckConfig, backbone.features);
    const head = createRetinaHead(headConfig, neck.features);
    const model = assemble(backbone, neck, head);
    expect(model.parameters.size).toBe(backbone.parameters.size + neck.parameters.size + head.parameters.size);
    expect(model.parameters.has('backbone.conv_stem.weight')).toBe(true);
    expect(model.parameters.has('fpn.cell.0.fnode.3.after_combine.conv.conv_dw.weight')).toBe(true);
    expect(model.parameters.has('class_net.predict.conv_pw.bias')).toBe(true);
    expect(model.preprocessing).toEqual(backbone.preprocessing);
    model.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('joins a head to a backbone without a neck, with the maps of the backbone', () => {
    const before = tf.memory().numTensors;
    const backbone = backboneOf('tf_efficientnet_lite0');
    const { P5 } = backbone.features;
    const head: Head<'P5', tf.Tensor2D, TargetTypes, number> = {
      inputs: { P5 },
      parameters: new Map(),
      dispose: () => {},
      forward: (maps) => tf.mean<tf.Tensor2D>(maps.P5, [1, 2]),
      loss: () => ({}),
      decode: async (raw) => [...(await raw.data())],
    };
    const model = assemble(backbone, head);
    expect([...model.parameters.keys()]).toEqual([...backbone.parameters.keys()].map((name) => `backbone.${name}`));
    const image = tf.ones<tf.Rank.R4>([1, 64, 64, 3]);
    const pass = { training: false };
    const own = tf.tidy(() => tf.mean(backbone.forward(image, pass).P5, [1, 2]));
    const joined = model.forward(image, pass);
    expect([...joined.dataSync()]).toEqual([...own.dataSync()]);
    expect(joined.shape).toEqual([1, P5.channels]);
    const wide = backboneOf('tf_efficientnet_lite2');
    expect(() => assemble(wide, head)).toThrow(
      'P5 has 352 channels, the head expects 320: build the head from backbone.features',
    );
    tf.dispose([image, own, joined]);
    for (const part of [wide, model]) part.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses a neck that was built for another backbone, naming level, both widths and the remedy', () => {
    const [small, large] = [backboneOf('tf_efficientnet_lite0'), backboneOf('tf_efficientnet_lite3')];
    const neck = createBiFPN(neckConfig, large.features);
    const head = createRetinaHead(headConfig, neck.features);
    expect(() => assemble(small, neck, head)).toThrow(
      'P3 has 40 channels, the neck expects 48: build the neck from backbone.features',
    );
    for (const part of [small, large, neck, head]) part.dispose();
  });

  it('refuses a head that was built for another neck', () => {
    const backbone = backboneOf('tf_efficientnet_lite0');
    const neck = createBiFPN(neckConfig, backbone.features);
    const wide = createBiFPN({ ...neckConfig, channels: 16 }, backbone.features);
    const head = createRetinaHead(headConfig, wide.features);
    expect(() => assemble(backbone, neck, head)).toThrow(
      'P3 has 8 channels, the head expects 16: build the head from neck.features',
    );
    for (const part of [backbone, neck, wide, head]) part.dispose();
  });
});

it('a vision transformer detects through a simple pyramid', () => {
  const backbone = createBackbone({ arch: 'vit_tiny_patch16_224', frozen: 'none', seed: 1 });
  const neck = createSimplePyramid({ levels: ['P3', 'P4', 'P5'], channels: 8 }, backbone.features);
  const model = assemble(backbone, neck, createRetinaHead(headConfig, neck.features));
  tf.tidy(() => {
    const { logits, offsets } = model.forward(tf.zeros([2, 64, 64, 3]), { training: true });
    const anchors = (8 * 8 + 4 * 4 + 2 * 2) * 9;
    expect(logits.shape).toEqual([2, anchors, 2]);
    expect(offsets.shape).toEqual([2, anchors, 4]);
  });
  model.dispose();
});

it('levels that do not fit do not compile', () => {
  const join = (
    backbone: Backbone<'P3' | 'P4'>,
    neck: Neck<'P2' | 'P3', 'P3'>,
    head: Head<'P3', tf.Tensor, TargetTypes, string>,
  ) =>
    // @ts-expect-error the neck reads P2, the backbone gives P3 and P4
    assemble(backbone, neck, head);
  expect(join).toBeTypeOf('function');
});

describe('detector', () => {
  it('names every setting that is out of range', () => {
    const before = tf.memory().numTensors;
    const preset = 'efficientdet-lite0';
    expect(() => createDetector({ preset, classes: 2, head: { repeats: 99, decode: { iouThreshold: 2 } } })).toThrow(
      /^model: head\.repeats: .*; head\.decode\.iouThreshold: /,
    );
    expect(tf.memory().numTensors).toBe(before);
  });

  it('refuses images of another size than it was built for, with both shapes', () => {
    const { model } = createDetector({ preset: 'efficientdet-lite0', classes: 2, inputSize: [64, 64] });
    tf.tidy(() => {
      expect(() => model.forward(tf.zeros([1, 64, 96, 3]), { training: false })).toThrow(
        'P3 is [8,12,64], the detection head expects [8,8,64] for an input of 64 x 64 pixels',
      );
    });
    model.dispose();
  });

  it('loses loss over a few steps of gradient descent', () => {
    const { model } = createDetector({
      preset: 'efficientdet-lite0',
      classes: 2,
      inputSize: [64, 64],
      backbone: { frozen: 'all' },
    });
    const images = tf.randomUniform<tf.Rank.R4>([1, 64, 64, 3], -1, 1, 'float32', 1);
    const anchors = 9 * (64 + 16 + 4 + 1 + 1);
    const classes = new Int32Array(anchors).fill(-1).fill(1, 100, 109);
    const targets = {
      classes: tf.tensor2d(classes, [1, anchors], 'int32'),
      boxes: tf.zeros<tf.Rank.R3>([1, anchors, 4]),
      positives: tf.tensor1d([9]),
    };
    const optimizer = tf.train.sgd(0.05);
    const trainable = [...model.parameters.values()].map((p) => p.variable).filter((variable) => variable.trainable);
    const totals = Array.from({ length: 6 }, () => {
      const cost = () => reduceLosses(model.loss(model.forward(images, { training: true }), targets)).total;
      const total = optimizer.minimize(cost, true, trainable)!;
      const [value] = total.dataSync();
      total.dispose();
      return value!;
    });
    expect(totals[5]).toBeLessThan(totals[0]! * 0.9);
    optimizer.dispose();
    tf.dispose([images, Object.values(targets)] as tf.TensorContainer);
    model.dispose();
  });
});
