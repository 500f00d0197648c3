import * as tf from '@tensorflow/tfjs';
import { EngineError, messageOf } from '../errors.js';
import { SHAPE_RULES } from '../shapes/kernels.js';
import { type Call, placeholder, register, runOn, ShapeBackend } from '../shapes/shapes.js';
import { foldConstants } from './fold.js';
import type { Constant, Graph, GraphArray, GraphNode, ValueInfo } from './graph.js';
import { GRAPH_RULES } from './wholeKernels.js';

/** Named tensors. */
export type Named<T extends tf.Tensor = tf.Tensor> = { readonly [name: string]: T };

/** What the traced function may say of the graph that is made of it. */
export interface TraceMarks {
  /** What runs in it is computed in float32 whatever the precision of the rest. */
  exactly<T>(run: () => T): T;
}

export interface TraceOptions {
  /** Names of the variables that are read, for the constants made of them. Defaults to none. */
  readonly names?: ReadonlyMap<tf.Tensor, string>;
  /**
   * `whole`: kernels of this library that formats have operators for are one node; `plain`: kernels of tfjs alone.
   * Defaults to plain.
   */
  readonly kernels?: 'whole' | 'plain';
}

class GraphBackend extends ShapeBackend {
  nodes: GraphNode[] = [];
  values = new Map<number, ValueInfo>();
  /** Tensors that were made in the run. */
  written = new Map<number, Constant>();
  /** Tensors that were made before it, by their numbers. */
  given = new Map<number, tf.TensorInfo>();
  readonly #numbers = new Map<object, number>();
  isExact = false;

  begin(): void {
    this.nodes = [];
    this.values = new Map();
    this.written = new Map();
    this.given = new Map();
    this.#numbers.clear();
    this.isExact = false;
  }

  override write(values: unknown, shape: number[], dtype: tf.DataType): object {
    const dataId = super.write(values, shape, dtype);
    const number = this.numberOf({ dataId, shape, dtype });
    this.written.set(number, { shape: [...shape], dtype, values: arrayOf(values, dtype) });
    return dataId;
  }

  override run(call: Call, inputs: readonly tf.TensorInfo[], attributes: tf.NamedAttrMap): tf.TensorInfo[] {
    const numbers = inputs.map((info) => this.numberOf(info));
    const outputs = super.run(call, inputs, attributes);
    this.nodes.push({
      kernel: call.kernel,
      attributes,
      inputs: numbers,
      names: call.names,
      outputs: outputs.map((info) => this.numberOf(info)),
      isExact: this.isExact,
    });
    return outputs;
  }

  /** One number for each tensor's memory; one that this backend did not make was given from outside. */
  numberOf(info: tf.TensorInfo): number {
    const known = this.#numbers.get(info.dataId);
    if (known !== undefined) return known;
    const number = this.#numbers.size;
    this.#numbers.set(info.dataId, number);
    this.values.set(number, { shape: [...info.shape], dtype: info.dtype });
    if (this.idOf(info.dataId) === 0) this.given.set(number, info);
    return number;
  }
}

const BACKENDS = { plain: 'espalier-graph-plain', whole: 'espalier-graph' } as const;
const backends = new Map<string, GraphBackend>();

/**
 * Records the kernels that a function of tensors executes, on shapes alone, with the constants that it reads: a network as
 * data, on any engine. What depends on no input is computed once, on the engine that is open.
 *
 * @param inputs  shapes of the float32 inputs, by name
 * @param compute plain tfjs code that reads no values; it owns nothing that it returns
 * @throws EngineError when it reads a value, or runs a kernel whose shapes are not known
 */
export async function traceGraph(
  inputs: { readonly [name: string]: readonly number[] },
  compute: (inputs: Named, marks: TraceMarks) => Named,
  { names = new Map(), kernels = 'plain' }: TraceOptions = {},
): Promise<Graph> {
  const name = BACKENDS[kernels];
  const rules = kernels === 'whole' ? GRAPH_RULES : SHAPE_RULES;
  const own = backends.get(name) ?? register(name, new GraphBackend(), rules);
  backends.set(name, own);
  own.begin();
  const ports = runOn(own, name, () => record(own, inputs, compute)).result;
  const variables = new Map([...names].map(([tensor, path]) => [tensor.dataId, path]));
  const constants = new Map(own.written);
  for (const [number, { dataId, shape, dtype }] of own.given) {
    const path = variables.get(dataId);
    const values = arrayOf(await tf.engine().read(dataId), dtype);
    constants.set(number, { shape, dtype, values, ...(path === undefined ? {} : { name: path }) });
  }
  const graph: Graph = { ...ports, nodes: own.nodes, values: own.values, constants };
  own.begin();
  return foldConstants(graph);
}

function record(
  own: GraphBackend,
  inputs: { readonly [name: string]: readonly number[] },
  compute: (inputs: Named, marks: TraceMarks) => Named,
): Pick<Graph, 'inputs' | 'outputs'> {
  const exactly = <T>(run: () => T): T => {
    const before = own.isExact;
    own.isExact = true;
    try {
      return run();
    } finally {
      own.isExact = before;
    }
  };
  const scope = tf.engine();
  scope.startScope('trace');
  try {
    const placeholders = Object.fromEntries(
      Object.entries(inputs).map(([name, shape]) => [name, placeholder(shape as [number])]),
    );
    const port = ([name, tensor]: readonly [string, tf.Tensor]) => ({ name, value: own.numberOf(tensor) });
    const given = Object.entries(placeholders).map(port);
    return { inputs: given, outputs: Object.entries(compute(placeholders, { exactly })).map(port) };
  } catch (error) {
    if (error instanceof EngineError) throw error;
    const said = messageOf(error);
    throw new EngineError(`the network cannot be recorded as a graph: ${said}`);
  } finally {
    scope.endScope();
  }
}

function arrayOf(values: unknown, dtype: tf.DataType): GraphArray {
  const list = values as ArrayLike<number>;
  if (dtype === 'float32') return new Float32Array(list);
  if (dtype === 'int32') return new Int32Array(list);
  if (dtype === 'bool') return new Uint8Array(list);
  throw new EngineError(`a graph holds float32, int32 and bool, not ${dtype}`);
}
