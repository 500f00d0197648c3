import type * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '#tfjs-node';
import { valueAt } from '../../checked.js';
import type { EagerBinding } from '../binding/binding.js';
import type { Context } from '../context.js';
import { addFunction } from './function.js';
import { type Callee, createTracer, type Tracer, tracerOf } from './trace.js';

/** Parts of a compiled function that become functions of their own. */
export interface Clusters {
  /**
   * Runs `compute`. Inside a compiled function it becomes a function of its own that XLA compiles for these shapes: one pass
   * over memory instead of one per op. Whole networks are slower under XLA on the CPU, chains of element-wise ops faster.
   *
   * @param label names the computation: same label and shapes, same machine code
   */
  run(label: string, inputs: readonly tf.Tensor[], compute: Compute): readonly tf.Tensor[];
  /**
   * Runs `compute`. Inside a compiled function its ops are TensorFlow's own, as the branch of a condition that always
   * holds: elsewhere TensorFlow replaces them by oneDNN's.
   */
  runStock(label: string, inputs: readonly tf.Tensor[], compute: Compute): readonly tf.Tensor[];
}

/** Tensors to tensors, from the inputs alone. */
type Compute = (...inputs: tf.Tensor[]) => readonly tf.Tensor[];

interface Cluster {
  readonly callee: Callee;
  /** Which of the inputs the function takes, in its order. */
  readonly used: readonly number[];
}

export function createClusters(context: Context, backend: NodeJSKernelBackend, eager: EagerBinding): Clusters {
  const known = new Map<string, Cluster>();

  const build = (kind: Callee['kind'], label: string, inputs: readonly tf.Tensor[], compute: Compute): Cluster => {
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
        const end = valueAt(ends, i);
        return { shape: [...shape], dtype: context.api.TF_OperationOutputType(end) };
      });
      const { name, fn } = addFunction(context, tracer, ends, label, { xla: kind === 'xla' });
      const used = tracer.inputs.map(({ source }) => {
        if (source.kind === 'slot') return source.slot;
        throw new Error(`cluster ${label} uses a tensor that is not one of its inputs`);
      });
      return { callee: { kind, name, fn, outputs }, used };
    } finally {
      backend.binding = outer;
      tracer.finish(true);
      context.api.TF_DeleteGraph(tracer.graph);
    }
  };

  const hasGpu = context.devices.some(({ type }) => type === 'GPU');
  /** undefined where `compute` is to run op by op: such functions take float32 alone, and a GPU's ops are not replaced. */
  const tracerFor = (kind: Callee['kind']): Tracer | undefined => {
    const tracer = tracerOf(backend.binding);
    if (!tracer || tracer.options.plain) return undefined;
    return kind === 'stock' && (hasGpu || tracer.options.mixedPrecision) ? undefined : tracer;
  };

  const runAs =
    (kind: Callee['kind']): Clusters['run'] =>
    (label, inputs, compute) => {
      const tracer = tracerFor(kind);
      if (!tracer) return compute(...inputs);
      const key = `${kind} ${label} ${inputs.map(({ shape, dtype }) => `${dtype}[${shape}]`).join()}`;
      let cluster = known.get(key);
      if (!cluster) {
        cluster = build(kind, label, inputs, compute);
        known.set(key, cluster);
      }
      const ids = backend.getInputTensorIds(cluster.used.map((slot) => valueAt(inputs, slot)));
      return tracer.callFunction(cluster.callee, ids).map((metadata) => backend.createOutputTensor(metadata));
    };

  return { run: runAs('xla'), runStock: runAs('stock') };
}
