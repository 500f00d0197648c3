import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createRandom } from '../../engine/random.js';
import { createEma } from '../../training/ema.js';
import { createAdamW, createSgd } from '../../training/optimizers.js';
import { createTrainingStep } from '../../training/step.js';
import { createTinyModel, snapshot, type TinyModel } from './tinyModel.js';

afterEach(() => tf.disposeVariables());

/** Images whose class is their brightest channel: 0 red, 1 green. */
function drawBatch(seed: number, size = 4) {
  const random = createRandom([seed]);
  const classes = Int32Array.from({ length: size }, () => random.integer(2));
  const pixels = Int32Array.from({ length: size * 4 * 4 * 3 }, (_, i) =>
    i % 3 === classes[Math.floor(i / 48)] ? 150 + random.integer(100) : random.integer(100),
  );
  return { images: tf.tensor4d(pixels, [size, 4, 4, 3], 'int32'), classes: tf.tensor1d(classes, 'int32') };
}

/** Trains and returns the total loss of each step. */
async function train(
  model: TinyModel,
  steps: number,
  options: { ema?: number; clipNorm?: number; rate?: number } = {},
) {
  const optimizer = createAdamW(model.parameters, { weightDecay: 0.01 });
  const ema = options.ema === undefined ? undefined : createEma(model.parameters, options.ema);
  const { clipNorm } = options;
  const step = createTrainingStep({ model, optimizer, ema, clipNorm });
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const { images, classes } = drawBatch(i);
    const result = await step.run(images, { classes }, { step: i, learningRate: options.rate ?? 0.05 });
    losses.push(result.losses.total?.dataSync()[0] ?? Number.NaN);
    tf.dispose([images, classes, result.losses, result.gradientNorm]);
  }
  step.dispose();
  optimizer.dispose();
  ema?.dispose();
  return losses;
}

describe('createTrainingStep', () => {
  test('brings the loss down', async () => {
    const losses = await train(createTinyModel(), 150, { ema: 0.9, clipNorm: 1 });
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-5))).toBeLessThan(0.5 * mean(losses.slice(0, 5)));
  });

  test('two runs give the same weights, bit for bit', async () => {
    const [a, b] = [createTinyModel(), createTinyModel()];
    expect(await train(a, 10, { ema: 0.9 })).toEqual(await train(b, 10, { ema: 0.9 }));
    expect(snapshot(a)).toEqual(snapshot(b));
  });

  test('moves everything that is not frozen, and not a bit of what is', async () => {
    const model = createTinyModel({ frozenStem: true });
    const before = snapshot(model);
    await train(model, 5, { ema: 0.9 });
    const after = snapshot(model);
    for (const [name, values] of Object.entries(after)) {
      if (name.startsWith('backbone')) expect(values, name).toEqual(before[name]);
      else expect(values, name).not.toEqual(before[name]);
    }
    const free = createTinyModel();
    await train(free, 5);
    for (const [name, values] of Object.entries(snapshot(free))) expect(values, name).not.toEqual(before[name]);
  });

  test('what is dropped follows from seed and step, and no step traces anew', async () => {
    const retraces = vi.spyOn(console, 'warn');
    const model = createTinyModel({ dropRate: 0.5 });
    const optimizer = createSgd(model.parameters, { momentum: 0 });
    const steps = new Map([1, 2, 4_294_967_295].map((seed) => [seed, createTrainingStep({ model, optimizer, seed })]));
    const { images, classes } = drawBatch(1, 16);
    const loss = async (seed: number, at: number): Promise<number> => {
      const result = await steps.get(seed)?.run(images, { classes }, { step: at, learningRate: 0 });
      return result?.losses.total?.dataSync()[0] ?? Number.NaN;
    };
    const losses = [
      await loss(1, 0),
      await loss(1, 1),
      await loss(1, 2),
      await loss(2, 0),
      await loss(4_294_967_295, 0),
    ];
    expect(new Set(losses).size).toBe(losses.length);
    expect(await loss(1, 1)).toBe(losses[1]);
    expect(retraces).not.toHaveBeenCalled();
    retraces.mockRestore();
  });

  test('reports named terms, and the norm before clipping', async () => {
    const [plain, clipped] = [createTinyModel(), createTinyModel()];
    const first = async (model: TinyModel, clipNorm?: number) => {
      const optimizer = createSgd(model.parameters, { momentum: 0 });
      const step = createTrainingStep({ model, optimizer, clipNorm });
      const { images, classes } = drawBatch(1);
      const result = await step.run(images, { classes }, { step: 0, learningRate: 1 });
      expect(Object.keys(result.losses).sort()).toEqual(['crossEntropy', 'size', 'total']);
      const [a, b, total] = ['crossEntropy', 'size', 'total'].map((term) => result.losses[term]?.dataSync()[0] ?? 0);
      expect((a ?? 0) + (b ?? 0)).toBeCloseTo(total ?? Number.NaN, 6);
      return result.gradientNorm.dataSync()[0] ?? Number.NaN;
    };
    const start = snapshot(plain);
    const norm = await first(plain);
    expect(await first(clipped, norm / 4)).toBe(norm);
    const moved = (model: TinyModel): number =>
      Object.entries(snapshot(model))
        .filter(([name]) => !name.includes('running'))
        .flatMap(([name, values]) => values.map((value, i) => (value - (start[name]?.[i] ?? 0)) ** 2))
        .reduce((sum, square) => sum + square, 0);
    // With a rate of 1 the step is the gradient itself.
    expect(Math.sqrt(moved(plain))).toBeCloseTo(norm, 4);
    expect(Math.sqrt(moved(clipped))).toBeCloseTo(norm / 4, 4);
  });

  test('the gradient of each parameter equals finite differences of the loss', async () => {
    const model = createTinyModel();
    const start = snapshot(model);
    const { images, classes } = drawBatch(3);
    const optimizer = createSgd(model.parameters, { momentum: 0 });
    const step = createTrainingStep({ model, optimizer });
    const run = async (rate: number): Promise<number> => {
      const { losses } = await step.run(images, { classes }, { step: 0, learningRate: rate });
      return losses.total?.dataSync()[0] ?? Number.NaN;
    };
    await run(1);
    const after = snapshot(model);
    for (const [name, { variable, role }] of model.parameters) {
      if (role === 'statistic') continue;
      const values = start[name] ?? [];
      const probe = (delta: number): Promise<number> => {
        for (const [other, parameter] of model.parameters) {
          const shifted = (start[other] ?? []).map((value, i) => (other === name && i === 0 ? value + delta : value));
          parameter.variable.assign(tf.tensor(shifted, parameter.variable.shape));
        }
        return run(0);
      };
      const numeric = ((await probe(1e-2)) - (await probe(-1e-2))) / 2e-2;
      const analytic = (values[0] ?? 0) - (after[name]?.[0] ?? 0);
      expect(analytic, `${name} ${variable.shape}`).toBeCloseTo(numeric, 3);
    }
  });

  test('leaves no tensor behind', async () => {
    const model = createTinyModel();
    await train(model, 2, { ema: 0.9, clipNorm: 1 });
    const before = tf.memory().numTensors;
    await train(model, 3, { ema: 0.9, clipNorm: 1 });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('refuses a model in which everything is frozen', () => {
    const model = createTinyModel();
    for (const { variable } of model.parameters.values()) variable.trainable = false;
    const optimizer = createSgd(model.parameters);
    expect(() => createTrainingStep({ model, optimizer })).toThrow(/every parameter is frozen/);
  });

  test('names a trainable parameter that the loss does not reach', async () => {
    const model = createTinyModel();
    const parameters = new Map(model.parameters);
    parameters.set('spare.weight', { variable: tf.variable(tf.ones([2, 2])), layout: 'dense', role: 'weight' });
    const wider = { ...model, parameters };
    const step = createTrainingStep({ model: wider, optimizer: createSgd(parameters) });
    const { images, classes } = drawBatch(1);
    await expect(step.run(images, { classes }, { step: 0, learningRate: 1 })).rejects.toThrow(
      /1 trainable parameters \(spare\.weight\)/,
    );
  });
});
