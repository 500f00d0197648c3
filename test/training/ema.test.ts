import * as tf from '@tensorflow/tfjs';
import { afterEach, expect, test } from 'vitest';
import { createEma } from '../../training/ema.js';
import { createTinyModel, snapshot, type TinyModel } from './tinyModel.js';

afterEach(() => tf.disposeVariables());

/** Adds `amount` to every parameter. */
function shift(model: TinyModel, amount: number): void {
  tf.tidy(() => {
    for (const { variable } of model.parameters.values()) variable.assign(tf.add(variable, amount));
  });
}

const valuesOf = (ema: ReturnType<typeof createEma>): { [name: string]: number[] } => {
  const state = ema.state();
  const values = Object.fromEntries(
    [...state].map(([key, tensor]) => [key.replace('ema/', ''), [...tensor.dataSync()]]),
  );
  tf.dispose([...state.values()]);
  return values;
};

test('the decay grows from a tenth to its limit', () => {
  const ema = createEma(createTinyModel().parameters, 0.995);
  expect(ema.decay(0)).toBeCloseTo(0.1, 12);
  expect(ema.decay(90)).toBeCloseTo(0.91, 12);
  expect(ema.decay(1789)).toBeCloseTo(1790 / 1799, 12);
  expect(ema.decay(1e6)).toBe(0.995);
});

test('averages follow the plain loop, batch-norm statistics included', () => {
  const model = createTinyModel();
  const ema = createEma(model.parameters, 0.9);
  const expected = snapshot(model);
  for (let step = 0; step < 4; step++) {
    shift(model, 0.5);
    const decay = ema.decay(step);
    tf.tidy(() => ema.update(tf.scalar(decay)));
    const now = snapshot(model);
    for (const [name, values] of Object.entries(expected)) {
      expected[name] = values.map((value, i) => decay * value + (1 - decay) * (now[name]?.[i] ?? Number.NaN));
    }
  }
  const actual = valuesOf(ema);
  expect(Object.keys(actual).sort()).toEqual(Object.keys(expected).sort());
  for (const [name, values] of Object.entries(actual)) {
    values.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[name]?.[i] ?? Number.NaN, 5);
    });
  }
});

test('swapping shows the averages, and swapping again gives every bit back', () => {
  const model = createTinyModel();
  const ema = createEma(model.parameters, 0.9);
  shift(model, 0.1);
  tf.tidy(() => ema.update(tf.scalar(0.3)));
  const [weights, averages] = [snapshot(model), valuesOf(ema)];
  expect(weights).not.toEqual(averages);
  const tensors = tf.memory().numTensors;
  ema.swap();
  expect(snapshot(model)).toEqual(averages);
  expect(valuesOf(ema)).toEqual(weights);
  ema.swap();
  expect(snapshot(model)).toEqual(weights);
  expect(valuesOf(ema)).toEqual(averages);
  expect(tf.memory().numTensors).toBe(tensors);
});

test('frozen parameters have no average; the swap leaves them alone', () => {
  const model = createTinyModel({ frozenStem: true });
  const ema = createEma(model.parameters, 0.9);
  expect(Object.keys(valuesOf(ema))).not.toContain('backbone.stem.weight');
  const stem = snapshot(model)['backbone.stem.weight'];
  ema.swap();
  expect(snapshot(model)['backbone.stem.weight']).toEqual(stem);
});
