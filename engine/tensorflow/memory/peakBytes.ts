import { valueAt } from '../../checked.js';
import { DataType, type GraphOutput } from '../binding/api.js';
import type { OutputInfo } from '../trace/graph.js';
import type { Trace } from '../trace/program.js';
import type { TracedNode } from '../trace/trace.js';

/** Bytes of one value, where it is not four. */
const VALUE_BYTES = new Map<number, number>([
  [DataType.bool, 1],
  [DataType.uint8, 1],
  [DataType.half, 2],
  [DataType.bfloat16, 2],
  [DataType.double, 8],
  [DataType.int64, 8],
  [DataType.complex64, 8],
]);

/** Ops whose result is their first input's memory. */
const ALIASES = new Set(['Identity', 'Reshape', 'ExpandDims', 'Squeeze', 'StopGradient']);
/** Ops that need an input after they wrote to the output: windows and rows overlap. The others work in place where they can. */
const NOT_IN_PLACE =
  /Conv|MatMul|Pool|Resize|Gather|Scatter|Concat|Pack|Slice|Transpose|Tile|Pad|Split|FusedBatchNorm|StatelessIf|Sum|Mean|TopK|Einsum/;

/** Rounded sizes, gaps between tensors and scratch space of kernels, as a multiple of the tensors themselves. */
const ALLOCATION = 1.28;
/** Bytes of a node as TensorFlow optimizes and keeps it, and of XLA where it compiles element-wise chains. */
const NODE_BYTES = 38_000;
const XLA_BYTES = 90 * 2 ** 20;

/**
 * Bytes of memory a process needs for the first calls of a trace, beyond the arguments and variables. The constants were measured on
 * training steps of EfficientNet-B0 and EfficientDet-Lite0 and -D0, of 64 to 512 pixels and batches of 1 to 8.
 */
export function callBytes(trace: Trace): number {
  const { nodes } = trace.tracer;
  const compiled = nodes.some(({ type }) => type === 'PartitionedCall') ? XLA_BYTES : 0;
  return Math.round(ALLOCATION * peakBytes(trace) + NODE_BYTES * nodes.length + compiled);
}

/**
 * Peak of the bytes alive while a trace is executed in the order in which it was made: forward, backward, update. A value
 * is freed after its last reader; an element-wise op takes over the memory of an input that is read for the last time.
 */
function peakBytes({ tracer, ends }: Trace): number {
  const nodes = reached(tracer.nodes, ends);
  const roots = new Map<string, string>(); // an alias and the value whose memory it is
  const rootOf = (output: GraphOutput): string => roots.get(keyOf(output)) ?? keyOf(output);
  for (const { type, inputs, outputs } of nodes) {
    const [input, output] = [inputs[0], outputs[0]];
    if (ALIASES.has(type) && input && output) roots.set(keyOf(output.output), rootOf(input));
  }
  const lastRead = new Map<string, number>();
  nodes.forEach(({ inputs }, i) => {
    for (const input of inputs) lastRead.set(rootOf(input), i);
  });
  for (const end of ends) lastRead.set(rootOf(end), nodes.length);

  const alive = new Map<string, number>();
  let [now, peak] = [0, 0];
  nodes.forEach(({ type, inputs, outputs }, i) => {
    const dying = [...new Set(inputs.map(rootOf))].filter((key) => lastRead.get(key) === i && alive.has(key));
    const reusable = NOT_IN_PLACE.test(type) ? [] : [...dying];
    for (const output of outputs) {
      const [key, bytes] = [keyOf(output.output), bytesOf(output)];
      if (roots.has(key) || !lastRead.has(key)) continue;
      const taken = reusable.findIndex((each) => alive.get(each) === bytes);
      if (taken >= 0) alive.delete(valueAt(reusable.splice(taken, 1), 0));
      else now += bytes;
      alive.set(key, bytes);
      peak = Math.max(peak, now);
    }
    for (const key of dying) {
      now -= alive.get(key) ?? 0; // what was taken over is not freed
      alive.delete(key);
    }
  });
  return peak;
}

/** The nodes that the ends depend on: TensorFlow drops the others. */
function reached(nodes: readonly TracedNode[], ends: readonly GraphOutput[]): readonly TracedNode[] {
  const wanted = new Set(ends.map(({ oper }) => oper));
  const kept = [...nodes].reverse().filter(({ inputs, outputs }) => {
    if (!outputs.some(({ output }) => wanted.has(output.oper))) return false;
    for (const { oper } of inputs) wanted.add(oper);
    return true;
  });
  return kept.reverse();
}

const keyOf = ({ oper, index }: GraphOutput): string => `${oper}:${index}`;

function bytesOf({ shape, dtype }: OutputInfo): number {
  return shape.reduce((product, size) => product * Math.max(0, size), VALUE_BYTES.get(dtype) ?? 4);
}
