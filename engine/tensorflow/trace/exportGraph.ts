import type * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../checked.js';
import type { CompiledGraph, GraphEnd } from '../../compile.js';
import type { GraphOutput, Pointer } from '../binding/api.js';
import { readBuffer } from '../binding/buffer.js';
import type { Context } from '../context.js';
import { addResults } from './function.js';
import type { Engine, Trace } from './program.js';
import { type Flattened, leafPaths } from './tree.js';

/** A finished trace as a GraphDef and the names of its ends. */
export function exportGraph({ context, backend }: Engine, args: Flattened, trace: Trace): CompiledGraph {
  const { tracer, ends, outputs, result, resultCount, variables, assigned } = trace;
  const paths = leafPaths(args.shape);
  const inputs = tracer.inputs.map(({ source, output }): GraphEnd => {
    if (source.kind === 'capture') throw new Error('a plain trace captures nothing');
    const variable = variables[source.slot - args.leaves.length] ?? null;
    const tensor = (variable ?? args.leaves[source.slot]) as tf.Tensor;
    const path = paths[source.slot] ?? '';
    return { name: nodeName(context, output), shape: [...tensor.shape], dtype: tensor.dtype, variable, path };
  });
  const resultPaths = leafPaths(result);
  const results = addResults(context, tracer.graph, ends);
  const ending = outputs.map(({ shape, dtype }, i): GraphEnd => {
    const variable = variables[assigned[i - resultCount] ?? -1] ?? null;
    const name = nodeName(context, valueAt(results, i));
    return { name, shape, dtype: variable?.dtype ?? tfjsType(backend, dtype), variable, path: resultPaths[i] ?? '' };
  });
  return { graphDef: graphDefOf(context, tracer.graph), inputs, outputs: ending };
}

/** A serialized GraphDef of a graph. */
export function graphDefOf(context: Context, graph: Pointer): Uint8Array {
  const { api, status, check } = context;
  return readBuffer(context, (buffer) => {
    api.TF_GraphToGraphDef(graph, buffer, status);
    check('writing the graph');
  });
}

const nodeName = ({ api }: Context, { oper }: GraphOutput): string => api.TF_OperationName(oper);

function tfjsType(backend: Engine['backend'], dtype: number): tf.DataType {
  const types: readonly tf.DataType[] = ['float32', 'int32', 'bool', 'complex64', 'string'];
  return types.find((name) => backend.getDTypeInteger(name) === dtype) ?? 'int32';
}
