import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createRandom } from '../../engine/random.js';
import { createEma } from '../../training/ema.js';
import { createAdamW, createSgd } from '../../training/optimizers.js';
import { createTrainingStep, stepScalars, stepSeed } from '../../training/step.js';
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
function train(model: TinyModel, steps: number, options: { ema?: number; clipNorm?: number; rate?: number } = {}) {
  const optimizer = createAdamW(model.parameters, { weightDecay: 0.01 });
  const ema = options.ema === undefined ? undefined : createEma(model.parameters, options.ema);
  const { clipNorm } = options;
  const step = createTrainingStep({
    model,
    optimizer,
    ...(ema ? { ema } : {}),
    ...(clipNorm === undefined ? {} : { clipNorm }),
  });
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) {
    const { images, classes } = drawBatch(i);
    const numbers = Object.entries(stepScalars(optimizer, ema, i, options.rate ?? 0.05));
    const scalars = Object.fromEntries(numbers.map(([name, value]) => [name, tf.scalar(value)]));
    const seed = stepSeed(1, i);
    const result = step(images, { classes }, scalars, seed);
    losses.push(result.losses.total?.dataSync()[0] ?? Number.NaN);
    tf.dispose([images, classes, scalars, seed, result.losses, result.gradientNorm]);
  }
  step.dispose();
  optimizer.dispose();
  ema?.dispose();
  return losses;
}

describe('createTrainingStep', () => {
  test('brings the loss down', () => {
    const losses = train(createTinyModel(), 150, { ema: 0.9, clipNorm: 1 });
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(losses.slice(-5))).toBeLessThan(0.5 * mean(losses.slice(0, 5)));
  });

  test('two runs give the same weights, bit for bit', () => {
    const [a, b] = [createTinyModel(), createTinyModel()];
    expect(train(a, 10, { ema: 0.9 })).toEqual(train(b, 10, { ema: 0.9 }));
    expect(snapshot(a)).toEqual(snapshot(b));
  });

  test('moves everything that is not frozen, and not a bit of what is', () => {
    const model = createTinyModel({ frozenStem: true });
    const before = snapshot(model);
    train(model, 5, { ema: 0.9 });
    const after = snapshot(model);
    for (const [name, values] of Object.entries(after)) {
      if (name.startsWith('backbone')) expect(values, name).toEqual(before[name]);
      else expect(values, name).not.toEqual(before[name]);
    }
    const free = createTinyModel();
    train(free, 5);
    for (const [name, values] of Object.entries(snapshot(free))) expect(values, name).not.toEqual(before[name]);
  });

  test('what is dropped follows from seed and step, and no step traces anew', () => {
    const retraces = vi.spyOn(console, 'warn');
    const model = createTinyModel({ dropRate: 0.5 });
    const step = createTrainingStep({ model, optimizer: createSgd(model.parameters, { momentum: 0 }) });
    const { images, classes } = drawBatch(1, 16);
    const loss = (seed: number, at: number): number => {
      const { losses } = step(images, { classes }, { learningRate: tf.scalar(0) }, stepSeed(seed, at));
      return losses.total?.dataSync()[0] ?? Number.NaN;
    };
    const losses = [loss(1, 0), loss(1, 1), loss(1, 2), loss(2, 0), loss(4_294_967_295, 0)];
    expect(new Set(losses).size).toBe(losses.length);
    expect(loss(1, 1)).toBe(losses[1]);
    expect(retraces).not.toHaveBeenCalled();
    retraces.mockRestore();
  });

  test('reports named terms, and the norm before clipping', () => {
    const [plain, clipped] = [createTinyModel(), createTinyModel()];
    const first = (model: TinyModel, clipNorm?: number) => {
      const optimizer = createSgd(model.parameters, { momentum: 0 });
      const step = createTrainingStep({ model, optimizer, ...(clipNorm === undefined ? {} : { clipNorm }) });
      const { images, classes } = drawBatch(1);
      const result = step(images, { classes }, { learningRate: tf.scalar(1) }, stepSeed(1, 0));
      expect(Object.keys(result.losses).sort()).toEqual(['crossEntropy', 'size', 'total']);
      const [a, b, total] = ['crossEntropy', 'size', 'total'].map((term) => result.losses[term]?.dataSync()[0] ?? 0);
      expect((a ?? 0) + (b ?? 0)).toBeCloseTo(total ?? Number.NaN, 6);
      return result.gradientNorm.dataSync()[0] ?? Number.NaN;
    };
    const start = snapshot(plain);
    const norm = first(plain);
    expect(first(clipped, norm / 4)).toBe(norm);
    const moved = (model: TinyModel): number =>
      Object.entries(snapshot(model))
        .filter(([name]) => !name.includes('running'))
        .flatMap(([name, values]) => values.map((value, i) => (value - (start[name]?.[i] ?? 0)) ** 2))
        .reduce((sum, square) => sum + square, 0);
    // With a rate of 1 the step is the gradient itself.
    expect(Math.sqrt(moved(plain))).toBeCloseTo(norm, 4);
    expect(Math.sqrt(moved(clipped))).toBeCloseTo(norm / 4, 4);
  });

  test('the gradient of each parameter equals finite differences of the loss', () => {
    const model = createTinyModel();
    const start = snapshot(model);
    const { images, classes } = drawBatch(3);
    const optimizer = createSgd(model.parameters, { momentum: 0 });
    const step = createTrainingStep({ model, optimizer });
    const run = (rate: number): number =>
      step(images, { classes }, { learningRate: tf.scalar(rate) }, stepSeed(1, 0)).losses.total?.dataSync()[0] ??
      Number.NaN;
    run(1);
    const after = snapshot(model);
    for (const [name, { variable, role }] of model.parameters) {
      if (role === 'statistic') continue;
      const values = start[name] ?? [];
      const probe = (delta: number): number => {
        for (const [other, parameter] of model.parameters) {
          const shifted = (start[other] ?? []).map((value, i) => (other === name && i === 0 ? value + delta : value));
          parameter.variable.assign(tf.tensor(shifted, parameter.variable.shape));
        }
        return run(0);
      };
      const numeric = (probe(1e-2) - probe(-1e-2)) / 2e-2;
      const analytic = (values[0] ?? 0) - (after[name]?.[0] ?? 0);
      expect(analytic, `${name} ${variable.shape}`).toBeCloseTo(numeric, 3);
    }
  });

  test('leaves no tensor behind', () => {
    const model = createTinyModel();
    train(model, 2, { ema: 0.9, clipNorm: 1 });
    const before = tf.memory().numTensors;
    train(model, 3, { ema: 0.9, clipNorm: 1 });
    expect(tf.memory().numTensors).toBe(before);
  });

  test('refuses a model in which everything is frozen', () => {
    const model = createTinyModel();
    for (const { variable } of model.parameters.values()) variable.trainable = false;
    const optimizer = createSgd(model.parameters);
    expect(() => createTrainingStep({ model, optimizer })).toThrow(/every parameter is frozen/);
  });

  test('names a trainable parameter that the loss does not reach', () => {
    const model = createTinyModel();
    const parameters = new Map(model.parameters);
    parameters.set('spare.weight', { variable: tf.variable(tf.ones([2, 2])), layout: 'dense', role: 'weight' });
    const wider = { ...model, parameters };
    const step = createTrainingStep({ model: wider, optimizer: createSgd(parameters) });
    const { images, classes } = drawBatch(1);
    expect(() => step(images, { classes }, { learningRate: tf.scalar(1) }, stepSeed(1, 0))).toThrow(
      /1 trainable parameters \(spare\.weight\)/,
    );
  });
});
