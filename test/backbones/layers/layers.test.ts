import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { constant, fanInNormal, fanOutNormal, fans, glorotUniform, normal } from '../../../backbones/initialisers.js';
import {
  adaptiveMean,
  batchNorm,
  convNorm,
  convolution,
  dense,
  depthwise,
  groupNorm,
  joined,
  squeezeExcite,
  transposedConvolution,
} from '../../../backbones/layers/index.js';
import { createParameters, type Parameters } from '../../../backbones/parameters.js';
import { createRandom } from '../../../engine/random.js';

let parameters: Parameters = createParameters(1);
afterEach(() => {
  parameters.dispose();
  parameters = createParameters(1);
});

const INFERENCE = { training: false } as const;
const TRAINING = { training: true } as const;
const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());
const variable = (name: string) => values(parameters.parameters.get(name)?.variable as tf.Tensor);
const SUM = { kernel: 3, stride: 2, bias: false, frozen: false, initialise: constant(1) } as const;

describe('padding of a 3x3 convolution of stride 2', () => {
  const input = () => tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16], [1, 4, 4, 1]);

  it('starts at the first pixel with SAME padding of an even size', () => {
    const layer = convolution(parameters, 'c', { ...SUM, padding: 'same', inChannels: 1, outChannels: 1 });
    // Rows and columns 0-2, then 2-3 and one row of zeros.
    const sums = [
      1 + 2 + 3 + 5 + 6 + 7 + 9 + 10 + 11,
      3 + 4 + 7 + 8 + 11 + 12,
      9 + 10 + 11 + 13 + 14 + 15,
      11 + 12 + 15 + 16,
    ];
    expect(values(tf.tidy(() => layer(input(), INFERENCE)))).toEqual(sums);
  });

  it('starts one pixel earlier with symmetric padding', () => {
    const layer = depthwise(parameters, 'd', { ...SUM, padding: 'symmetric', channels: 1 });
    const sums = [
      1 + 2 + 5 + 6,
      2 + 3 + 4 + 6 + 7 + 8,
      5 + 6 + 9 + 10 + 13 + 14,
      6 + 7 + 8 + 10 + 11 + 12 + 14 + 15 + 16,
    ];
    expect(values(tf.tidy(() => layer(input(), INFERENCE)))).toEqual(sums);
  });

  it('is the same for both rules at odd sizes', () => {
    const odd = tf.tensor4d(
      Array.from({ length: 35 }, (_, i) => Math.sin(i)),
      [1, 5, 7, 1],
    );
    const [same, symmetric] = (['same', 'symmetric'] as const).map((padding) =>
      values(
        tf.tidy(() =>
          convolution(parameters, padding, { ...SUM, padding, inChannels: 1, outChannels: 1 })(odd, INFERENCE),
        ),
      ),
    );
    expect(symmetric).toEqual(same);
    odd.dispose();
  });
});

describe('batch norm', () => {
  const create = (frozen: boolean) => batchNorm(parameters, 'bn', { channels: 2, epsilon: 0.5, momentum: 0.9, frozen });
  /** Channel 0: 1, 3; channel 1: 10, 10. */
  const input = () => tf.tensor4d([1, 10, 3, 10], [1, 2, 1, 2]);
  it('normalises with the batch and moves its statistics when training', () => {
    const bn = create(false);
    const step = 1 / Math.sqrt(1 + 0.5);
    expectClose(values(tf.tidy(() => bn(input(), TRAINING))), [-step, 0, step, 0]);
    expectClose(variable('bn.running_mean'), [0.2, 1]);
    expectClose(variable('bn.running_var'), [0.9 + 0.1 * 2, 0.9]); // unbiased: (1 + 1) / (2 - 1)
  });

  it('uses its moving statistics otherwise, and always when frozen', () => {
    const expected = [1, 10, 3, 10].map((value) => value / Math.sqrt(1.5));
    for (const [frozen, pass] of [
      [false, INFERENCE],
      [true, INFERENCE],
      [true, TRAINING],
    ] as const) {
      const bn = create(frozen);
      expectClose(values(tf.tidy(() => bn(input(), pass))), expected);
      expect(variable('bn.running_mean')).toEqual([0, 0]);
      expect(variable('bn.running_var')).toEqual([1, 1]);
      parameters.dispose();
      parameters = createParameters(1);
    }
  });
});

describe('squeeze-excite', () => {
  it('scales each channel by a gate computed from the means of all', () => {
    const layer = squeezeExcite(parameters, 'se', { channels: 2, reduced: 1, activation: 'relu', frozen: false });
    const assign = (name: string, numbers: number[]) =>
      tf.tidy(() => {
        const target = parameters.parameters.get(name)?.variable as tf.Variable;
        target.assign(tf.tensor(numbers, target.shape));
      });
    assign('se.conv_reduce.weight', [1, -0.5]);
    assign('se.conv_reduce.bias', [1]);
    assign('se.conv_expand.weight', [2, -1]);
    const squeezed = 2 * 1 - 0.5 * 4 + 1; // means 2 and 4
    const gates = [2 * squeezed, -squeezed].map((logit) => 1 / (1 + Math.exp(-logit)));
    const input = [1, 3, 3, 5];
    const output = values(tf.tidy(() => layer(tf.tensor4d(input, [1, 2, 1, 2]), INFERENCE)));
    expectClose(
      output,
      input.map((value, i) => value * (gates[i % 2] as number)),
    );
  });
});

describe('a dense layer', () => {
  it('multiplies by its weights and adds its bias', () => {
    const layer = dense(parameters, 'fc', { inChannels: 2, outChannels: 3, frozen: true, initialise: constant(0.5) });
    expect(values(tf.tidy(() => layer(tf.tensor2d([[2, 4]]), INFERENCE)))).toEqual([3, 3, 3]);
    expect([...parameters.parameters.values()].some((parameter) => parameter.variable.trainable)).toBe(false);
  });
});

describe('parameters', () => {
  const spec = { shape: [3, 3, 8, 16], layout: 'convolution', role: 'weight', frozen: false } as const;

  it('depend on seed and name, not on the order of creation', () => {
    const [a, b] = [createParameters(9), createParameters(9)];
    a.create('x', { ...spec, initialise: normal(1) });
    a.create('y', { ...spec, initialise: normal(1) });
    b.create('y', { ...spec, initialise: normal(1) });
    const read = (from: Parameters, name: string) => values(from.parameters.get(name)?.variable as tf.Tensor);
    expect(read(a, 'y')).toEqual(read(b, 'y'));
    expect(read(a, 'x')).not.toEqual(read(a, 'y'));
    a.dispose();
    b.dispose();
  });

  it('refuse a name that is taken', () => {
    parameters.create('x', { ...spec, initialise: constant(0) });
    expect(() => parameters.create('x', { ...spec, initialise: constant(0) })).toThrow("two parameters are called 'x'");
  });

  it('never train statistics', () => {
    expect(parameters.create('s', { ...spec, role: 'statistic', initialise: constant(0) }).trainable).toBe(false);
  });
});

describe('initialisers', () => {
  it('know the fans of each layout', () => {
    expect(fans([3, 3, 8, 16], 'convolution')).toEqual({ fanIn: 72, fanOut: 144 });
    expect(fans([5, 5, 8, 1], 'depthwise')).toEqual({ fanIn: 25, fanOut: 25 });
    expect(fans([8, 16], 'dense')).toEqual({ fanIn: 8, fanOut: 16 });
  });

  it.each([
    ['fanOutNormal', fanOutNormal, Math.sqrt(2 / 144)],
    ['fanInNormal', fanInNormal, Math.sqrt(1 / 72)],
    ['glorotUniform', glorotUniform, Math.sqrt(2 / 216)],
  ] as const)('%s has mean 0 and the spread its rule asks for', (_, initialise, std) => {
    const count = 100_001;
    const drawn = initialise({ count, random: createRandom([2]), fanIn: 72, fanOut: 144 });
    const mean = drawn.reduce((sum, value) => sum + value, 0) / count;
    const spread = Math.sqrt(drawn.reduce((sum, value) => sum + value * value, 0) / count);
    expect(drawn).toHaveLength(count);
    expect(Math.abs(mean)).toBeLessThan(4 * (std / Math.sqrt(count)));
    expect(Math.abs(spread / std - 1)).toBeLessThan(0.01);
  });
});

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  for (const [i, value] of actual.entries()) expect(value).toBeCloseTo(expected[i] as number, 5);
}

describe('means of a given number of windows', () => {
  const row = (...cells: readonly number[]) => tf.tensor4d([...cells], [1, 1, cells.length, 1]);

  it('cover the map without gaps, overlapping where they must', () => {
    expect(values(adaptiveMean(row(1, 2, 3, 4, 6), [1, 2]))).toEqual([2, 13 / 3].map(Math.fround));
    expect(values(adaptiveMean(row(1, 2, 3, 4), [1, 2]))).toEqual([1.5, 3.5]);
  });

  it('repeat cells where there are fewer than windows', () => {
    expect(values(adaptiveMean(row(1, 3), [2, 4]))).toEqual([1, 1, 3, 3, 1, 1, 3, 3]);
    expect(values(adaptiveMean(row(1, 3), [1, 3]))).toEqual([1, 2, 3]);
  });

  it('are the map itself where the sizes agree', () => {
    const map = row(1, 2);
    expect(adaptiveMean(map, [1, 2])).toBe(map);
  });

  it('spread their gradients over their windows', () => {
    const gradient = tf.grad((map: tf.Tensor) => tf.sum(adaptiveMean(map as tf.Tensor4D, [1, 2])));
    expect(values(gradient(row(1, 2, 3)))).toEqual([0.5, 1, 0.5]);
  });
});

describe('a joined layer', () => {
  it('puts the channels of all its layers behind each other', () => {
    const layer = joined([(map) => map, (map) => tf.mul(map, 10), (map) => tf.neg(map)]);
    const output = tf.tidy(() => layer(tf.tensor4d([1, 2, 3, 4], [1, 1, 2, 2]), INFERENCE));
    expect(output.shape).toEqual([1, 1, 2, 6]);
    expect(values(output)).toEqual([1, 2, 10, 20, -1, -2, 3, 4, 30, 40, -3, -4]);
  });
});

describe('a convolution with its norm', () => {
  it('names its parameters below the path, or as it is told', () => {
    const plain = { kernel: 1, inChannels: 2, outChannels: 3, epsilon: 1e-5 } as const;
    convNorm(parameters, 'stem', plain);
    convNorm(parameters, '', { ...plain, names: ['conv1', 'bn1'] });
    const names = [...parameters.parameters.keys()];
    expect(names.filter((name) => name.endsWith('.weight'))).toEqual([
      ...['stem.conv.weight', 'stem.bn.weight', 'conv1.weight', 'bn1.weight'],
    ]);
  });

  it('takes windows that are not square, and groups', () => {
    const wide = convNorm(parameters, 'wide', {
      kernel: [1, 3],
      inChannels: 4,
      outChannels: 6,
      groups: 2,
      epsilon: 0,
    });
    expect(parameters.parameters.get('wide.conv.weight')?.variable.shape).toEqual([1, 3, 2, 6]);
    expect(tf.tidy(() => wide(tf.ones([1, 5, 7, 4]), INFERENCE).shape)).toEqual([1, 5, 7, 6]);
  });
});

describe('a group norm', () => {
  it('gives every group of an image a mean of 0 and a spread of 1, then scales and shifts', () => {
    const norm = groupNorm(parameters, 'norm', { channels: 4, groups: 2, epsilon: 0 });
    const plain = groupNorm(parameters, 'plain', { channels: 4, groups: 4, epsilon: 1, affine: false });
    expect([...parameters.parameters.keys()]).toEqual(['norm.weight', 'norm.bias']);
    parameters.parameters.get('norm.bias')?.variable.assign(tf.tensor1d([0, 0, 5, 5]));
    tf.tidy(() => {
      const map = tf.tensor4d([1, 3, 10, 30], [1, 1, 1, 4]);
      expect([...norm(map, { training: false }).dataSync()]).toEqual([-1, 1, 4, 6]);
      expect([...plain(map, { training: false }).dataSync()]).toEqual([0, 0, 0, 0]); // one cell has no spread
    });
  });
});

describe('a transposed convolution', () => {
  it('spreads every cell by its window, half of the rest cut off on every side', () => {
    const double = transposedConvolution(parameters, 'up', { kernel: 4, stride: 2, inChannels: 1, outChannels: 1 });
    const window = Array.from({ length: 16 }, (_, i) => i + 1);
    parameters.parameters.get('up.weight')?.variable.assign(tf.tensor4d(window, [4, 4, 1, 1]));
    parameters.parameters.get('up.bias')?.variable.assign(tf.tensor1d([100]));
    tf.tidy(() => {
      const one = double(tf.tensor4d([1], [1, 1, 1, 1]), { training: false });
      expect([...one.dataSync()]).toEqual([106, 107, 110, 111]); // rows and columns 1 and 2 of the window
      const pair = double(tf.tensor4d([1, 10], [1, 1, 2, 1]), { training: false });
      expect(pair.shape).toEqual([1, 2, 4, 1]);
      expect([...pair.dataSync()].slice(0, 4)).toEqual([106, 107 + 50, 108 + 60, 170]);
    });
  });

  it('passes gradients to map, window and bias', () => {
    const double = transposedConvolution(parameters, 'up', { kernel: 4, stride: 2, inChannels: 2, outChannels: 3 });
    tf.tidy(() => {
      const map = tf.ones<tf.Rank.R4>([1, 2, 2, 2]);
      const variables = [...parameters.parameters.values()].map(({ variable }) => variable);
      const cost = () => tf.sum(tf.square(double(map, { training: true }))) as tf.Scalar;
      const { grads } = tf.variableGrads(cost, variables);
      const step = 1e-2;
      for (const variable of variables) {
        const [first = 0] = grads[variable.name]?.dataSync() ?? [];
        const [value = 0] = variable.dataSync();
        const at = (shift: number) => {
          const values = variable.dataSync().slice();
          values[0] = value + shift;
          variable.assign(tf.tensor(values, variable.shape));
          return cost().dataSync()[0] ?? 0;
        };
        expect((at(step) - at(-step)) / (2 * step)).toBeCloseTo(first, 2);
        at(0);
      }
      const input = tf.grad((x) => tf.sum(double(x as tf.Tensor4D, { training: true })))(map);
      expect(input.shape).toEqual(map.shape);
    });
  });
});
