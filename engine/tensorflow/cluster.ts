import type * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '#tfjs-node';
import { AttrType } from './api.js';
import type { EagerBinding } from './binding.js';
import type { Context } from './context.js';
import { addFunction } from './function.js';
import { type Callee, createTracer, tracerOf } from './trace.js';

/** Element-wise chains as one machine-code loop. */
export interface Clusters {
  /** Whether a function is being compiled that is not to consist of plain ops. */
  readonly active: boolean;
  /**
   * Runs `compute`. Inside a compiled function it becomes a function of its own that XLA compiles for these shapes: one pass
   * over memory instead of one per op. Whole networks are slower under XLA on the CPU, chains of element-wise ops faster.
   *
   * @param label   names the computation: same label and shapes, same machine code
   * @param compute tensors to tensors, from `inputs` alone
   */
  run(
    label: string,
    inputs: readonly tf.Tensor[],
    compute: (...inputs: tf.Tensor[]) => readonly tf.Tensor[],
  ): readonly tf.Tensor[];
}

interface Cluster {
  readonly callee: Callee;
  /** Which of the inputs the function takes, in its order. */
  readonly used: readonly number[];
}

export function createClusters(context: Context, backend: NodeJSKernelBackend, eager: EagerBinding): Clusters {
  const known = new Map<string, Cluster>();

  const build: (...of: Parameters<Clusters['run']>) => Cluster = (label, inputs, compute) => {
    const outer = backend.binding;
    const tracer = createTracer(context, eager);
    backend.binding = tracer.binding;
    try {
      const symbolic = inputs.map((tensor, slot) => {
        const { dtype } = backend.tensorMap.get(tensor.dataId);
        return backend.createOutputTensor(tracer.declareSlot(slot, { shape: tensor.shape, dtype }));
      });
      const results = compute(...symbolic);
      const ends = backend.getInputTensorIds(results).map(tracer.resolve);
      const outputs = results.map(({ shape }, i) => {
        const end = ends[i] as (typeof ends)[number];
        return { shape: [...shape], dtype: context.api.TF_OperationOutputType(end) };
      });
      const { name, fn } = addFunction(context, tracer, ends, label, { xla: true });
      const used = tracer.inputs.map(({ source }) => {
        if (source.kind === 'slot') return source.slot;
        throw new Error(`cluster ${label} uses a tensor that is not one of its inputs`);
      });
      const attrs = [{ name: '_XlaMustCompile', type: AttrType.bool, value: true }];
      return { callee: { name, fn, outputs, attrs }, used };
    } finally {
      backend.binding = outer;
      tracer.finish(true);
      context.api.TF_DeleteGraph(tracer.graph);
    }
  };

  const activeTracer = () => {
    const tracer = tracerOf(backend.binding);
    return tracer?.options.plain ? undefined : tracer;
  };

  return {
    get active() {
      return activeTracer() !== undefined;
    },
    run(label, inputs, compute) {
      const tracer = activeTracer();
      if (!tracer) return compute(...inputs);
      const key = `${label} ${inputs.map(({ shape, dtype }) => `${dtype}[${shape}]`).join()}`;
      let cluster = known.get(key);
      if (!cluster) {
        cluster = build(label, inputs, compute);
        known.set(key, cluster);
      }
      const ids = backend.getInputTensorIds(cluster.used.map((slot) => inputs[slot] as tf.Tensor));
      return tracer.callFunction(cluster.callee, ids).map((metadata) => backend.createOutputTensor(metadata));
    },
  };
}
