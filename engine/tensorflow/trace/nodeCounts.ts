import { fieldBytes } from '../../../weights/bytes/protobuf.js';
import { readBuffer } from '../binding/buffer.js';
import { currentContext } from '../context.js';

/** How many nodes of each op a graph has, functions inside it included. */
export type NodeCounts = ReadonlyMap<string, number>;

/** Field numbers of tensorflow/core/framework/graph.proto, function.proto, node_def.proto and protobuf/config.proto. */
const GRAPH_NODE = 1;
const GRAPH_LIBRARY = 2;
const LIBRARY_FUNCTION = 1;
const FUNCTION_NODE = 3;
const NODE_OP = 2;
const METADATA_FUNCTION_GRAPHS = 4;
const BEFORE_OPTIMIZATION = 2;
const AFTER_OPTIMIZATION = 3;

/** @param graphDef a serialized tensorflow.GraphDef */
export function countNodes(graphDef: Uint8Array): NodeCounts {
  const nodes = [...fieldBytes(graphDef, GRAPH_NODE)];
  for (const library of fieldBytes(graphDef, GRAPH_LIBRARY)) {
    for (const fn of fieldBytes(library, LIBRARY_FUNCTION)) nodes.push(...fieldBytes(fn, FUNCTION_NODE));
  }
  const counts = new Map<string, number>();
  for (const node of nodes) {
    const op = new TextDecoder().decode(fieldBytes(node, NODE_OP).at(-1));
    counts.set(op, (counts.get(op) ?? 0) + 1);
  }
  return counts;
}

/** A function's graph as it was traced, and as TensorFlow runs it. */
export interface GraphStages {
  readonly before: Uint8Array;
  readonly after: Uint8Array;
}

/**
 * The GraphDefs of what `work` calls for the first time, before and after TensorFlow's own optimization.
 *
 * @param work the first call of one compiled function: TensorFlow optimizes when it instantiates it
 */
export function collectGraphs(work: () => void): GraphStages {
  const context = currentContext();
  const { api, eager, status, check } = context;
  api.TFE_ContextEnableGraphCollection(eager);
  try {
    work();
    const metadata = readBuffer(context, (buffer) => {
      api.TFE_ContextExportRunMetadata(eager, buffer, status);
      check('reading the optimized graph');
    });
    const graphs = fieldBytes(metadata, METADATA_FUNCTION_GRAPHS);
    const largest = graphs.reduce<Uint8Array>((a, b) => (b.length > a.length ? b : a), new Uint8Array());
    const one = (field: number): Uint8Array => fieldBytes(largest, field)[0] ?? new Uint8Array();
    return { before: one(BEFORE_OPTIMIZATION), after: one(AFTER_OPTIMIZATION) };
  } finally {
    api.TFE_ContextDisableGraphCollection(eager);
  }
}
