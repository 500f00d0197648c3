import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Parameter } from '../../backbones/module.js';
import { meanLoss } from '../../heads/losses/term.js';
import { OPTIMIZERS } from '../../training/optimizers.js';
import { plan } from '../../training/run/options.js';
import { createTrainingStep, type TrainableModel } from '../../training/step.js';
import { createTinyModel, snapshot } from './tinyModel.js';

type Moved = { readonly weight: number[]; readonly bias: number[]; readonly losses: number[] };
/** Recorded by bench/peers/sam.py, which says of what version. */
const PEER = JSON.parse(readFileSync(new URL('../golden/training/sam.json', import.meta.url), 'utf8')) as {
  readonly radius: number;
  readonly rate: number;
  readonly weight_decay: number;
  readonly start: { readonly weight: number[]; readonly bias: number[] };
  readonly inputs: readonly (readonly number[])[];
  readonly classes: number[];
  readonly optimizers: { readonly [name: string]: Moved };
};
const SETTINGS = { momentum: 0.9, nesterov: false, beta1: null, beta2: null, epsilon: null };

afterEach(() => tf.disposeVariables());

/** [N, 1, 1, 4] inputs -> [N, 3] logits: a softmax regression. */
function regression(): TrainableModel<tf.Tensor2D> {
  const parameterOf = (values: number[], shape: number[], role: 'weight' | 'bias'): Parameter => ({
    variable: tf.variable(tf.tensor(values, shape)),
    layout: 'plain',
    role,
  });
  const weight = parameterOf(PEER.start.weight, [4, 3], 'weight');
  const bias = parameterOf(PEER.start.bias, [3], 'bias');
  return {
    parameters: new Map([
      ['weight', weight],
      ['bias', bias],
    ]),
    preprocessing: { channels: 'RGB', mean: [0, 0, 0, 0], std: [1, 1, 1, 1] },
    dispose: () => tf.dispose([weight.variable, bias.variable]),
    forward: (images) =>
      tf.add(
        tf.matMul(tf.reshape(images, [images.shape[0], 4]), weight.variable as tf.Tensor as tf.Tensor2D),
        bias.variable,
      ),
    loss: (logits, targets) => {
      const truth = tf.oneHot(targets.classes as tf.Tensor1D, 3);
      return { class: meanLoss(tf.neg(tf.mean(tf.sum(tf.mul(truth, tf.logSoftmax(logits)), -1))) as tf.Scalar) };
    },
  };
}

describe('sharpness-aware minimisation', () => {
  test.each(['sgd', 'adamw'] as const)('ten steps with %s move parameters as in PyTorch', async (name) => {
    const model = regression();
    const optimizer = OPTIMIZERS[name](model.parameters, { ...SETTINGS, weightDecay: PEER.weight_decay });
    const step = createTrainingStep({ model, optimizer, sam: PEER.radius });
    const images = tf.tensor4d(PEER.inputs.flat(), [PEER.inputs.length, 1, 1, 4]);
    const classes = tf.tensor1d(PEER.classes, 'int32');
    const expected = PEER.optimizers[name]!;
    for (const [at, loss] of expected.losses.entries()) {
      const result = await step.run(images, { classes }, { step: at, learningRate: PEER.rate });
      expect(Math.abs(result.losses.total!.dataSync()[0]! - loss), `loss of step ${at}`).toBeLessThan(1e-6);
      tf.dispose([result.losses as tf.TensorContainer, result.gradientNorm]);
    }
    for (const [part, { variable }] of model.parameters) {
      const found = variable.dataSync();
      for (const [i, value] of expected[part as 'weight' | 'bias'].entries())
        expect(Math.abs(found[i]! - value), `${part} ${i}`).toBeLessThan(1e-6 * Math.max(1, Math.abs(value)));
    }
    step.dispose();
    optimizer.dispose();
    model.dispose();
  });

  test('with a rate of 0 no weight moves, and batch norm moves once', async () => {
    const moved = async (sam: number | undefined) => {
      const model = createTinyModel();
      const optimizer = OPTIMIZERS.sgd(model.parameters, { ...SETTINGS, weightDecay: 0 });
      const step = createTrainingStep({ model, optimizer, sam });
      const images = tf.tensor4d(
        Int32Array.from({ length: 96 }, (_, i) => (i * 37) % 255),
        [2, 4, 4, 3],
        'int32',
      );
      const classes = tf.tensor1d([0, 1], 'int32');
      tf.dispose((await step.run(images, { classes }, { step: 0, learningRate: 0 })).gradientNorm);
      const after = snapshot(model);
      step.dispose();
      optimizer.dispose();
      model.dispose();
      return after;
    };
    expect(await moved(0.5)).toEqual(await moved(undefined));
  });

  test('a batch in parts is refused', () => {
    const model = createTinyModel();
    expect(() => plan(model.parameters, { batchSize: 4, accumulate: 2, sam: 0.05, seed: 1, epochs: 1 }, 1)).toThrow(
      'train.sam: a batch in 2 parts has no gradient of its own before the last: set train.accumulate to 1',
    );
  });
});
