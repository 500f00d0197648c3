import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, it } from 'vitest';
import { zeros } from '../../backbones/initialisers.js';
import { convolution, dense, depthwise } from '../../backbones/layers/index.js';
import { createParameters, type Parameters } from '../../backbones/parameters.js';
import { compareStateDict, exportStateDict, loadStateDict } from '../../pretrained/stateDict.js';
import type { HostTensor } from '../../weights/hostTensor.js';

const made: Parameters[] = [];
afterEach(() => {
  for (const parameters of made.splice(0)) parameters.dispose();
});

/** conv [3 out, 2 in, 1x3 kernel is square here: 3x3], dw [2, 1, 3, 3], fc [2 out, 3 in]. */
function network(seed = 1): Parameters {
  const parameters = createParameters(seed);
  const shared = { kernel: 3, stride: 1, padding: 'same', bias: false, frozen: false } as const;
  convolution(parameters, 'conv', { ...shared, inChannels: 2, outChannels: 3 });
  depthwise(parameters, 'dw', { ...shared, channels: 2 });
  dense(parameters, 'fc', { inChannels: 3, outChannels: 2, frozen: false, initialise: zeros });
  made.push(parameters);
  return parameters;
}

const counting = (shape: readonly number[]): HostTensor => {
  const count = shape.reduce((product, size) => product * size, 1);
  return { dtype: 'F32', shape, data: Float32Array.from({ length: count }, (_, i) => i) };
};
const FILE: ReadonlyMap<string, HostTensor> = new Map([
  ['conv.weight', counting([3, 2, 3, 3])],
  ['dw.weight', counting([2, 1, 3, 3])],
  ['fc.weight', counting([2, 3])],
  ['fc.bias', counting([2])],
]);

describe('loadStateDict', () => {
  it('transposes each layout of PyTorch into memory', () => {
    const module = network();
    const report = loadStateDict(module, FILE, { partial: false });
    expect(report).toEqual({ loaded: [...FILE.keys()], missing: [], unexpected: [], reshaped: [] });
    const at = (name: string, ...position: number[]) =>
      tf.tidy(
        () =>
          tf
            .slice(
              module.parameters.get(name)?.variable as tf.Tensor,
              position,
              position.map(() => 1),
            )
            .dataSync()[0],
      );
    // File position of [out 2, in 1, row 0, column 2]: ((2 * 2 + 1) * 3 + 0) * 3 + 2.
    expect(at('conv.weight', 0, 2, 1, 2)).toBe(47);
    expect(at('dw.weight', 2, 1, 1, 0)).toBe((1 * 3 + 2) * 3 + 1);
    expect(at('fc.weight', 2, 1)).toBe(5);
    expect(at('fc.bias', 1)).toBe(1);
  });

  it('is undone by exportStateDict to the bit', async () => {
    const module = network();
    loadStateDict(module, FILE, { partial: false });
    expect(await exportStateDict(module)).toEqual(FILE);
  });

  it('names what is missing, unexpected and of another shape, and then changes nothing', async () => {
    const module = network(3);
    const before = await exportStateDict(module);
    const wrong = new Map([...FILE, ['extra', counting([1])], ['fc.weight', counting([3, 2])]]);
    wrong.delete('dw.weight');
    expect(() => loadStateDict(module, wrong, { partial: false })).toThrow(
      "these weights belong to another network: 'fc.weight' is [3,2] in the file and [2,3] in the network; the file lacks 'dw.weight'; the network has no 'extra'",
    );
    expect(await exportStateDict(module)).toEqual(before);
  });

  it('loads what fits when asked for a part, and reports the rest', () => {
    const module = network();
    const some = new Map([
      ['fc.bias', counting([2])],
      ['conv.weight', counting([3, 2, 1, 1])],
      ['x', counting([1])],
    ] as const);
    const report = loadStateDict(module, some, { partial: true });
    expect(report).toEqual({
      loaded: ['fc.bias'],
      missing: ['dw.weight', 'fc.weight'],
      unexpected: ['x'],
      reshaped: [{ name: 'conv.weight', file: [3, 2, 1, 1], module: [3, 2, 3, 3] }],
    });
    expect(compareStateDict(module, some)).toEqual(report);
  });

  it('ignores counters', () => {
    const counted = new Map(FILE).set('bn.num_batches_tracked', counting([])).set('n_averaged', counting([]));
    expect(loadStateDict(network(), counted, { partial: false }).loaded).toHaveLength(4);
  });

  it('refuses NaN and infinity', () => {
    const broken = new Map([...FILE, ['fc.bias', { ...counting([2]), data: Float32Array.of(0, Number.NaN) }]]);
    expect(() => loadStateDict(network(), broken, { partial: false })).toThrow("'fc.bias' holds NaN at position 1");
  });
});
