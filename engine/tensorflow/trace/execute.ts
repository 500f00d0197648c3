import type * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../checked.js';
import type { Pointer } from '../binding/api.js';
import type { Engine } from './program.js';
import type { TraceInput } from './traceInputs.js';

/** What is needed to call a function of the context. */
export interface Callable {
  readonly name: string;
  readonly inputs: readonly TraceInput[];
  readonly outputs: readonly { readonly shape: number[]; readonly dtype: number }[];
  /** Slots after the arguments. */
  readonly variables: readonly tf.Variable[];
}

/** A call whose inputs are bound: it may be executed on another thread. */
export interface Run {
  readonly op: Pointer;
  readonly results: BigUint64Array;
  readonly count: Int32Array;
}

/** Binds the inputs; from here on the caller may dispose its tensors. */
export function bind({ context, backend, eager }: Engine, callable: Callable, leaves: readonly tf.Tensor[]): Run {
  const { api, status, check } = context;
  const op = api.TFE_NewOp(context.eager, callable.name, status); // a function is called like an op
  check(callable.name);
  try {
    for (const { source } of callable.inputs) {
      let handle: Pointer;
      if (source.kind === 'capture') handle = source.handle;
      else {
        const tensor = leaves[source.slot] ?? callable.variables[source.slot - leaves.length];
        handle = eager.handleOf(valueAt(backend.getInputTensorIds([tensor as tf.Tensor]), 0));
      }
      api.TFE_OpAddInput(op, handle, status);
      check(callable.name);
    }
  } catch (error) {
    api.TFE_DeleteOp(op);
    throw error;
  }
  api.TFE_OpSetAttrString(op, 'config_proto', context.config, context.config.length); // without it nothing is optimized
  const outputs = callable.outputs.length;
  return { op, results: new BigUint64Array(Math.max(1, outputs)), count: Int32Array.of(outputs) };
}

/** Executes on this thread and frees the call. */
export function runNow({ context }: Engine, run: Run, what: string): void {
  context.api.TFE_Execute(run.op, run.results, run.count, context.status);
  context.api.TFE_DeleteOp(run.op);
  context.check(what);
}

/** Executes on another thread and frees the call; rejects with TensorFlow's own message. */
export function runAsync({ context }: Engine, run: Run): Promise<void> {
  const { api } = context;
  const status = api.TF_NewStatus();
  return new Promise((resolve, reject) => {
    api.TFE_Execute.async(run.op, run.results, run.count, status, (error: Error | null) => {
      const failed = error ?? (api.TF_GetCode(status) === 0 ? null : new Error(api.TF_Message(status)));
      api.TF_DeleteStatus(status);
      api.TFE_DeleteOp(run.op);
      if (failed) reject(failed);
      else resolve();
    });
  });
}

/** The outputs as tensors. */
export function adoptOutputs({ backend, eager }: Engine, callable: Callable, run: Run): readonly tf.Tensor[] {
  return callable.outputs.map(({ shape, dtype }, i) =>
    backend.createOutputTensor({ id: eager.register(valueAt(run.results, i)), shape: [...shape], dtype }),
  );
}

/** All of it at once. */
export function execute(engine: Engine, callable: Callable, leaves: readonly tf.Tensor[]): readonly tf.Tensor[] {
  const run = bind(engine, callable, leaves);
  runNow(engine, run, callable.name);
  return adoptOutputs(engine, callable, run);
}
