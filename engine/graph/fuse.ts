import { valueAt } from '../checked.js';
import { withoutUnused } from './fold.js';
import { type Constant, type Graph, type GraphNode, infoOf, sizeOf } from './graph.js';

/** Where the output channels are among the axes of a convolution's filter; depthwise filters have them in two. */
const CHANNEL_AXES: { readonly [kernel: string]: readonly number[] } = {
  Conv2D: [3],
  DepthwiseConv2dNative: [2, 3],
  EspalierDilatedDepthwise: [2, 3],
  EspalierGroupConv2D: [3],
  Conv2DBackpropInput: [2],
};

/** Kernels of a graph that are convolutions with a constant filter and may carry a bias as their third input. */
export const isConvolution = (kernel: string): boolean => kernel in CHANNEL_AXES;

/**
 * The same network with less to compute: factors and offsets per channel behind a convolution, which batch norm is by then, go
 * into its filter and bias; factors of one value that follow each other become one, and copies go.
 */
export function fuseGraph(graph: Graph): Graph {
  const state = new Fusion(graph);
  for (const node of graph.nodes) state.add(node);
  return state.done();
}

class Fusion {
  readonly #graph: Graph;
  readonly #values;
  readonly #constants;
  readonly #uses = new Map<number, number>();
  /** What is read in place of a value. */
  readonly #aliases = new Map<number, number>();
  /** Nodes by what they give, in order. */
  readonly #nodes = new Map<number, GraphNode>();
  #next: number;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#values = new Map(graph.values);
    this.#constants = new Map(graph.constants);
    this.#next = Math.max(0, ...graph.values.keys()) + 1;
    const read = [...graph.nodes.flatMap(({ inputs }) => inputs), ...graph.outputs.map(({ value }) => value)];
    for (const value of read) this.#uses.set(value, (this.#uses.get(value) ?? 0) + 1);
  }

  add(given: GraphNode): void {
    const node = { ...given, inputs: given.inputs.map((value) => this.#aliases.get(value) ?? value) };
    const [output = -1] = node.outputs;
    const [input = -1] = node.inputs;
    const isCopy = node.kernel === 'Cast' && node.attributes.dtype === infoOf({ values: this.#values }, input).dtype;
    if (node.kernel === 'Identity' || isCopy) this.#stand(output, input);
    else if (!this.#absorbed(node, output)) this.#nodes.set(output, node);
  }

  done(): Graph {
    const outputs = this.#graph.outputs.map(({ name, value }) => ({ name, value: this.#aliases.get(value) ?? value }));
    return withoutUnused({
      inputs: this.#graph.inputs,
      outputs,
      nodes: [...this.#nodes.values()],
      values: this.#values,
      constants: this.#constants,
    });
  }

  /** Whether the node before does the node's work by now. */
  #absorbed({ kernel, inputs, isExact }: GraphNode, output: number): boolean {
    const [a = -1, b = -1] = inputs;
    const isReversed = this.#constants.has(a) && (kernel === 'Multiply' || kernel === 'Add');
    const [x, constant] = isReversed ? [b, this.#constants.get(a)] : [a, this.#constants.get(b)];
    const before = this.#nodes.get(x);
    if (!constant || !before || before.isExact !== isExact || (this.#uses.get(x) ?? 0) !== 1) return false;
    const done = isConvolution(before.kernel)
      ? this.#intoConvolution(before, kernel, constant)
      : this.#intoFactor(before, kernel, constant);
    if (!done) return false;
    this.#nodes.delete(x);
    this.#nodes.set(x, done);
    this.#stand(output, x);
    return true;
  }

  #stand(output: number, source: number): void {
    const value = this.#aliases.get(source) ?? source;
    this.#aliases.set(output, value);
    this.#uses.set(value, (this.#uses.get(value) ?? 0) + (this.#uses.get(output) ?? 0) - 1);
  }

  #intoConvolution(node: GraphNode, kernel: string, constant: Constant): GraphNode | null {
    const [x = -1, filterValue = -1, biasValue] = node.inputs;
    const filter = this.#constants.get(filterValue);
    const axes = CHANNEL_AXES[node.kernel];
    const channels = infoOf({ values: this.#values }, node.outputs[0] ?? -1).shape.at(-1) ?? 0;
    const perChannel = channelValues(constant, channels);
    const bias = biasValue === undefined ? undefined : this.#constants.get(biasValue);
    if (!filter || !axes || !perChannel || (biasValue !== undefined && !bias)) return null;
    if (kernel === 'Multiply' || kernel === 'RealDiv') {
      const factors = kernel === 'Multiply' ? perChannel : perChannel.map((value) => 1 / value);
      const scaled = this.#constant({ ...filter, values: scaleFilter(filter, axes, factors) });
      const offset =
        bias && this.#constant({ ...bias, values: bias.values.map((value, i) => value * valueAt(factors, i)) });
      return { ...node, inputs: [x, scaled, ...(offset === undefined ? [] : [offset])] };
    }
    if (kernel !== 'Add' && kernel !== 'Sub') return null;
    const sign = kernel === 'Add' ? 1 : -1;
    const values = perChannel.map((value, i) => (bias?.values[i] ?? 0) + sign * value);
    const name = filter.name === undefined ? {} : { name: filter.name.replace(/weight$/, 'bias') };
    const added = this.#constant({ shape: [channels], dtype: 'float32', values, ...name });
    return { ...node, inputs: [x, filterValue, added] };
  }

  /** x * a * b is x * (a * b). */
  #intoFactor(node: GraphNode, kernel: string, { values, shape, dtype }: Constant): GraphNode | null {
    const [x = -1, factor = -1] = node.inputs;
    const first = this.#constants.get(factor);
    if (kernel !== 'Multiply' || node.kernel !== 'Multiply' || !first) return null;
    if (values.length !== 1 || first.values.length !== 1 || sizeOf(first.shape) !== sizeOf(shape)) return null;
    const product = Math.fround((values[0] ?? 0) * (first.values[0] ?? 0));
    return { ...node, inputs: [x, this.#constant({ shape, dtype, values: Float32Array.of(product) })] };
  }

  #constant(constant: Constant): number {
    const number = this.#next++;
    this.#constants.set(number, constant);
    this.#values.set(number, { shape: constant.shape, dtype: constant.dtype });
    return number;
  }
}

/** A constant as one value for each channel; null: it differs along another axis, or has another type. */
function channelValues({ values, shape, dtype }: Constant, channels: number): Float32Array | null {
  if (dtype !== 'float32') return null;
  if (values.length === 1) return new Float32Array(channels).fill(values[0] ?? 0);
  return values.length === channels && shape.at(-1) === channels ? Float32Array.from(values) : null;
}

/** A filter whose output channels are multiplied. */
function scaleFilter({ values, shape }: Constant, axes: readonly number[], factors: Float32Array): Float32Array {
  const inner = sizeOf(shape.slice((axes.at(-1) ?? 0) + 1));
  const scaled = Float32Array.from(values);
  for (let at = 0; at < scaled.length; at++) {
    scaled[at]! *= factors[Math.floor(at / inner) % factors.length] ?? 0;
  }
  return scaled;
}
