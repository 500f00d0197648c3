import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { fuseGraph } from '../../../engine/graph/fuse.js';
import type { Graph } from '../../../engine/graph/graph.js';
import { traceGraph } from '../../../engine/graph/trace.js';
import { batchNormInference, groupConv2d, layerNorm } from '../../../engine/kernels/index.js';

const kernelsOf = ({ nodes }: Graph): readonly string[] => nodes.map(({ kernel }) => kernel);
const constantsOf = ({ constants }: Graph) => [...constants.values()].map(({ values }) => [...values]);

describe('traceGraph', () => {
  it('records kernels, shapes and constants, and runs nothing that depends on an input', async () => {
    const graph = await traceGraph({ x: [2, 3] }, ({ x }) => ({ y: tf.relu(tf.add(x as tf.Tensor, [1, 2, 3])) }));
    expect(kernelsOf(graph)).toEqual(['Add', 'Relu']);
    expect(constantsOf(graph)).toEqual([[1, 2, 3]]);
    const [input, output] = [graph.inputs[0], graph.outputs[0]];
    expect([input?.name, graph.values.get(input?.value ?? -1)?.shape]).toEqual(['x', [2, 3]]);
    expect([output?.name, graph.values.get(output?.value ?? -1)?.shape]).toEqual(['y', [2, 3]]);
  });

  it('computes what depends on variables alone, and names them', async () => {
    const variable = tf.variable(tf.tensor1d([1, 4, 9]));
    const names = new Map<tf.Tensor, string>([[variable, 'root']]);
    const graph = await traceGraph(
      { x: [3] },
      ({ x }) => ({ y: tf.mul(x as tf.Tensor, tf.sqrt(variable)), z: tf.add(x as tf.Tensor, variable) }),
      { names },
    );
    expect(kernelsOf(graph)).toEqual(['Multiply', 'Add']);
    expect([...graph.constants.values()].map(({ name, values }) => [name, [...values]])).toEqual([
      ['root', [1, 4, 9]],
      [undefined, [1, 2, 3]],
    ]);
    expect([...variable.dataSync()]).toEqual([1, 4, 9]); // still the engine's own
    variable.dispose();
  });

  it('leaves out what no output depends on', async () => {
    const graph = await traceGraph({ x: [3] }, ({ x }) => {
      tf.exp(x as tf.Tensor);
      return { y: tf.neg(x as tf.Tensor) };
    });
    expect(kernelsOf(graph)).toEqual(['Neg']);
  });

  it('keeps kernels of this library whole when asked', async () => {
    const run = ({ x }: { readonly [name: string]: tf.Tensor }) => {
      const map = groupConv2d(x as tf.Tensor4D, tf.ones([1, 1, 2, 4]), 2, { stride: [1, 1], padding: 'same' });
      return { y: layerNorm(map, tf.tensor1d([1, 1, 1, 1]), tf.tensor1d([0, 0, 0, 0]), 1e-6) };
    };
    const whole = await traceGraph({ x: [1, 2, 2, 4] }, run, { kernels: 'whole' });
    expect(kernelsOf(whole)).toEqual(['EspalierGroupConv2D', 'Reshape', 'EspalierLayerNorm', 'Reshape']);
    const plain = await traceGraph({ x: [1, 2, 2, 4] }, run);
    expect(kernelsOf(plain).filter((kernel) => kernel.startsWith('Espalier'))).toEqual([]);
    expect(kernelsOf(plain)).toContain('Conv2D');
  });

  it('marks what is computed exactly', async () => {
    const graph = await traceGraph({ x: [1] }, ({ x }, { exactly }) => {
      const half = tf.neg(x as tf.Tensor);
      return { y: exactly(() => tf.exp(half)) };
    });
    expect(graph.nodes.map(({ isExact }) => isExact)).toEqual([false, true]);
  });

  it('says that values cannot be read, and leaves the engine as it was', async () => {
    const before = tf.getBackend();
    const reading = traceGraph({ x: [1] }, ({ x }) => ({ y: tf.scalar((x as tf.Tensor).dataSync()[0] ?? 0) }));
    await expect(reading).rejects.toThrow('a run without values has no values to read');
    expect(tf.getBackend()).toBe(before);
  });
});

describe('fuseGraph', () => {
  const identity = tf.tensor1d([0, 0]);
  const statistics = [identity, tf.tensor1d([1 - 1e-3, 4 - 1e-3]), tf.tensor1d([3, 8]), tf.tensor1d([5, -1])] as const;

  it('puts batch norm into the filter and the bias before it', async () => {
    const [mean, variance, scale, shift] = statistics;
    const graph = await traceGraph({ x: [1, 2, 2, 1] }, ({ x }) => {
      const map = tf.add(tf.conv2d(x as tf.Tensor4D, tf.tensor4d([2, 10], [1, 1, 1, 2]), 1, 'same'), [1, 2]);
      return { y: batchNormInference(map as tf.Tensor4D, mean, variance, scale, shift, 1e-3) };
    });
    const fused = fuseGraph(graph);
    expect(kernelsOf(fused)).toEqual(['Conv2D']);
    const [, filter = -1, bias = -1] = fused.nodes[0]?.inputs ?? [];
    const rounded = (value: number) =>
      [...(fused.constants.get(value)?.values ?? [])].map((each) => Number(each.toFixed(4)));
    expect(rounded(filter)).toEqual([6, 40]); // scale / deviation is 3 and 4
    expect(rounded(bias)).toEqual([1 * 3 + 5, 2 * 4 - 1]);
  });

  it('scales each channel of depthwise filters with several maps', async () => {
    const graph = await traceGraph({ x: [1, 2, 2, 2] }, ({ x }) => {
      const map = tf.depthwiseConv2d(x as tf.Tensor4D, tf.ones([1, 1, 2, 2]), 1, 'same');
      return { y: tf.mul(map, [1, 2, 3, 4]) };
    });
    const fused = fuseGraph(graph);
    expect(kernelsOf(fused)).toEqual(['DepthwiseConv2dNative']);
    expect(constantsOf(fused)).toEqual([[1, 2, 3, 4]]);
  });

  it('leaves a convolution alone that something else reads, too', async () => {
    const graph = await traceGraph({ x: [1, 2, 2, 1] }, ({ x }) => {
      const map = tf.conv2d(x as tf.Tensor4D, tf.ones([1, 1, 1, 1]), 1, 'same');
      return { y: tf.mul(map, 2), z: tf.relu(map) };
    });
    expect(kernelsOf(fuseGraph(graph))).toEqual(['Conv2D', 'Multiply', 'Relu']);
  });

  it('leaves factors alone that differ from place to place', async () => {
    const graph = await traceGraph({ x: [1, 2, 1, 1] }, ({ x }) => {
      const map = tf.conv2d(x as tf.Tensor4D, tf.ones([1, 1, 1, 1]), 1, 'same');
      return { y: tf.mul(map, tf.tensor4d([1, 2], [1, 2, 1, 1])) };
    });
    expect(kernelsOf(fuseGraph(graph))).toEqual(['Conv2D', 'Multiply']);
  });

  it('makes one factor of two, and drops copies', async () => {
    const graph = await traceGraph({ x: [2] }, ({ x }) => ({ y: tf.mul(tf.clone(tf.mul(x as tf.Tensor, 6)), 0.5) }));
    const fused = fuseGraph(graph);
    expect(kernelsOf(fused)).toEqual(['Multiply']);
    expect(constantsOf(fused)).toEqual([[3]]);
  });
});
