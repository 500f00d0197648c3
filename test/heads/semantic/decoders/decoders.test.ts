import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { FeatureMaps, FeatureSpec } from '../../../../backbones/features.js';
import { reduceLosses } from '../../../../heads/losses/term.js';
import { createSemanticDecoderHead, type SemanticDecoderOptions } from '../../../../heads/semantic/decoderHead.js';
import {
  DECODER_KINDS,
  type DecoderKind,
  decoderConfig,
  decoderLevels,
} from '../../../../heads/semantic/decoders/index.js';
import { createEncoder } from '../../../../heads/semantic/encoder.js';
import { runHeadCases } from '../../../conformance/head.js';
import { randomMaps } from '../../../conformance/neck.js';

const level = (channels: number, stride: number) => ({ channels, stride, tap: '' });
const features = {
  P1: level(4, 2),
  P2: level(6, 4),
  P3: level(8, 8),
  P4: level(10, 16),
  P5: level(12, 32),
} as FeatureSpec;

/** Narrow, and without dropout, which draws from a seed that these passes do not have. */
const SMALL: { readonly [K in DecoderKind]: object } = {
  unet: { channels: [8, 8, 6, 6, 4], attention: 'scse' },
  unetplusplus: { channels: [8, 8, 6, 6, 4] },
  fpn: { pyramidChannels: 8, segmentationChannels: 32, dropout: 0 },
  deeplabv3: { channels: 8, dropout: 0 },
  deeplabv3plus: { channels: 8, dropout: 0 },
  pspnet: { channels: 8, dropout: 0 },
  pan: { channels: 8 },
  linknet: {},
  manet: { channels: [8, 8, 6, 6, 4], pabChannels: 4 },
  upernet: { channels: 8 },
  'segformer-mlp': { channels: 8 },
  lraspp: { channels: 8 },
};

const configOf = (
  kind: DecoderKind,
  more: Partial<SemanticDecoderOptions> = {},
  decoder: object = {},
): SemanticDecoderOptions => ({
  decoder: { kind, ...SMALL[kind], ...decoder } as SemanticDecoderOptions['decoder'],
  classes: 3,
  inputSize: [64, 64],
  ...more,
});
const truth = (height: number, width: number, classes: number) => ({
  kind: 'classMap' as const,
  mask: new Uint8Array(height * width).map((_, i) => i % Math.max(2, classes)),
  width,
  height,
});

for (const kind of DECODER_KINDS) {
  const inputSize = [45, 70] as const; // no stride divides it
  runHeadCases({
    name: `${kind} on an odd size`,
    features,
    inputSize,
    encoder: createEncoder({ inputSize }),
    truths: [truth(45, 70, 3), { ...truth(45, 70, 3), mask: new Uint8Array(45 * 70).fill(255) }],
    create: (frozen) => createSemanticDecoderHead(configOf(kind, { inputSize: [...inputSize], frozen }), features),
  });
}

describe.each(DECODER_KINDS)('%s', (kind) => {
  it('gives logits on the grid of the input, and reads no more maps than it names', () => {
    const config = configOf(kind, { classes: 1 });
    const head = createSemanticDecoderHead(config, features);
    expect(Object.keys(head.inputs)).toEqual(decoderLevels(decoderConfig.parse(config.decoder), features));
    tf.tidy(() => {
      const maps = randomMaps(features, 1, [64, 64]);
      const own = Object.fromEntries(Object.keys(head.inputs).map((name) => [name, maps[name as 'P1']]));
      expect(head.forward(own as FeatureMaps, { training: false }).logits.shape).toEqual([1, 64, 64, 1]);
    });
    head.dispose();
  });

  it('computes the smallest images, of one pixel', () => {
    const head = createSemanticDecoderHead(configOf(kind, { inputSize: [1, 1] }), features);
    tf.tidy(() => {
      const { logits } = head.forward(randomMaps(features, 1, [1, 1]), { training: false });
      expect(logits.shape).toEqual([1, 1, 1, 3]);
      expect(logits.dataSync().every(Number.isFinite)).toBe(true);
    });
    head.dispose();
  });

  it('is described by a config that names misspelt settings', () => {
    expect(decoderConfig.safeParse({ kind }).success).toBe(true);
    expect(decoderConfig.safeParse({ kind, widht: 3 }).success).toBe(false);
  });
});

describe('a decoder head', () => {
  it('answers one class against the background by the sign of its logit', async () => {
    const head = createSemanticDecoderHead(configOf('pspnet', { classes: 1, inputSize: [2, 2] }), features);
    const logits = tf.tensor4d([-1, 2, 3, -4], [1, 2, 2, 1]);
    const placement = { width: 2, height: 2, scaleX: 1, scaleY: 1, offsetX: 0, offsetY: 0 };
    const [map] = await head.decode({ logits }, [placement]);
    expect([...(map?.mask ?? [])]).toEqual([0, 1, 1, 0]);
    const targets = { mask: tf.tensor3d([0, 1, 1, 0], [1, 2, 2], 'int32') };
    const { crossEntropy } = reduceLosses(head.loss({ logits }, targets));
    const expected = [1, 2, 3, 4].reduce((sum, margin) => sum + Math.log1p(Math.exp(-margin)) / 4, 0);
    expect(crossEntropy?.dataSync()[0]).toBeCloseTo(expected, 5);
    head.dispose();
  });

  it('answers for whole images, and learns from the classes that a mask shows', () => {
    const auxiliary = { classes: 3, dropout: 0, weight: 0.5 };
    const head = createSemanticDecoderHead(configOf('fpn', { auxiliary, inputSize: [2, 2] }), features);
    expect(head.parameters.get('classification_head.3.weight')?.variable.shape).toEqual([12, 3]);
    tf.tidy(() => {
      const logits = tf.zeros<tf.Rank.R4>([1, 2, 2, 3]);
      const image = tf.tensor2d([[1, -2, 3]]);
      const targets = { mask: tf.tensor3d([0, 2, -1, 0], [1, 2, 2], 'int32') };
      const losses = reduceLosses(head.loss({ logits, image }, targets));
      const loss = (x: number, shown: number) => Math.log1p(Math.exp(shown ? -x : x));
      const expected = (loss(1, 1) + loss(-2, 0) + loss(3, 1)) / 3;
      expect(losses.image?.dataSync()[0]).toBeCloseTo(expected, 5);
      const plain = reduceLosses(head.loss({ logits }, targets)).total.dataSync()[0] as number;
      expect(losses.total?.dataSync()[0]).toBeCloseTo(plain + 0.5 * expected, 5);
    });
    head.dispose();
  });

  it('says which targets an auxiliary answer of other classes needs', () => {
    const auxiliary = { classes: 4, dropout: 0 };
    const head = createSemanticDecoderHead(configOf('fpn', { auxiliary, inputSize: [2, 2] }), features);
    tf.tidy(() => {
      const raw = { logits: tf.zeros<tf.Rank.R4>([1, 2, 2, 3]), image: tf.zeros<tf.Rank.R2>([1, 4]) };
      const mask = tf.zeros<tf.Rank.R3>([1, 2, 2], 'int32');
      expect(() => head.loss(raw, { mask })).toThrow(
        "the auxiliary answer has 4 classes, the class map 3: give both as many, or targets called 'image' of [N, 4]",
      );
      expect(
        reduceLosses(
          head.loss(raw, { mask, image: tf.ones([1, 4]) } as Parameters<typeof head.loss>[1]),
        ).image?.dataSync()[0],
      ).toBeCloseTo(Math.log(2), 5);
    });
    head.dispose();
  });

  it.each(['unet', 'unetplusplus', 'manet', 'linknet'] as const)('supervises the coarser maps of %s', (kind) => {
    const head = createSemanticDecoderHead(configOf(kind, { deepSupervision: true }), features);
    tf.tidy(() => {
      const maps = randomMaps(features, 1, [64, 64]);
      const raw = head.forward(maps, { training: true });
      const sides = [0, 1, 2, 3].map((i) => raw[`deep${i}`]?.shape[1]);
      expect(sides).toEqual(kind === 'unetplusplus' ? [32, 32, 32, undefined] : [32, 16, 8, undefined]);
      const mask = tf.zeros<tf.Rank.R3>([1, 64, 64], 'int32');
      const variables = [...head.parameters.values()].map((p) => p.variable).filter((variable) => variable.trainable);
      const { grads } = tf.variableGrads(
        () => reduceLosses(head.loss(head.forward(maps, { training: true }), { mask })).total,
        variables,
      );
      const sums = Object.values(grads).map((gradient) => tf.sum(tf.abs(gradient)).dataSync()[0] as number);
      expect(sums.every(Number.isFinite)).toBe(true);
      for (const i of [0, 1, 2]) {
        const name = head.parameters.get(`deep_supervision.${i}.bias`)?.variable.name ?? '';
        expect(grads[name] && tf.sum(tf.abs(grads[name])).dataSync()[0]).toBeGreaterThan(0);
      }
    });
    head.dispose();
  });

  it('weighs the predictions on the way, and makes none that has no weight', () => {
    const given = { deepSupervision: true, stageWeights: [2, 1, 0, 0, 0], loss: { dice: { weight: 0 } } };
    const head = createSemanticDecoderHead(configOf('unet', given), features);
    const predictions = [...head.parameters.keys()].filter((name) => name.startsWith('deep_supervision'));
    expect(predictions).toEqual(['deep_supervision.0.weight', 'deep_supervision.0.bias']);
    tf.tidy(() => {
      const raw = { logits: tf.zeros<tf.Rank.R4>([1, 4, 4, 3]), deep0: tf.zeros<tf.Rank.R4>([1, 2, 2, 3]) };
      const loud = { ...raw, deep0: tf.tensor4d([0, 0, 0, 9, 0, 0, 0, 0, 0, 0, 0, 0], [1, 2, 2, 3]) };
      const mask = tf.zeros<tf.Rank.R3>([1, 4, 4], 'int32');
      const [even, uneven] = [raw, loud].map(
        (given) => reduceLosses(head.loss(given, { mask })).total.dataSync()[0] as number,
      );
      expect(even).toBeCloseTo(Math.log(3), 5);
      const certain = Math.log(2 + Math.exp(9)) - 0; // the first cell says class 0
      const cell = certain - 9;
      expect(uneven).toBeCloseTo((2 / 3) * Math.log(3) + (1 / 3) * ((3 * Math.log(3) + cell) / 4), 5);
    });
    head.dispose();
  });

  it('refuses what does not fit, with both values and the remedy', () => {
    const before = tf.memory().numTensors;
    const build = (
      kind: DecoderKind,
      more: Partial<SemanticDecoderOptions>,
      decoder = {},
      given: Partial<FeatureSpec> = features,
    ) => createSemanticDecoderHead(configOf(kind, more, decoder), given);
    expect(() => build('unet', { loss: { crossEntropy: { classWeights: [1] } } })).toThrow(
      'classWeights has 1 values for 3 classes',
    );
    expect(() => build('unet', { deepSupervision: true, stageWeights: [1, 1] })).toThrow(
      'stageWeights has 2 values, the decoder makes a class map and 4 coarser ones: give 5',
    );
    expect(() => build('unet', { loss: { crossEntropy: { weight: 0 }, dice: { weight: 0 } } })).toThrow(
      'every weight is 0, so that nothing is learned: give one term a weight',
    );
    expect(() => build('unet', {}, { depth: 4 })).toThrow('unet of depth 4 has 4 steps, channels has 5 widths');
    expect(() => build('pan', { deepSupervision: true })).toThrow('the decoder pan makes none on its way');
    const { P5: _, ...shallow } = features;
    expect(() => build('upernet', {}, {}, shallow)).toThrow('upernet needs P5, the backbone gives P1, P2, P3, P4');
    expect(tf.memory().numTensors).toBe(before);
  });

  it('reads backbones that have no P1', () => {
    const { P1: _, ...coarse } = features;
    for (const kind of ['unet', 'unetplusplus', 'manet', 'linknet', 'segformer-mlp'] as const) {
      const head = createSemanticDecoderHead(configOf(kind), coarse);
      tf.tidy(() => {
        const { logits } = head.forward(randomMaps(coarse as FeatureSpec, 1, [64, 64]), { training: false });
        expect(logits.shape).toEqual([1, 64, 64, 3]);
      });
      head.dispose();
    }
  });

  it('takes every norm and interpolation', () => {
    const ways = ['nearest', 'nearest-exact', 'bilinear', 'bicubic', 'area'] as const;
    const norms = ['identity', 'layernorm', 'instancenorm', { type: 'instancenorm', affine: true }, 'inplace'] as const;
    for (const [i, interpolation] of ways.entries()) {
      const head = createSemanticDecoderHead(configOf('unet', {}, { interpolation, norm: norms[i] }), features);
      expect(head.parameters.has('decoder.blocks.0.conv1.0.bias')).toBe(norms[i] === 'identity');
      expect(head.parameters.has('decoder.blocks.0.conv1.1.weight')).toBe(i !== 0 && i !== 2);
      tf.tidy(() => {
        const { logits } = head.forward(randomMaps(features, 1, [32, 32]), { training: false });
        expect(logits.dataSync().every(Number.isFinite)).toBe(true);
      });
      head.dispose();
    }
  });

  it('leaves a factor of its own to the output, and decodes it all the same', async () => {
    const head = createSemanticDecoderHead(configOf('upernet', { upsampling: 1 }), features);
    const raw = tf.tidy(() => head.forward(randomMaps(features, 1, [64, 64]), { training: false }));
    expect(raw.logits.shape).toEqual([1, 16, 16, 3]);
    const placement = { width: 10, height: 7, scaleX: 6.4, scaleY: 6.4, offsetX: 0, offsetY: 0 };
    expect((await head.decode(raw, [placement]))[0]?.mask).toHaveLength(70);
    tf.dispose(raw as unknown as tf.Tensor);
    head.dispose();
  });
});
