import * as tf from '@tensorflow/tfjs';
import { ConfigError } from '../../engine/errors.js';
import { fuseGraph, isConvolution } from '../../engine/graph/fuse.js';
import { type Constant, type Graph, type GraphNode, infoOf } from '../../engine/graph/graph.js';
import { axesOf, numberOf, numbersOf, paddingsOf, pairOf } from '../../engine/kernelAttributes.js';

/** An attribute of a TensorFlow op. */
export type Attribute =
  | { readonly type: TensorFlowType }
  | { readonly shape: readonly number[] }
  | { readonly integer: number }
  | { readonly float: number }
  | { readonly flag: boolean }
  | { readonly text: string }
  | { readonly integers: readonly number[] };

export type TensorFlowType = 'DT_FLOAT' | 'DT_INT32' | 'DT_BOOL';

/** A node of a `tensorflow.GraphDef`; outputs after the first are read as `name:1` and so on. */
export interface NodeDef {
  readonly name: string;
  readonly op: string;
  readonly inputs: readonly string[];
  readonly attributes: { readonly [name: string]: Attribute };
  /** Value of a `Const`. */
  readonly constant?: Constant;
}

/** Ops, in order; inputs and outputs are nodes of their names. */
export interface GraphDef {
  readonly nodes: readonly NodeDef[];
  readonly inputs: readonly TensorFlowPort[];
  readonly outputs: readonly TensorFlowPort[];
}

export interface TensorFlowPort {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: TensorFlowType;
}

/** The nodes while they are written. */
class Writer {
  readonly nodes: NodeDef[] = [];
  readonly graph: Graph;
  readonly #names = new Map<number, string>();
  readonly #taken = new Set<string>();
  readonly #shared = new Map<string, string>();

  constructor(graph: Graph) {
    this.graph = graph;
  }

  fresh(hint: string): string {
    for (let i = 0; ; i++) {
      const name = i === 0 ? hint : `${hint}_${i}`;
      if (this.#taken.has(name)) continue;
      this.#taken.add(name);
      return name;
    }
  }

  add(op: string, inputs: readonly string[], attributes: NodeDef['attributes'] = {}, name = this.fresh(op)): string {
    this.nodes.push({ name, op, inputs, attributes });
    return name;
  }

  constant(constant: Constant, hint = constant.name ?? 'constant'): string {
    const { values, shape, dtype } = constant;
    const key = values.length <= 8 ? `${dtype} ${shape} : ${Array.from(values)}` : '';
    const known = this.#shared.get(key);
    if (known !== undefined) return known;
    const name = this.fresh(hint.replaceAll(/[^\w.]/g, '_'));
    this.nodes.push({ name, op: 'Const', inputs: [], attributes: { dtype: { type: typeOf(dtype) } }, constant });
    if (key) this.#shared.set(key, name);
    return name;
  }

  integers(values: readonly number[]): string {
    return this.constant({ values: Int32Array.from(values), shape: [values.length], dtype: 'int32' }, 'integers');
  }

  integer(value: number): string {
    return this.constant({ values: Int32Array.of(value), shape: [], dtype: 'int32' }, 'integer');
  }

  float(value: number): string {
    return this.constant({ values: Float32Array.of(value), shape: [], dtype: 'float32' }, 'float');
  }

  get(value: number): string {
    const known = this.#names.get(value);
    if (known !== undefined) return known;
    const constant = this.graph.constants.get(value);
    if (!constant) throw new Error(`value ${value} is read before it is computed`);
    const name = this.constant(constant);
    this.#names.set(value, name);
    return name;
  }

  set(value: number, name: string): void {
    this.#names.set(value, name);
  }

  shapeOf(value: number): readonly number[] {
    return infoOf(this.graph, value).shape;
  }

  typeOf(value: number): { readonly type: TensorFlowType } {
    return { type: typeOf(infoOf(this.graph, value).dtype) };
  }
}

function typeOf(dtype: tf.DataType): TensorFlowType {
  return dtype === 'float32' ? 'DT_FLOAT' : dtype === 'bool' ? 'DT_BOOL' : 'DT_INT32';
}

type Emit = (writer: Writer, node: GraphNode) => void;

const first = ({ inputs }: GraphNode): number => inputs[0] ?? -1;
const T = (writer: Writer, node: GraphNode) => ({ T: writer.typeOf(first(node)) });

/** An op of the same inputs, and constants behind them. */
const op =
  (
    name: string,
    attributesOf: (writer: Writer, node: GraphNode) => NodeDef['attributes'] = T,
    more: (writer: Writer, node: GraphNode) => readonly string[] = () => [],
  ): Emit =>
  (writer, node) => {
    const inputs = [...node.inputs.map((value) => writer.get(value)), ...more(writer, node)];
    writer.set(node.outputs[0] ?? -1, writer.add(name, inputs, attributesOf(writer, node)));
  };

const logical = (name: string): Emit => op(name, () => ({}));

const reduction = (name: string): Emit =>
  op(
    name,
    (writer, node) => ({
      T: writer.typeOf(first(node)),
      Tidx: { type: 'DT_INT32' },
      keep_dims: { flag: node.attributes.keepDims === true },
    }),
    (writer, node) => {
      const shape = [...writer.shapeOf(first(node))];
      return [writer.integers(tf.util.parseAxisParam(axesOf(node.attributes) ?? [...shape.keys()], shape))];
    },
  );

const window = (node: GraphNode): NodeDef['attributes'] => {
  const { strides, stride, pad, padding, dilations, dilation } = node.attributes;
  const way = String(pad ?? padding ?? 'valid');
  if (way !== 'same' && way !== 'valid') throw new ConfigError(`padding ${way} of a ${node.kernel} cannot be written`);
  return {
    T: { type: 'DT_FLOAT' },
    strides: { integers: [1, ...pairOf({ strides: strides ?? stride }, 'strides', 1), 1] },
    padding: { text: way.toUpperCase() },
    dilations: { integers: [1, ...pairOf({ dilations: dilations ?? dilation }, 'dilations', 1), 1] },
    data_format: { text: 'NHWC' },
  };
};

const convolution =
  (name: string): Emit =>
  (writer, node) => {
    const [x = '', filter = '', bias] = node.inputs.map((value) => writer.get(value));
    const [before, after] = name === 'Conv2DBackpropInput' ? [[sizesOf(writer, node)], [filter, x]] : [[], [x, filter]];
    const map = writer.add(name, [...before, ...after], window(node));
    const biased = (offset: string): string =>
      writer.add('BiasAdd', [map, offset], { T: { type: 'DT_FLOAT' }, data_format: { text: 'NHWC' } });
    writer.set(node.outputs[0] ?? -1, bias === undefined ? map : biased(bias));
  };

const sizesOf = (writer: Writer, node: GraphNode): string => writer.integers(numbersOf(node.attributes, 'inputShape'));

const pooling = (name: string): Emit =>
  op(name, (_, node) => {
    const { dilations: _dilations, ...attributes } = window(node);
    return { ...attributes, ksize: { integers: [1, ...pairOf(node.attributes, 'filterSize'), 1] } };
  });

const resize = (name: string): Emit =>
  op(
    name,
    (_, { attributes: { alignCorners, halfPixelCenters } }) => ({
      T: { type: 'DT_FLOAT' },
      align_corners: { flag: alignCorners === true },
      half_pixel_centers: { flag: halfPixelCenters === true },
    }),
    (writer, node) => [writer.integers(numbersOf(node.attributes, 'size'))],
  );

const axisOf = (writer: Writer, node: GraphNode): number => {
  const axis = numberOf(node.attributes, 'axis', 0);
  return axis < 0 ? axis + writer.shapeOf(first(node)).length : axis;
};

const concat: Emit = (writer, node) => {
  const parts = node.inputs.filter((value) => writer.shapeOf(value).every((side) => side > 0));
  const inputs = [...parts.map((value) => writer.get(value)), writer.integer(axisOf(writer, node))];
  const attributes = {
    N: { integer: parts.length },
    T: writer.typeOf(first(node)),
    Tidx: { type: 'DT_INT32' },
  } as const;
  writer.set(node.outputs[0] ?? -1, writer.add('ConcatV2', inputs, attributes));
};

/** Several outputs. */
const parts =
  (name: string, attributesOf: Parameters<typeof op>[1], more: Parameters<typeof op>[2]): Emit =>
  (writer, node) => {
    const inputs = [...node.inputs.map((value) => writer.get(value)), ...(more?.(writer, node) ?? [])];
    const made = writer.add(name, inputs, attributesOf?.(writer, node) ?? {});
    for (const [i, value] of node.outputs.entries()) writer.set(value, i === 0 ? made : `${made}:${i}`);
  };

const matMul: Emit = op('BatchMatMulV2', (_, { attributes: { transposeA, transposeB } }) => ({
  T: { type: 'DT_FLOAT' },
  adj_x: { flag: transposeA === true },
  adj_y: { flag: transposeB === true },
}));

const select: Emit = (writer, node) => {
  const [t = '', e = '', condition = ''] = node.inputs.map((value) => writer.get(value));
  writer.set(node.outputs[0] ?? -1, writer.add('SelectV2', [condition, t, e], T(writer, node)));
};

const shaped = (name: string, type: string, values: (writer: Writer, node: GraphNode) => readonly number[]): Emit =>
  op(
    name,
    (writer, node) => ({ T: writer.typeOf(first(node)), [type]: { type: 'DT_INT32' } }),
    (writer, node) => [writer.integers(values(writer, node))],
  );

const outputShape = (writer: Writer, node: GraphNode): readonly number[] => writer.shapeOf(node.outputs[0] ?? -1);

/** What each kernel becomes; the names of most are TensorFlow's own. */
const OPS: { readonly [kernel: string]: Emit } = {
  ...Object.fromEntries(
    [
      ...['Abs', 'Ceil', 'Elu', 'Erf', 'Exp', 'Floor', 'Log', 'Maximum', 'Minimum', 'Neg', 'Pow', 'RealDiv'],
      ...['Reciprocal', 'Relu', 'Relu6', 'Rsqrt', 'Sigmoid', 'Softmax', 'Softplus', 'Sqrt', 'Square'],
      ...['SquaredDifference', 'Sub', 'Tanh', 'Equal', 'NotEqual', 'Greater', 'GreaterEqual', 'Less', 'LessEqual'],
    ].map((name) => [name, op(name)]),
  ),
  Add: op('AddV2'),
  ArgMax: op(
    'ArgMax',
    (writer, node) => ({ ...T(writer, node), Tidx: { type: 'DT_INT32' }, output_type: { type: 'DT_INT32' } }),
    (writer, node) => [writer.integer(axisOf(writer, node))],
  ),
  AvgPool: pooling('AvgPool'),
  BatchMatMul: matMul,
  Cast: op('Cast', (writer, node) => ({
    SrcT: writer.typeOf(first(node)),
    DstT: writer.typeOf(node.outputs[0] ?? -1),
  })),
  ClipByValue: op('ClipByValue', T, (writer, { attributes }) => [
    writer.float(numberOf(attributes, 'clipValueMin')),
    writer.float(numberOf(attributes, 'clipValueMax')),
  ]),
  Concat: concat,
  Conv2D: convolution('Conv2D'),
  Conv2DBackpropInput: convolution('Conv2DBackpropInput'),
  DepthwiseConv2dNative: convolution('DepthwiseConv2dNative'),
  EspalierDilatedDepthwise: convolution('DepthwiseConv2dNative'),
  ExpandDims: shaped('Reshape', 'Tshape', outputShape),
  GatherV2: op(
    'GatherV2',
    (writer, node) => ({
      Tparams: writer.typeOf(first(node)),
      Tindices: { type: 'DT_INT32' },
      Taxis: { type: 'DT_INT32' },
      batch_dims: { integer: 0 },
    }),
    (writer, node) => [writer.integer(axisOf(writer, node))],
  ),
  LeakyRelu: op('LeakyRelu', (_, node) => ({
    T: { type: 'DT_FLOAT' },
    alpha: { float: numberOf(node.attributes, 'alpha') },
  })),
  LogicalAnd: logical('LogicalAnd'),
  LogicalNot: logical('LogicalNot'),
  LogicalOr: logical('LogicalOr'),
  Max: reduction('Max'),
  MaxPool: pooling('MaxPool'),
  Mean: reduction('Mean'),
  Min: reduction('Min'),
  Multiply: op('Mul'),
  Pack: op('Pack', (writer, node) => ({
    T: writer.typeOf(first(node)),
    N: { integer: node.inputs.length },
    axis: { integer: numberOf(node.attributes, 'axis') },
  })),
  PadV2: op(
    'PadV2',
    (_, __) => ({ T: { type: 'DT_FLOAT' }, Tpaddings: { type: 'DT_INT32' } }),
    (writer, { attributes }) => {
      const amounts = paddingsOf(attributes);
      const values = Int32Array.from(amounts.flat());
      const pads = writer.constant({ values, shape: [amounts.length, 2], dtype: 'int32' }, 'paddings');
      return [pads, writer.float(numberOf(attributes, 'constantValue', 0))];
    },
  ),
  Reshape: shaped('Reshape', 'Tshape', outputShape),
  ResizeBilinear: resize('ResizeBilinear'),
  ResizeNearestNeighbor: resize('ResizeNearestNeighbor'),
  Select: select,
  Slice: op(
    'Slice',
    (writer, node) => ({ T: writer.typeOf(first(node)), Index: { type: 'DT_INT32' } }),
    (writer, node) => [
      writer.integers(numbersOf(node.attributes, 'begin')),
      writer.integers(numbersOf(node.attributes, 'size')),
    ],
  ),
  SplitV: parts(
    'SplitV',
    (writer, node) => ({
      T: writer.typeOf(first(node)),
      Tlen: { type: 'DT_INT32' },
      num_split: { integer: node.outputs.length },
    }),
    (writer, node) => {
      const axis = axisOf(writer, node);
      return [writer.integers(node.outputs.map((value) => writer.shapeOf(value)[axis] ?? 0)), writer.integer(axis)];
    },
  ),
  Sum: reduction('Sum'),
  Tile: shaped('Tile', 'Tmultiples', (_, node) => numbersOf(node.attributes, 'reps')),
  Transpose: shaped('Transpose', 'Tperm', (_, node) => numbersOf(node.attributes, 'perm')),
  Unpack: parts(
    'Unpack',
    (writer, node) => ({
      T: writer.typeOf(first(node)),
      num: { integer: node.outputs.length },
      axis: { integer: axisOf(writer, node) },
    }),
    () => [],
  ),
};

/**
 * A recorded network as TensorFlow's ops, weights as constants.
 *
 * @param graph of plain kernels
 * @throws ConfigError naming a kernel that has no op
 */
export function graphDefOf(graph: Graph): GraphDef {
  const fused = fuseGraph(graph);
  const writer = new Writer(fused);
  const port = ({ name, value }: Graph['inputs'][number]): TensorFlowPort => ({
    name,
    shape: infoOf(fused, value).shape,
    type: typeOf(infoOf(fused, value).dtype),
  });
  for (const { name } of fused.outputs) writer.fresh(name);
  for (const { name, value } of fused.inputs) {
    const { shape, type } = port({ name, value });
    writer.set(value, writer.add('Placeholder', [], { dtype: { type }, shape: { shape } }, writer.fresh(name)));
  }
  for (const node of fused.nodes) {
    const emit = OPS[node.kernel];
    if (!emit)
      throw new ConfigError(`the network executes ${node.kernel}, which cannot be written as a TensorFlow graph yet`);
    if (isConvolution(node.kernel) && !fused.constants.has(node.inputs[1] ?? -1))
      throw new ConfigError(`a ${node.kernel} whose filter depends on the image cannot be written`);
    emit(writer, node);
  }
  for (const { name, value } of fused.outputs)
    writer.add('Identity', [writer.get(value)], { T: writer.typeOf(value) }, name);
  return { nodes: writer.nodes, inputs: fused.inputs.map(port), outputs: fused.outputs.map(port) };
}
