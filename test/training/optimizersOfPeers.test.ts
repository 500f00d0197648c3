import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { afterEach, describe, expect, test } from 'vitest';
import type { Parameter } from '../../backbones/module.js';
import { compile } from '../../engine/compile.js';
import { OPTIMIZERS } from '../../training/optimizers.js';
import { flatten } from '../../training/parameterGroups.js';

type Named = { readonly weight: number[]; readonly bias: number[] };
/** Recorded by bench/peers/optimizers.py, which says of what versions. */
const PEERS = JSON.parse(readFileSync(new URL('../golden/training/peers.json', import.meta.url), 'utf8')) as {
  readonly start: Named;
  readonly gradients: readonly Named[];
  readonly rates: readonly number[];
  readonly weight_decay: number;
  readonly optimizers: { readonly [name: string]: Named };
};
const SETTINGS = { momentum: 0.9, nesterov: false, beta1: null, beta2: null, epsilon: null };

afterEach(() => tf.disposeVariables());

describe('ten steps of an optimizer move parameters as those of PyTorch and timm do', () => {
  test.each([
    ['sgd', 'sgd', {}],
    ['sgd nesterov', 'sgd', { nesterov: true }],
    ['adamw', 'adamw', {}],
    ['rmsprop', 'rmsprop', {}],
    ['lamb', 'lamb', {}],
    ['lion', 'lion', {}],
  ] as const)('%s', (recorded, name, more) => {
    const parameterOf = (values: number[], shape: number[], role: 'weight' | 'bias'): Parameter => ({
      variable: tf.variable(tf.tensor(values, shape)),
      layout: 'plain',
      role,
    });
    const parameters = new Map([
      ['weight', parameterOf(PEERS.start.weight, [4, 3], 'weight')],
      ['bias', parameterOf(PEERS.start.bias, [3], 'bias')],
    ]);
    const optimizer = OPTIMIZERS[name](parameters, { ...SETTINGS, ...more, weightDecay: PEERS.weight_decay });
    // As in a training step: one graph where the engine has them.
    const update = compile((gradients: readonly tf.Tensor[], scalars: { readonly [name: string]: tf.Scalar }) => {
      optimizer.update(gradients, scalars);
      return { norm: tf.norm(gradients[0] as tf.Tensor) as tf.Scalar };
    });
    for (const [step, gradients] of PEERS.gradients.entries()) {
      const tensors = optimizer.groups.map((group) =>
        tf.tidy(() =>
          flatten(
            group,
            group.names.map((each) => tf.tensor(gradients[each as keyof Named], parameters.get(each)?.variable.shape)),
          ),
        ),
      );
      const scalars = Object.entries<number>(optimizer.scalars(step, PEERS.rates[step]!));
      const host = Object.fromEntries(scalars.map(([key, value]) => [key, tf.scalar(value)]));
      tf.dispose([update(tensors, host), tensors, host] as tf.TensorContainer);
    }
    update.dispose();
    for (const [each, { variable }] of parameters) {
      const expected = PEERS.optimizers[recorded]![each as keyof Named];
      const found = variable.dataSync();
      // Float32 against float64: a unit in the last place of values around 1 is 1.2e-7.
      for (const [i, value] of expected.entries())
        expect(Math.abs(found[i]! - value)).toBeLessThan(1e-6 * Math.max(1, Math.abs(value)));
    }
  });
});
