import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { collectGraphs, countNodes } from '../../../../engine/tensorflow/trace/nodeCounts.js';
import { compileQuietly, values } from './compiled.js';

describe('the graph of a compiled function', () => {
  it('is a GraphDef of plain ops, with its ends by name', () => {
    const weight = tf.variable(tf.tensor2d([1, 2, 3, 4], [2, 2]), true, 'exported_weight');
    const table = tf.tensor1d([5, 6]);
    const { step } = compileQuietly(({ x }: { x: tf.Tensor }) => {
      weight.assign(tf.mul(weight, 2) as tf.Tensor2D);
      return { y: tf.add(tf.matMul(x as tf.Tensor2D, weight as tf.Tensor2D), table) };
    });
    const x = tf.ones([3, 2]);
    const { graphDef, inputs, outputs } = step.graph({ x });
    expect(Object.fromEntries(countNodes(graphDef))).toMatchObject({
      BatchMatMulV2: 1,
      Mul: 1,
      Placeholder: 2,
      Identity: 2,
    });
    expect(inputs.map(({ path, shape, dtype, variable }) => [path, shape, dtype, variable?.name])).toEqual([
      ['', [2, 2], 'float32', 'exported_weight'],
      ['0.x', [3, 2], 'float32', undefined],
    ]);
    expect(outputs.map(({ name, path, shape, variable }) => [name, path, shape, variable?.name])).toEqual([
      ['result_0', 'y', [3, 2], undefined],
      ['result_1', '', [2, 2], 'exported_weight'],
    ]);
    expect(values(weight)).toEqual([1, 2, 3, 4]); // nothing ran
    weight.dispose();
  });

  it('is counted before and after TensorFlow optimizes it', () => {
    const { step } = compileQuietly((x: tf.Tensor) => tf.mul(tf.add(x, tf.add(tf.scalar(1), tf.scalar(2))), x));
    const { before, after } = collectGraphs(() => {
      step(tf.ones([4]));
    });
    expect(Object.fromEntries(countNodes(before))).toMatchObject({ Add: 2, Const: 2, Mul: 1 });
    const optimized = countNodes(after);
    expect((optimized.get('Add') ?? 0) + (optimized.get('AddV2') ?? 0)).toBe(1); // 1 + 2 is known
    expect(optimized.get('Const')).toBe(1);
  });

  // AddN adds in the order in which its inputs' memory becomes free: other last bits from one run to the next.
  it.each([
    ['chained', (terms: readonly tf.Tensor[]) => terms.reduce((sum, term) => tf.add(sum, term))],
    ['in one', (terms: readonly tf.Tensor[]) => tf.addN([...terms])],
  ])('has sums of one order, written %s', (_, join) => {
    const { step } = compileQuietly((x: tf.Tensor) => join([tf.exp(x), tf.sin(x), tf.cos(x), tf.tanh(x)]));
    const x = tf.linspace(-1, 1, 4096);
    const { after } = collectGraphs(() => {
      tf.dispose(step(x));
    });
    const counts = countNodes(after);
    expect([counts.get('AddN'), counts.get('Add')]).toEqual([undefined, 3]);
    step.dispose();
  });

  it('computes filter gradients of 5x5 depthwise convolutions by an op that TensorFlow leaves alone', () => {
    const x = tf.randomNormal<tf.Rank.R4>([2, 12, 12, 6], 0, 1, 'float32', 1);
    const filters = [3, 5].map((size) => tf.randomNormal<tf.Rank.R4>([size, size, 6, 1], 0, 1, 'float32', size));
    const gradients = tf.grads((...filters: tf.Tensor[]) =>
      tf.addN(filters.map((filter) => tf.sum(tf.square(tf.depthwiseConv2d(x, filter as tf.Tensor4D, 2, 'same'))))),
    );
    const { step } = compileQuietly((...filters: tf.Tensor[]) => gradients(filters));
    const { before } = collectGraphs(() => {
      step(...filters).forEach((gradient, i) => {
        const expected = values(gradients(filters)[i] as tf.Tensor);
        expect(gradient.shape).toEqual(filters[i]?.shape);
        values(gradient).forEach((value, j) => {
          expect(Math.abs(value - (expected[j] as number))).toBeLessThan(1e-4 * Math.max(1, Math.abs(value)));
        });
      });
    });
    expect(countNodes(before).get('StatelessIf')).toBe(1);
    step.dispose();
  });
});
