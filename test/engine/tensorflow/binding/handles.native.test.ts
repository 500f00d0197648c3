import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { NodeJSKernelBackend } from '#tfjs-node';
import type { Api } from '../../../../engine/tensorflow/binding/api.js';
import { createBinding } from '../../../../engine/tensorflow/binding/binding.js';
import { type Context, currentContext } from '../../../../engine/tensorflow/context.js';
import { createCompiler } from '../../../../engine/tensorflow/trace/compile.js';
import { values } from '../trace/compiled.js';

/** What each function of the C API brings into the world (+1) or frees (-1). */
const EFFECTS: { readonly [name: string]: readonly [kind: string, change: 1 | -1] } = {
  TF_NewStatus: ['status', 1],
  TF_DeleteStatus: ['status', -1],
  TF_AllocateTensor: ['tensor', 1],
  TFE_TensorHandleResolve: ['tensor', 1],
  TF_DeleteTensor: ['tensor', -1],
  TF_NewBuffer: ['buffer', 1],
  TF_DeleteBuffer: ['buffer', -1],
  TF_NewGraph: ['graph', 1],
  TF_DeleteGraph: ['graph', -1],
  TF_GraphToFunction: ['function', 1],
  TF_DeleteFunction: ['function', -1],
  TFE_ContextAddFunction: ['function of the context', 1],
  TFE_ContextRemoveFunction: ['function of the context', -1],
  TFE_NewTensorHandle: ['tensor handle', 1],
  TFE_TensorHandleCopySharingTensor: ['tensor handle', 1],
  TFE_DeleteTensorHandle: ['tensor handle', -1],
  TFE_NewOp: ['op', 1],
  TFE_DeleteOp: ['op', -1],
};

type AnyFunction = ((...args: unknown[]) => unknown) & { async?: (...args: unknown[]) => void };

/** The C API with every birth and death counted; null results and failed calls bring nothing. */
function counting(api: Api): { readonly api: Api; readonly alive: { [kind: string]: number }; calls: () => number } {
  const alive: { [kind: string]: number } = {};
  let calls = 0;
  const add = (kind: string, change: number): void => {
    alive[kind] = (alive[kind] ?? 0) + change;
  };
  const wrap = (name: string, original: AnyFunction): AnyFunction => {
    const executed = (args: readonly unknown[]): void => {
      const [, , count, status] = args as [unknown, unknown, Int32Array, bigint];
      if (api.TF_GetCode(status) === 0) add('tensor handle', count[0] as number);
    };
    const counted = (...args: unknown[]): unknown => {
      calls++;
      const result = original(...args);
      const effect = EFFECTS[name];
      if (effect && (effect[1] < 0 || result)) add(...effect);
      if (name === 'TFE_ContextAddFunction') add('function of the context', 1);
      if (name === 'TFE_Execute') executed(args);
      return result;
    };
    const async = (...args: unknown[]): void => {
      const done = args.at(-1) as (...outcome: unknown[]) => void;
      original.async?.(...args.slice(0, -1), (...outcome: unknown[]) => {
        executed(args);
        done(...outcome);
      });
    };
    return Object.assign(counted, { async });
  };
  const entries = Object.entries(api).map(([name, original]) => [name, wrap(name, original as AnyFunction)]);
  return { api: Object.fromEntries(entries) as unknown as Api, alive, calls: () => calls };
}

describe('handles of the C API', () => {
  const counted = counting(currentContext().api);
  const context: Context = { ...currentContext(), api: counted.api };
  const eager = createBinding(context);
  const backend = new NodeJSKernelBackend(eager, 'espalier');
  const compiler = createCompiler({ context, backend, eager });

  beforeAll(async () => {
    tf.registerBackend('counted', () => backend);
    tf.copyRegisteredKernels('tensorflow', 'counted');
    await tf.setBackend('counted');
  });
  afterAll(async () => {
    await tf.setBackend('tensorflow');
    tf.removeBackend('counted');
  });
  const quiet = { log: () => {} };
  const rest = (): { [kind: string]: number } =>
    Object.fromEntries(Object.entries(counted.alive).filter(([, count]) => count !== 0));

  it('are all freed after eager ops, failures and strings', () => {
    tf.tidy(() => {
      const x = tf.tensor2d([1, 2, 3, 4], [2, 2]);
      values(tf.softmax(tf.matMul(x, x)));
      values(tf.tensor(['a', 'b'.repeat(100)]));
      expect(() => values(tf.gather(x, tf.tensor1d([9], 'int32')))).toThrow(/not in/);
    });
    expect(counted.calls()).toBeGreaterThan(30);
    expect(rest()).toEqual({});
  });

  it('are all freed after training with a compiled step, retraces, errors and disposal', async () => {
    const w = tf.tidy(() => tf.variable(tf.randomNormal<tf.Rank.R2>([3, 2], 0, 1, 'float32', 1)));
    const adam = tf.train.adam(0.1);
    const table = tf.tensor1d(new Float32Array(20_000));
    const step = compiler(
      (x: tf.Tensor, i: tf.Tensor) =>
        adam.minimize(
          () => tf.sum(tf.mul(tf.matMul(x as tf.Tensor2D, w), tf.gather(table, i as tf.Tensor1D))) as tf.Scalar,
          true,
        ) as tf.Tensor,
      { ...quiet, mixedPrecision: 'f16' },
    );
    const inside = tf.tensor1d([0, 5], 'int32');
    const outside = tf.tensor1d([0, 50_000], 'int32');
    for (const rows of [2, 3, 2]) {
      const x = tf.ones([rows, 3]);
      step(x, inside).dispose();
      (await step.async(x, inside)).dispose();
      expect(() => step(x, outside)).toThrow(/tf\.gather at/);
      await expect(step.async(x, outside)).rejects.toThrow(/tf\.gather at/);
      step.graph(x, inside);
      x.dispose();
    }
    const refused = compiler((x: tf.Tensor) => tf.add(table, x.dataSync()[0] as number), quiet);
    expect(() => refused(inside)).toThrow(/reads a tensor's values/);
    const constant = compiler((x: tf.Tensor) => tf.matMul(x as tf.Tensor2D, w), { ...quiet, constants: true });
    const x = tf.ones([1, 3]);
    constant(x).dispose();
    for (const each of [step, refused, constant]) each.dispose();
    adam.dispose();
    tf.dispose([w, x, table, inside, outside]);
    expect(rest()).toEqual({});
    expect(eager.getNumOfTensors()).toBe(0);
  });
});
