import * as tf from '@tensorflow/tfjs';
import { need, valueAt } from '../checked.js';
import type { Constant, Graph, GraphArray, GraphNode } from './graph.js';

/** Every node that depends on constants alone, computed by the engine that is open; and what nothing reads left out. */
export async function foldConstants(graph: Graph): Promise<Graph> {
  const constants = new Map(graph.constants);
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes) {
    if (!node.inputs.every((value) => constants.has(value))) {
      nodes.push(node);
      continue;
    }
    const results = await compute(
      node,
      node.inputs.map((value) => need(constants, value)),
    );
    for (const [i, value] of node.outputs.entries()) constants.set(value, valueAt(results, i));
  }
  return withoutUnused({ ...graph, nodes, constants });
}

async function compute(node: GraphNode, inputs: readonly Constant[]): Promise<readonly Constant[]> {
  const outputs = tf.tidy(() => {
    const tensors = inputs.map(({ values, shape, dtype }) => tf.tensor(values, [...shape], dtype));
    const isList = node.names.every((name) => /^\d+$/.test(name)); // as Concat and Pack take them
    const named = isList
      ? (tensors as unknown as tf.NamedTensorMap)
      : Object.fromEntries(node.names.map((name, i) => [name, valueAt(tensors, i)]));
    const result = tf.engine().runKernel(node.kernel, named, node.attributes);
    return Array.isArray(result) ? result : [result];
  });
  const [first] = inputs;
  const isView = ['Reshape', 'Transpose', 'Identity'].includes(node.kernel);
  const name = isView && first?.name !== undefined ? { name: first.name } : {};
  try {
    return await Promise.all(
      outputs.map(async (output): Promise<Constant> => {
        const values = (await output.data()).slice() as GraphArray;
        return { values, shape: output.shape, dtype: output.dtype, ...name };
      }),
    );
  } finally {
    tf.dispose(outputs);
  }
}

/** The same graph without nodes and constants that no output depends on. */
export function withoutUnused(graph: Graph): Graph {
  const used = new Set(graph.outputs.map(({ value }) => value));
  const nodes: GraphNode[] = [];
  for (const node of graph.nodes.toReversed()) {
    if (!node.outputs.some((value) => used.has(value))) continue;
    nodes.push(node);
    for (const value of node.inputs) used.add(value);
  }
  const constants = new Map([...graph.constants].filter(([value]) => used.has(value)));
  return { ...graph, nodes: nodes.toReversed(), constants };
}
