import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { writeOnnx } from '../../../deploy/onnx/model.js';
import { onnxOf } from '../../../deploy/onnx/onnx.js';
import { OPERATORS } from '../../../deploy/onnx/operators.js';
import { traceGraph } from '../../../engine/graph/trace.js';
import { hasOnnxRuntime, runOnnx, WITHOUT_RUNTIME } from '../onnxRuntime.js';
import { noise, PROGRAMS, SHAPE } from './programs.js';

describe('the operators of ONNX', () => {
  it('have a program for every kernel of the table', () => {
    const tested = new Set(PROGRAMS.flatMap(([kernels]) => kernels.split(' ')));
    expect(Object.keys(OPERATORS).filter((name) => !tested.has(name))).toEqual([]);
  });

  it.each(PROGRAMS)('write %s', async (kernels, run) => {
    const graph = await traceGraph({ x: SHAPE }, ({ x }) => ({ y: run(x as tf.Tensor4D) }), { kernels: 'whole' });
    const held = graph.nodes.map(({ kernel }) => kernel);
    for (const name of kernels.split(' ')) expect(held).toContain(name);
    const model = onnxOf(graph, {});
    expect(model.outputs[0]?.name).toBe('y');
    const made = new Set(['', 'x', ...model.tensors.map(({ name }) => name)]);
    for (const { inputs, outputs } of model.nodes) {
      for (const name of inputs) expect(made).toContain(name); // computed before it is read
      for (const name of outputs) made.add(name);
    }
    expect(made).toContain('y');
  });

  it.skipIf(!hasOnnxRuntime).each(PROGRAMS)(
    `compute what the engine computes: %s${WITHOUT_RUNTIME}`,
    async (_, run) => {
      const values = noise(SHAPE);
      const graph = await traceGraph({ x: SHAPE }, ({ x }) => ({ y: run(x as tf.Tensor4D) }), { kernels: 'whole' });
      const { y } = await runOnnx(writeOnnx(onnxOf(graph, {}), '1.0.0'), 'x', values, SHAPE);
      const wanted = tf.tidy(() => run(tf.tensor4d(values, [...SHAPE])));
      expect(y?.shape).toEqual(wanted.shape);
      const expected = await wanted.data();
      wanted.dispose();
      const furthest = Math.max(...expected.map((value, i) => Math.abs(value - (y?.values[i] ?? Number.NaN))));
      expect(furthest).toBeLessThan(2e-5);
    },
  );
});
