import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Parameter, ParameterRole } from '../../backbones/module.js';
import { createRandom } from '../../engine/random.js';
import {
  createAdamW,
  createLamb,
  createLion,
  createRmsprop,
  createSgd,
  type Optimizer,
} from '../../training/optimizers.js';
import { flatten } from '../../training/parameterGroups.js';

const STEPS = 5;
const SPECS: [name: string, shape: number[], role: ParameterRole][] = [
  ['backbone.weight', [2, 3], 'weight'],
  ['backbone.bias', [3], 'bias'],
  ['head.weight', [3, 2], 'weight'],
  ['head.scale', [2], 'scale'],
  ['head.edge', [2], 'weight'],
];
const random = createRandom([7]);
const draw = (size: number): number[] => Array.from({ length: size }, () => random.normal());
const sizeOf = (shape: number[]): number => shape.reduce((a, b) => a * b, 1);
const START = SPECS.map(([, shape]) => draw(sizeOf(shape)));
const GRADIENTS = Array.from({ length: STEPS }, () => SPECS.map(([, shape]) => draw(sizeOf(shape))));
const RATES = [0.1, 0.2, 0.3, 0.2, 0.1];

const parametersOf = (trainable = true): Map<string, Parameter> =>
  new Map(
    SPECS.map(([name, shape, role], i) => [
      name,
      { variable: tf.variable(tf.tensor(START[i] ?? [], shape), trainable), layout: 'plain', role },
    ]),
  );

/** Runs the optimizer; values by parameter name. */
function train(optimizer: Optimizer, parameters: Map<string, Parameter>, steps = STEPS, from = 0) {
  for (let step = from; step < steps; step++) {
    tf.tidy(() => {
      const tensors = new Map(
        SPECS.map(([name, shape], i) => [name, tf.tensor(GRADIENTS[step]?.[i] ?? [], shape)] as const),
      );
      const gradients = optimizer.groups.map((group) =>
        flatten(
          group,
          group.names.map((name) => tensors.get(name) as tf.Tensor),
        ),
      );
      const scalars = Object.entries(optimizer.scalars(step, RATES[step] ?? 0));
      optimizer.update(gradients, Object.fromEntries(scalars.map(([name, value]) => [name, tf.scalar(value)])));
    });
  }
  return SPECS.map(([name]) => [...(parameters.get(name) as Parameter).variable.dataSync()]);
}

const rateOf = (name: string): number => (name.startsWith('backbone') ? 0.25 : 1);

/** PyTorch's SGD, one number at a time. */
function sgdReference(momentum: number, nesterov: boolean, weightDecay: number): number[][] {
  return SPECS.map(([name, , role], p) =>
    (START[p] ?? []).map((start, i) => {
      let [value, buffer] = [start, 0];
      for (let step = 0; step < STEPS; step++) {
        let gradient = GRADIENTS[step]?.[p]?.[i] ?? 0;
        if (role === 'weight') gradient += weightDecay * value;
        buffer = step === 0 ? gradient : momentum * buffer + gradient;
        value -= (RATES[step] ?? 0) * rateOf(name) * (nesterov ? gradient + momentum * buffer : buffer);
      }
      return value;
    }),
  );
}

/** PyTorch's AdamW, one number at a time. */
function adamWReference(beta1: number, beta2: number, epsilon: number, weightDecay: number): number[][] {
  return SPECS.map(([name, , role], p) =>
    (START[p] ?? []).map((start, i) => {
      let [value, m, v] = [start, 0, 0];
      for (let step = 0; step < STEPS; step++) {
        const gradient = GRADIENTS[step]?.[p]?.[i] ?? 0;
        const rate = (RATES[step] ?? 0) * rateOf(name);
        if (role === 'weight') value *= 1 - rate * weightDecay;
        m = beta1 * m + (1 - beta1) * gradient;
        v = beta2 * v + (1 - beta2) * gradient ** 2;
        const denominator = Math.sqrt(v) / Math.sqrt(1 - beta2 ** (step + 1)) + epsilon;
        value -= ((rate / (1 - beta1 ** (step + 1))) * m) / denominator;
      }
      return value;
    }),
  );
}

function expectClose(actual: number[][], expected: number[][]): void {
  actual.forEach((values, p) => {
    // float32 arithmetic over five steps of values around 1
    values.forEach((value, i) => {
      expect(Math.abs(value - (expected[p]?.[i] ?? Number.NaN))).toBeLessThan(3e-6);
    });
  });
}

afterEach(() => tf.disposeVariables());

describe('SGD', () => {
  test.each([
    [0.9, false, 0.01],
    [0.9, true, 0.01],
    [0, false, 0],
    [0.8, true, 0],
  ])(
    'with momentum %f, nesterov %s, decay %f follows the formula number by number',
    (momentum, nesterov, weightDecay) => {
      const parameters = parametersOf();
      const optimizer = createSgd(parameters, { momentum, nesterov, weightDecay, rateOf });
      expectClose(train(optimizer, parameters), sgdReference(momentum, nesterov, weightDecay));
    },
  );
});

describe('AdamW', () => {
  test.each([
    [0.9, 0.999, 1e-8, 0.01],
    [0.8, 0.9, 1e-3, 0],
    [0.9, 0.95, 1e-8, 0.5],
  ])(
    'with betas %f %f, epsilon %f, decay %f follows the formula number by number',
    (beta1, beta2, epsilon, weightDecay) => {
      const parameters = parametersOf();
      const optimizer = createAdamW(parameters, { beta1, beta2, epsilon, weightDecay, rateOf });
      expectClose(train(optimizer, parameters), adamWReference(beta1, beta2, epsilon, weightDecay));
    },
  );

  test('takes a first step of the learning rate in the direction of each gradient', () => {
    const parameters = parametersOf();
    const [moved] = train(createAdamW(parameters, { rateOf }), parameters, 1);
    moved?.forEach((value, i) => {
      const gradient = GRADIENTS[0]?.[0]?.[i] ?? 0;
      expect(value).toBeCloseTo((START[0]?.[i] ?? 0) - 0.1 * 0.25 * Math.sign(gradient), 5);
    });
  });
});

describe.each([
  ['SGD', createSgd],
  ['AdamW', createAdamW],
  ['RMSProp', createRmsprop],
  ['LAMB', createLamb],
  ['Lion', createLion],
] as const)('%s', (_name, create) => {
  test('continues bit for bit from its stored state', () => {
    const whole = parametersOf();
    const expected = train(create(whole, { weightDecay: 0.01 }), whole);
    const first = parametersOf();
    const before = create(first, { weightDecay: 0.01 });
    train(before, first, 2);
    const after = create(first, { weightDecay: 0.01 });
    const state = before.state();
    expect(after.restore(state)).toEqual({ missing: [], unused: [] });
    expect(train(after, first, STEPS, 2)).toEqual(expected);
  });

  test('keeps one state of the shape of each parameter, by its name', () => {
    const parameters = parametersOf();
    const state = create(parameters, {}).state();
    for (const [name, shape] of SPECS) {
      const entries = [...state].filter(([key]) => key.endsWith(`/${name}`));
      expect(entries.length).toBeGreaterThan(0);
      for (const [, tensor] of entries) expect(tensor.shape).toEqual(shape);
    }
  });

  test('reports what the stored state lacks and what is left over', () => {
    const parameters = parametersOf();
    const optimizer = create(parameters, {});
    const state = optimizer.state();
    const lacking = [...state.keys()].filter((key) => key.endsWith('head.edge'));
    for (const key of lacking) state.delete(key);
    state.set('velocity/old.weight', tf.scalar(1));
    expect(optimizer.restore(state)).toEqual({ missing: lacking, unused: ['velocity/old.weight'] });
  });

  test('refuses a state of another shape, naming both', () => {
    const optimizer = create(parametersOf(), {});
    const state = optimizer.state();
    const [key] = [...state.keys()].filter((name) => name.endsWith('backbone.weight'));
    state.set(key ?? '', tf.zeros([4]));
    expect(() => optimizer.restore(state)).toThrow(/has shape \[4\] in the checkpoint, the model expects \[2,3\]/);
  });

  test('joins the parameters of one rate and decay in one group, and leaves the very large ones alone', () => {
    const { groups } = create(parametersOf(), { weightDecay: 0.01, rateOf });
    expect(groups.map(({ names }) => names)).toEqual([
      ['backbone.weight'],
      ['backbone.bias'],
      ['head.weight', 'head.edge'],
      ['head.scale'],
    ]);
    const wide: Parameter = { variable: tf.variable(tf.zeros([2048, 2048])), layout: 'plain', role: 'weight' };
    const { groups: joined } = create(new Map([...parametersOf(), ['wide', wide]]), {});
    expect(joined.map(({ names }) => names)).toEqual([['wide'], SPECS.map(([name]) => name)]);
  });

  test('has nothing to do for frozen parameters', () => {
    expect(create(parametersOf(false), {}).groups).toEqual([]);
  });

  test('frees its state when disposed', () => {
    const parameters = parametersOf();
    const before = tf.memory().numTensors;
    create(parameters, {}).dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
