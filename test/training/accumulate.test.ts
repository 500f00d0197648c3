import * as tf from '@tensorflow/tfjs';
import { afterEach, expect, test } from 'vitest';
import { createRandom } from '../../engine/random.js';
import { meanLoss, quotient } from '../../heads/losses/term.js';
import { createAccumulatedStep } from '../../training/accumulate.js';
import { createEma } from '../../training/ema.js';
import { createAdamW } from '../../training/optimizers.js';
import { createTrainingStep, type StepResult } from '../../training/step.js';
import { createTinyModel, snapshot, type TinyModel } from './tinyModel.js';

afterEach(() => tf.disposeVariables());

const IMAGES = 8;

/** Frozen batch norm, and a loss of images that count differently: a quotient by all weights, Dice, and a mean. */
function unevenModel(): TinyModel {
  const model = createTinyModel({ frozenStem: true });
  return {
    ...model,
    loss: (logits, targets) => {
      const truth = tf.oneHot(targets.classes as tf.Tensor1D, 2);
      const weight = targets.weight as tf.Tensor1D;
      const crossEntropy = tf.neg(tf.sum(tf.mul(truth, tf.logSoftmax(logits)), -1));
      const probabilities = tf.softmax(logits);
      const overlap = tf.sum<tf.Scalar>(tf.mul(probabilities, truth));
      const areas = tf.add<tf.Scalar>(tf.sum(tf.square(probabilities)), tf.sum(truth));
      return {
        class: quotient(tf.sum<tf.Scalar>(tf.mul(crossEntropy, weight)), tf.sum<tf.Scalar>(weight), { plus: 1 }),
        dice: { ...quotient(overlap, areas), value: ([a, b]) => tf.sub<tf.Scalar>(1, tf.div(tf.mul(a!, 2), b!)) },
        size: meanLoss(tf.mean<tf.Scalar>(tf.square(logits)), 0.01),
      };
    },
  };
}

function drawBatch(seed: number) {
  const random = createRandom([seed]);
  const images = Int32Array.from({ length: IMAGES * 48 }, () => random.integer(255));
  const classes = Int32Array.from({ length: IMAGES }, () => random.integer(2));
  const weight = Float32Array.from({ length: IMAGES }, (_, i) => (i < 3 ? 10 * random.next() : i % 2)); // uneven
  return (from: number, to: number) => {
    const count = to - from;
    return {
      images: tf.tensor4d(images.subarray(48 * from, 48 * to), [count, 4, 4, 3], 'int32'),
      targets: { classes: tf.tensor1d(classes.slice(from, to)), weight: tf.tensor1d(weight.slice(from, to)) },
    };
  };
}

/** Weights, averages and figures after six steps. */
async function train(parts: number) {
  const model = unevenModel();
  const optimizer = createAdamW(model.parameters, { weightDecay: 0.01 });
  const ema = createEma(model.parameters, 0.9);
  const options = { model, optimizer, ema, clipNorm: 0.5 };
  const whole = parts === 0 ? createTrainingStep(options) : null;
  const split = parts === 0 ? null : createAccumulatedStep(options, parts);
  const figures: number[] = [];
  for (let step = 0; step < 6; step++) {
    const cut = drawBatch(step);
    const batch = Array.from({ length: Math.max(1, parts) }, (_, i, size = IMAGES / Math.max(1, parts)) =>
      cut(i * size, (i + 1) * size),
    );
    const at = { step, learningRate: 0.05 };
    const [first] = batch;
    const result = (await (split?.run(batch, at) ?? whole?.run(first!.images, first!.targets, at))) as StepResult;
    figures.push(...[...Object.values(result.losses), result.gradientNorm].map((value) => value.dataSync()[0] ?? 0));
    tf.dispose([batch, result.losses, result.gradientNorm] as unknown as tf.TensorContainer);
  }
  const averages = [...ema.state()].flatMap(([, tensor]) => [...tensor.dataSync()]);
  whole?.dispose();
  split?.dispose();
  return { weights: Object.values(snapshot(model)).flat(), averages, figures };
}

const difference = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - (b[i] ?? Number.NaN))));

test.each([1, 2, 4, 8])(
  'a batch in %d parts is the batch in one piece: losses, gradients, weights and averages',
  async (parts) => {
    const [whole, split] = [await train(0), await train(parts)];
    expect(whole.figures.length).toBe(6 * 5);
    expect(difference(whole.figures, split.figures)).toBeLessThan(2e-6);
    expect(difference(whole.weights, split.weights)).toBeLessThan(1e-6);
    expect(difference(whole.averages, split.averages)).toBeLessThan(1e-6);
  },
);

test('batch norm moves its averages once for every part, and draws are another for each', async () => {
  const model = createTinyModel();
  const optimizer = createAdamW(model.parameters);
  const step = createAccumulatedStep({ model, optimizer }, 2);
  const stem = snapshot(model)['backbone.stem.weight'] as number[];
  const cut = drawBatch(1);
  const parts = [cut(0, 4), cut(4, 8)];
  const meanOf = (part: { readonly images: tf.Tensor }): number[] => {
    const pixels = [...part.images.dataSync()].map((value) => (value - 127) / 128);
    return [0, 1, 2, 3].map((c) => {
      const sum = pixels.reduce((all, value, i) => all + value * (stem[(i % 3) * 4 + c] ?? 0), 0);
      return sum / (pixels.length / 3);
    });
  };
  const [first, second] = parts.map(meanOf) as [number[], number[]];
  const result = await step.run(parts, { step: 0, learningRate: 0.01 });
  const moved = snapshot(model)['backbone.bn.running_mean'] as number[];
  moved.forEach((value, c) => {
    expect(value).toBeCloseTo(0.9 * (0.1 * (first[c] ?? 0)) + 0.1 * (second[c] ?? 0), 5);
  });
  tf.dispose([result.losses, result.gradientNorm, parts] as unknown as tf.TensorContainer);
  const before = tf.memory().numTensors;
  const again = [cut(0, 4), cut(4, 8)];
  const next = await step.run(again, { step: 1, learningRate: 0.01 });
  tf.dispose([next.losses, next.gradientNorm, again] as unknown as tf.TensorContainer);
  expect(tf.memory().numTensors).toBe(before);
  step.dispose();
});
