import { ConfigError } from '../../engine/errors.js';
import { fuseGraph } from '../../engine/graph/fuse.js';
import { type Graph, infoOf } from '../../engine/graph/graph.js';
import { OnnxBuilder } from './builder.js';
import type { OnnxModel, OnnxNode, OnnxPort } from './model.js';
import { OPERATORS } from './operators.js';

/** What floats are stored and computed in; inputs and outputs are float32. */
export type Precision = 'f32' | 'f16';

/**
 * A recorded network as an ONNX model, maps channels first, batch norm in the convolutions.
 *
 * @param graph of whole kernels
 * @throws ConfigError naming a kernel that has no operator
 */
export function onnxOf(graph: Graph, metadata: OnnxModel['metadata'], precision: Precision = 'f32'): OnnxModel {
  const fused = fuseGraph(graph);
  const builder = new OnnxBuilder(fused);
  for (const { name } of fused.outputs) builder.fresh(name);
  for (const { name, value } of fused.inputs) builder.input(value, name);
  for (const node of fused.nodes) {
    const emit = OPERATORS[node.kernel];
    if (!emit) throw new ConfigError(`the network executes ${node.kernel}, which cannot be written to ONNX yet`);
    builder.float = precision === 'f16' && !node.isExact ? 'float16' : 'float32';
    emit(builder, node);
  }
  builder.float = 'float32';
  const ends = fused.outputs.map(({ name, value }) => ({ name, computed: builder.get(value) }));
  const port = ({ name, value }: Graph['inputs'][number]): OnnxPort => ({
    name,
    type: builder.typeOf(value),
    shape: infoOf(fused, value).shape,
  });
  return {
    nodes: named(builder.nodes, ends),
    tensors: builder.tensors,
    inputs: fused.inputs.map(port),
    outputs: fused.outputs.map(port),
    metadata,
  };
}

/** The operators with the outputs of the graph under their own names. */
function named(
  nodes: readonly OnnxNode[],
  ends: readonly { readonly name: string; readonly computed: string }[],
): readonly OnnxNode[] {
  const made = new Set(nodes.flatMap(({ outputs }) => outputs));
  const names = new Map<string, string>();
  const copies: OnnxNode[] = [];
  for (const { name, computed } of ends) {
    if (made.has(computed) && !names.has(computed)) names.set(computed, name);
    else
      copies.push({ operator: 'Identity', inputs: [names.get(computed) ?? computed], outputs: [name], attributes: {} });
  }
  const rename = (name: string): string => names.get(name) ?? name;
  const renamed = nodes.map((node) => ({
    ...node,
    inputs: node.inputs.map(rename),
    outputs: node.outputs.map(rename),
  }));
  return [...renamed, ...copies];
}
