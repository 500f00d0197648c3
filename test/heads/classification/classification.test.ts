import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { architectureOf, type BackboneArch, createClassifier, featuresOf } from '../../../backbones/index.js';
import { createEncoder } from '../../../heads/classification/encoder.js';
import { createClassificationHead } from '../../../heads/classification/head.js';
import { classificationLoss } from '../../../heads/classification/loss.js';
import { createModel } from '../../../heads/createModel.js';
import { HEADS, type HeadInput } from '../../../heads/index.js';
import { reduceLosses } from '../../../heads/losses/term.js';
import { readModel } from '../../../heads/modelConfig.js';
import { loadFile } from '../../../pretrained/load.js';
import { serializeWeights } from '../../../pretrained/save.js';
import { openWeights } from '../../../weights/openWeights.js';
import { loadFormulaWeights } from '../../backbones/formulaWeights.js';
import { runHeadCases } from '../../conformance/head.js';

const ARCH = 'tf_efficientnet_lite0';
const architecture = architectureOf('resnet18');
const { P5 } = featuresOf(architecture.stages);
const features = { P5 } as Parameters<typeof createClassificationHead>[1];

for (const [classes, multiLabel] of [
  [2, false],
  [300, false],
  [1, true],
] as const) {
  runHeadCases({
    name: `${classes} classes${multiLabel ? ', any number at once' : ''}`,
    features: features as never,
    inputSize: [64, 96],
    encoder: createEncoder({ classes, multiLabel }),
    truths: [classes - 1, 0].map((label) => ({ kind: 'labels' as const, labels: Int32Array.of(label) })),
    create: (frozen) => createClassificationHead({ classes, multiLabel, frozen, dropout: 0, architecture }, features),
  });
}

const model = (head: HeadInput = {}, classes = 3, arch: BackboneArch = ARCH) =>
  createModel(
    readModel(
      { backbone: arch, inputSize: [64, 64], head: { kind: 'classification', ...head } as HeadInput },
      'classification',
    ),
    {
      classes,
    },
  ).model;

describe('backbone and head', () => {
  it('are the published classifier: its weights fill both, and the logits are the same', async () => {
    const published = createClassifier({ arch: ARCH, classes: 3, frozen: 'all', seed: 9 });
    loadFormulaWeights(published, 1.5);
    const own = model();
    const report = loadFile(own, openWeights(await serializeWeights(published)), 'published');
    expect([report.missing, report.reshaped, report.into]).toEqual([[], [], 'network']);
    const images = tf.randomUniform<tf.Rank.R4>([2, 64, 64, 3], -1, 1, 'float32', 4);
    const [expected, found] = [published, own].map((network) =>
      tf.tidy(() => (network.forward(images, { training: false }) as tf.Tensor2D).dataSync()),
    );
    expect(found).toEqual(expected);
    tf.dispose(images);
    published.dispose();
    own.dispose();
  });

  it('of other classes keep their classifier and take the rest; a run of their own fills all', async () => {
    const published = createClassifier({ arch: ARCH, classes: 5, frozen: 'all', seed: 9 });
    const own = model();
    const report = loadFile(own, openWeights(await serializeWeights(published)), 'published');
    expect(report.reshaped.map(({ name }) => name)).toEqual(['classifier.weight', 'classifier.bias']);
    expect(report.loaded).toContain('conv_head.weight');
    const again = model();
    const copied = loadFile(again, openWeights(await serializeWeights(own)), 'run');
    expect([copied.missing, copied.loaded.length]).toEqual([[], own.parameters.size]);
    for (const network of [published, own, again]) network.dispose();
  });

  it('pool the map themselves where asked, or where the published classifier reads a token', () => {
    for (const network of [model({ pooling: 'max' } as HeadInput), model({}, 3, 'resnet18')]) network.dispose();
    expect(HEADS.classification.defaults(architectureOf('vit_tiny_patch16_224')).head).toMatchObject({
      pooling: 'avg',
    });
    expect(() =>
      createClassificationHead({ classes: 2, architecture: architectureOf('vit_tiny_patch16_224') }, features),
    ).toThrow(/reads more than its last map: write pooling: avg/);
  });

  it('refuse one class alone and weights of other classes', () => {
    expect(() => model({}, 1)).toThrow(/with 1 class there is nothing to tell apart/);
    expect(() => model({ classWeights: [1, 2] } as HeadInput)).toThrow(/classWeights has 2 values for 3 classes/);
  });
});

describe('the loss', () => {
  const lossOf = (
    logits: number[][],
    targets: number[][],
    options: Partial<Parameters<typeof classificationLoss>[2]>,
  ) =>
    tf.tidy(() => {
      const settings = { multiLabel: false, labelSmoothing: 0, classWeights: null, ...options };
      const terms = classificationLoss(tf.tensor2d(logits), { classes: tf.tensor2d(targets) }, settings);
      return reduceLosses(terms).total.dataSync()[0]!;
    });
  const logits = [[2, 1, 0]];

  it('is the cross-entropy of the smoothed label', () => {
    expect(lossOf(logits, [[1, 0, 0]], {})).toBeCloseTo(0.407606, 5);
    expect(lossOf(logits, [[1, 0, 0]], { labelSmoothing: 0.1 })).toBeCloseTo(0.507606, 5);
    const two = [...logits, [0, 0, 0]];
    const weighted = lossOf(
      two,
      [
        [1, 0, 0],
        [0, 1, 0],
      ],
      { classWeights: [1, 3, 1] },
    );
    expect(weighted).toBeCloseTo((0.407606 + 3 * Math.log(3)) / 4, 5);
  });

  it('is the mean of the binary ones where classes do not exclude each other', () => {
    const softplus = (x: number): number => Math.log1p(Math.exp(x));
    const expected = (softplus(-2) + softplus(1) + softplus(0)) / 3;
    expect(lossOf(logits, [[1, 0, 0]], { multiLabel: true })).toBeCloseTo(expected, 5);
  });
});

it('tiles of an image are one answer: the mean by area, or the largest where classes do not exclude each other', () => {
  const tile = (left: number, right: number) => ({
    x: left,
    y: 0,
    width: right - left,
    height: 10,
    kept: [left, 0, right, 10] as const,
  });
  const stitched = (isExclusive: boolean) => {
    const stitcher = HEADS.classification.task.stitching.create({ width: 40, height: 10 });
    stitcher.add({ probabilities: Float32Array.of(1, 0), isExclusive }, tile(0, 10));
    stitcher.add({ probabilities: Float32Array.of(0.5, 0.5), isExclusive }, tile(10, 40));
    return [...stitcher.finish().probabilities];
  };
  expect(stitched(true)).toEqual([0.625, 0.375]);
  expect(stitched(false)).toEqual([1, 0.5]);
});
