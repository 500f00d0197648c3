import type { OnnxModel, OnnxNode, OnnxTensor } from './model.js';
import type { Range } from './ranges.js';

/** Operators that ONNX Runtime computes in the convolution before them once their output is quantised. */
const FOLLOWERS: ReadonlySet<string> = new Set(['Clip', 'Relu']);
/** Least width of a range, so that a tensor of zeros has a scale. */
const LEAST = 1e-8;
/** Greatest whole number that a bias becomes: half of 32 bits, so that the products that are added to it have room. */
const MOST_BIAS = 2 ** 30;

/** What of a model is computed in 8 bits. */
export interface Plan {
  /** Outputs of operators whose values are stored in 8 bits; their ranges have to be known. */
  readonly activations: readonly string[];
  /** Convolutions and dense layers whose weights are, by the name of their output. */
  readonly products: ReadonlySet<string>;
}

/**
 * What of a model is computed in 8 bits: convolutions and dense layers with constant weights, what they read, and what they give but for
 * the last, of which the answer is made.
 */
export function planQuantization({ nodes, tensors, outputs, inputs }: OnnxModel): Plan {
  const constants = new Map(tensors.map((tensor) => [tensor.name, tensor]));
  const readers = new Map<string, OnnxNode[]>();
  for (const node of nodes) for (const name of node.inputs) readers.set(name, [...(readers.get(name) ?? []), node]);
  const given = new Set(outputs.map(({ name }) => name));
  const isProduct = ({ operator, inputs: [x = '', weight = ''] }: OnnxNode): boolean => {
    const { shape } = constants.get(weight) ?? {};
    return shape !== undefined && !constants.has(x) && (operator === 'Conv' || isDense(operator, shape));
  };
  const before = new Set<string>(); // values that a product is made of, near or far
  for (const node of nodes.toReversed()) {
    if (isProduct(node) || node.outputs.some((name) => before.has(name)))
      for (const name of node.inputs) before.add(name);
  }
  const activations = new Set<string>();
  const products = nodes.filter(isProduct);
  for (const {
    inputs: [x = ''],
    outputs: [y = ''],
  } of products) {
    activations.add(x);
    if (!before.has(y) || given.has(y)) continue;
    const [follower, ...others] = readers.get(y) ?? [];
    const isFollowed = follower && others.length === 0 && FOLLOWERS.has(follower.operator);
    activations.add(isFollowed ? (follower.outputs[0] ?? y) : y);
  }
  for (const { name } of inputs) activations.delete(name); // pixels stay what they are
  for (const name of given) activations.delete(name);
  return { activations: [...activations], products: new Set(products.map(({ outputs: [y = ''] }) => y)) };
}

/** A product with a matrix of weights, [in, out]. */
const isDense = (operator: string, { length }: readonly number[]): boolean => operator === 'MatMul' && length === 2;
/** Where the weights of an operator have their output channels. */
const channelAxis = ({ operator }: Pick<OnnxNode, 'operator'>): 0 | 1 => (operator === 'MatMul' ? 1 : 0);

/** The same model with other outputs beside its own: what its ranges are measured with. */
export const withOutputs = (model: OnnxModel, names: readonly string[]): OnnxModel => ({
  ...model,
  outputs: [...model.outputs, ...names.map((name) => ({ name, type: 'float32', shape: null }) as const)],
});

/**
 * A model whose convolutions and dense layers are computed in 8 bits by runtimes that can, in the form that names scales beside operators of floats (QDQ):
 * weights signed, symmetric, a scale per output channel; maps unsigned, a scale and a zero per tensor; biases in 32 bits.
 *
 * @param ranges of the plan's activations
 * @source Jacob et al. 2018, arXiv:1712.05877, section 2; onnx operators QuantizeLinear-13, DequantizeLinear-13
 */
export function quantized(model: OnnxModel, plan: Plan, ranges: ReadonlyMap<string, Range>): OnnxModel {
  const byName = new Map(model.tensors.map((tensor) => [tensor.name, tensor]));
  const tensors: OnnxTensor[] = [];
  const nodes: OnnxNode[] = [];
  const stored = new Map<string, { readonly name: string; readonly scale: number }>();
  const add = (
    name: string,
    type: OnnxTensor['type'],
    shape: readonly number[],
    values: OnnxTensor['values'],
  ): string => {
    tensors.push({ name, type, shape, values });
    return name;
  };
  const scalesOf = (name: string, range: Range) => {
    const { low } = range;
    const scale = scaleOf(range);
    const zero = Math.min(255, Math.max(0, Math.round(-low / scale)));
    return {
      scale,
      names: [add(`${name}_scale`, 'float32', [], [scale]), add(`${name}_zero`, 'uint8', [], [zero])],
    };
  };
  const store = (name: string): void => {
    const range = ranges.get(name);
    if (!range) return;
    const { scale, names } = scalesOf(name, range);
    const [coded, decoded] = [`${name}_coded`, `${name}_decoded`];
    nodes.push({ operator: 'QuantizeLinear', inputs: [name, ...names], outputs: [coded], attributes: {} });
    nodes.push({ operator: 'DequantizeLinear', inputs: [coded, ...names], outputs: [decoded], attributes: {} });
    stored.set(name, { name: decoded, scale });
  };
  const coded = new Map<string, CodedWeights>(); // convolutions of one weight share what it becomes
  const weightsOf = (filter: OnnxTensor, of: string, axis: 0 | 1): CodedWeights => {
    const leasts = leastScales(filter, model, plan, ranges, axis);
    const known = coded.get(filter.name) ?? storeWeights(filter, of, leasts, axis, add);
    coded.set(filter.name, known);
    return known;
  };
  const used = new Set(model.outputs.map(({ name }) => name));
  for (const node of model.nodes) {
    const inputs = node.inputs.map((name) => stored.get(name)?.name ?? name);
    const filter = plan.products.has(node.outputs[0] ?? '') ? byName.get(node.inputs[1] ?? '') : undefined;
    const source = stored.get(node.inputs[0] ?? '');
    if (filter && source) {
      const [name = ''] = node.outputs;
      const axis = channelAxis(node);
      const weights = weightsOf(filter, name, axis);
      inputs[1] = `${name}_weight_decoded`;
      nodes.push({
        operator: 'DequantizeLinear',
        inputs: weights.names,
        outputs: [inputs[1]],
        attributes: { axis },
      });
      const bias = byName.get(node.inputs[2] ?? '');
      if (bias) inputs[2] = storeBias(bias, name, { ...weights, source: source.scale }, add, nodes);
    }
    nodes.push({ ...node, inputs });
    for (const name of inputs) used.add(name);
    for (const name of node.outputs) store(name);
  }
  return { ...model, nodes, tensors: [...model.tensors.filter(({ name }) => used.has(name)), ...tensors] };
}

type Add = (name: string, type: OnnxTensor['type'], shape: readonly number[], values: OnnxTensor['values']) => string;

const scaleOf = ({ low, high }: Range): number => Math.fround(Math.max(high - low, LEAST) / 255);

/**
 * Least scales of the channels of a weight, with which the biases of all convolutions that it is of have room in their whole numbers: those of
 * weights near zero, whose own scale is tiny, would be cut off.
 */
function leastScales(
  { name, shape }: OnnxTensor,
  { nodes, tensors }: OnnxModel,
  { products }: Plan,
  ranges: ReadonlyMap<string, Range>,
  axis: 0 | 1,
): Float64Array {
  const least = new Float64Array(shape[axis] ?? 1);
  for (const {
    inputs: [x = '', filter, bias],
    outputs: [y = ''],
  } of nodes) {
    const range = ranges.get(x);
    if (filter !== name || !range || !products.has(y)) continue;
    const values = tensors.find((tensor) => tensor.name === bias)?.values ?? [];
    for (let c = 0; c < values.length; c++)
      least[c] = Math.max(least[c] ?? 0, Math.abs(Number(values[c])) / (MOST_BIAS * scaleOf(range)));
  }
  return least;
}

interface CodedWeights {
  /** What a DequantizeLinear reads. */
  readonly names: readonly string[];
  /** By output channel. */
  readonly scales: Float32Array;
}

/** Signed weights of one scale per output channel. */
function storeWeights(
  { values, shape }: OnnxTensor,
  of: string,
  leasts: Float64Array,
  axis: 0 | 1,
  add: Add,
): CodedWeights {
  const channels = shape[axis] ?? 1;
  const size = values.length / channels;
  const channelOf = (i: number): number => (axis === 0 ? Math.floor(i / size) : i % channels);
  const most = new Float64Array(channels).fill(LEAST);
  for (let i = 0; i < values.length; i++) most[channelOf(i)] = Math.max(most[channelOf(i)]!, Math.abs(values[i] ?? 0));
  const scales = Float32Array.from(most, (value, c) => Math.max(value / 127, leasts[c] ?? 0));
  const coded = Int32Array.from(values as ArrayLike<number>, (value, i) => {
    return Math.max(-127, Math.min(127, Math.round(value / scales[channelOf(i)]!)));
  });
  const names = [
    add(`${of}_weight_coded`, 'int8', shape, coded),
    add(`${of}_weight_scale`, 'float32', [channels], scales),
    add(`${of}_weight_zero`, 'int8', [channels], new Int32Array(channels)),
  ];
  return { names, scales };
}

/** A bias in units of what the products of maps and weights are in. */
function storeBias(
  { values, shape }: OnnxTensor,
  of: string,
  { scales, source }: { readonly scales: Float32Array; readonly source: number },
  add: Add,
  nodes: OnnxNode[],
): string {
  const units = scales.map((scale) => scale * source);
  const coded = Int32Array.from(values as ArrayLike<number>, (value, c) => {
    return Math.max(-MOST_BIAS, Math.min(MOST_BIAS, Math.round(value / units[c]!)));
  });
  const inputs = [add(`${of}_bias_coded`, 'int32', shape, coded), add(`${of}_bias_scale`, 'float32', shape, units)];
  const name = `${of}_bias_decoded`;
  nodes.push({ operator: 'DequantizeLinear', inputs, outputs: [name], attributes: { axis: 0 } });
  return name;
}
