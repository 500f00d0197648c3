import * as tf from '@tensorflow/tfjs-core';
import { type Attributes, axesOf, dtypeOf, numberOf, numbersOf, paddingsOf } from '../kernelAttributes.js';
import { convolutionInfo, poolingInfo } from '../windows.js';
import type { Window } from './operation.js';

type Shape = readonly number[];

export interface ShapeResult {
  readonly shapes: readonly Shape[];
  /** Type of all outputs. Defaults to that of the first input. */
  readonly dtype?: tf.DataType;
  readonly macs?: number;
  readonly window?: Window;
}
export type ShapeRule = (inputs: readonly Shape[], attributes: Attributes) => ShapeResult;

/** A kernel: the names of its inputs in the order its rule takes them (absent: as they come), and the rule. */
export interface ShapeKernel {
  readonly inputs?: readonly string[];
  readonly rule: ShapeRule;
}

const size = (shape: Shape): number => shape.reduce((product, side) => product * side, 1);
const first = (inputs: readonly Shape[]): Shape => inputs[0] ?? [];
const one = (shape: Shape, dtype?: tf.DataType): ShapeResult => ({ shapes: [shape], ...(dtype ? { dtype } : {}) });

/** A cell on the cell in its place. */
const unit: Window = { size: [1, 1], stride: [1, 1], dilation: [1, 1], before: [0, 0] };

const windowOf = (info: tf.backend_util.Conv2DInfo): Window => ({
  size: [info.filterHeight, info.filterWidth],
  stride: [info.strideHeight, info.strideWidth],
  dilation: [info.dilationHeight, info.dilationWidth],
  before: [info.padInfo.top, info.padInfo.left],
});

const unary: ShapeRule = (inputs) => one(first(inputs));
const binary =
  (dtype?: tf.DataType): ShapeRule =>
  ([a = [], b = []]) =>
    one(tf.broadcast_util.assertAndGetBroadcastShape([...a], [...b]), dtype);

const reduction: ShapeRule = (inputs, { keepDims, ...attributes }) => {
  const shape = first(inputs);
  const axes = axesIn(axesOf(attributes), shape);
  const kept = shape.map((side, i) => (axes.includes(i) ? 1 : side));
  return one(keepDims === true ? kept : shape.filter((_, i) => !axes.includes(i)));
};

const convolution: ShapeRule = ([x = [], filter = []], attributes) => {
  const info = convolutionInfo(x, filter, attributes);
  const [height = 0, width = 0, inChannels = 0] = filter;
  return {
    shapes: [info.outShape],
    macs: size(info.outShape) * height * width * inChannels,
    window: windowOf(info),
  };
};

const depthwise: ShapeRule = ([x = [], filter = []], attributes) => {
  const info = convolutionInfo(x, filter, { ...attributes, dataFormat: 'NHWC' }, true);
  const [height = 0, width = 0] = filter;
  return {
    shapes: [info.outShape],
    macs: size(info.outShape) * height * width,
    window: windowOf(info),
  };
};

/** [H, W] of a valid dilated convolution; a custom kernel of ours that backends without it compute tap by tap. */
const dilatedDepthwise: ShapeRule = ([x = [], filter = []], attributes) => {
  const [vertical = 1, horizontal = 1] = numbersOf(attributes, 'dilation');
  const [n = 0, height = 0, width = 0, channels = 0] = x;
  const [rows = 0, columns = 0] = filter;
  const shape = [n, height - (rows - 1) * vertical, width - (columns - 1) * horizontal, channels];
  const window = { ...unit, size: [rows, columns], dilation: [vertical, horizontal] } as const;
  return { shapes: [shape], macs: size(shape) * rows * columns, window };
};

const transposedConvolution: ShapeRule = ([dy = [], filter = []], attributes) => ({
  shapes: [numbersOf(attributes, 'inputShape')],
  macs: size(dy) * (filter[0] ?? 0) * (filter[1] ?? 0) * (filter[2] ?? 0),
});

const filterGradient: ShapeRule = ([dy = []], attributes) => {
  const filterShape = numbersOf(attributes, 'filterShape');
  const [height = 0, width = 0, inChannels = 0] = filterShape;
  return { shapes: [filterShape], macs: size(dy) * height * width * inChannels };
};

const pooling: ShapeRule = (inputs, attributes) => {
  const info = poolingInfo(first(inputs), attributes);
  return { shapes: [info.outShape], window: windowOf(info) };
};

const product: ShapeRule = ([a = [], b = []], { transposeA, transposeB }) => {
  const rank = a.length;
  const [rows, inner] = [a[rank - (transposeA === true ? 1 : 2)] ?? 0, a[rank - (transposeA === true ? 2 : 1)] ?? 0];
  const columns = b[b.length - (transposeB === true ? 2 : 1)] ?? 0;
  const batch = tf.broadcast_util.assertAndGetBroadcastShape(a.slice(0, -2), b.slice(0, -2));
  const shape = [...batch, rows, columns];
  return { shapes: [shape], macs: size(shape) * inner };
};

const resize: ShapeRule = (inputs, attributes) => {
  const [n = 0, , , channels = 0] = first(inputs);
  return one([n, ...numbersOf(attributes, 'size'), channels]);
};

const PLAIN_UNARY = [
  ...['Abs', 'Cumsum', 'Elu', 'Erf', 'Exp', 'Floor', 'Identity', 'LeakyRelu', 'Log', 'Neg', 'OnesLike', 'Reciprocal'],
  ...['Relu', 'Relu6', 'Reverse', 'Rsqrt', 'Sigmoid', 'Softmax', 'Softplus', 'Sqrt', 'Square', 'Step', 'Tanh'],
  ...['ZerosLike', 'ClipByValue', 'Ceil', 'Cos', 'Cumprod', 'Expm1', 'FusedBatchNorm', 'Log1p', 'LogSoftmax', 'Round'],
  ...['Selu', 'Sign', 'Sin', 'Tan'],
];
const PLAIN_BINARY = [
  ...['Add', 'Atan2', 'FloorDiv', 'Maximum', 'Minimum', 'Mod', 'Multiply', 'Pow', 'Prelu', 'RealDiv'],
  ...['SquaredDifference', 'Sub'],
];
const COMPARISONS = ['Equal', 'Greater', 'GreaterEqual', 'Less', 'LessEqual', 'LogicalAnd', 'LogicalOr', 'NotEqual'];

const kernels = (names: readonly string[], rule: ShapeRule): { readonly [name: string]: ShapeKernel } =>
  Object.fromEntries(names.map((name) => [name, { rule }]));

/** What each kernel that a network executes gives, by its name in the tfjs registry. */
export const SHAPE_RULES: { readonly [kernel: string]: ShapeKernel } = {
  ...kernels(PLAIN_UNARY, unary),
  ...kernels(PLAIN_BINARY, binary()),
  ...kernels(COMPARISONS, binary('bool')),
  ...kernels(['Max', 'Mean', 'Min', 'Sum'], reduction),
  ...kernels(['IsFinite', 'IsInf', 'IsNan', 'LogicalNot'], (inputs) => one(first(inputs), 'bool')),
  ...kernels(['All', 'Any', 'Prod'], reduction),
  AddN: { rule: unary },
  ArgMax: { rule: (inputs, attributes) => ({ ...reduction(inputs, attributes), dtype: 'int32' }) },
  AvgPool: { rule: pooling },
  AvgPoolGrad: { inputs: ['input'], rule: unary },
  BatchMatMul: { inputs: ['a', 'b'], rule: product },
  Cast: { rule: (inputs, attributes) => one(first(inputs), dtypeOf(attributes)) },
  Concat: {
    rule: (inputs, { axis }) =>
      one(
        tf.backend_util.computeOutShape(
          inputs.map((shape) => [...shape]),
          positive(axis, first(inputs)),
        ),
      ),
  },
  Conv2D: { inputs: ['x', 'filter'], rule: convolution },
  BroadcastTo: { rule: (_, attributes) => one(numbersOf(attributes, 'shape')) },
  Conv2DBackpropFilter: { inputs: ['dy', 'x'], rule: filterGradient },
  Conv2DBackpropInput: { inputs: ['dy', 'filter'], rule: transposedConvolution },
  DepthwiseConv2dNative: { inputs: ['x', 'filter'], rule: depthwise },
  DepthwiseConv2dNativeBackpropFilter: {
    inputs: ['x'],
    rule: (_, attributes) => one(numbersOf(attributes, 'filterShape')),
  },
  DepthwiseConv2dNativeBackpropInput: {
    inputs: ['dy'],
    rule: (_, attributes) => one(numbersOf(attributes, 'inputShape')),
  },
  EluGrad: { rule: unary },
  EspalierDilatedDepthwise: { inputs: ['x', 'filter'], rule: dilatedDepthwise },
  ExpandDims: {
    rule: (inputs, attributes) => {
      const shape = [...first(inputs)];
      const dim = numberOf(attributes, 'dim');
      shape.splice(dim < 0 ? shape.length + dim + 1 : dim, 0, 1);
      return one(shape);
    },
  },
  FusedConv2D: { inputs: ['x', 'filter'], rule: convolution },
  FusedDepthwiseConv2D: { inputs: ['x', 'filter'], rule: depthwise },
  Fill: { rule: (_, attributes) => one(numbersOf(attributes, 'shape'), dtypeOf(attributes, 'dtype', 'float32')) },
  GatherNd: {
    inputs: ['params', 'indices'],
    rule: ([params = [], indices = []]) => one([...indices.slice(0, -1), ...params.slice(indices.at(-1) ?? 0)]),
  },
  GatherV2: {
    inputs: ['x', 'indices'],
    rule: ([x = [], indices = []], { axis }) => {
      const along = positive(axis, x);
      return one([...x.slice(0, along), ...indices, ...x.slice(along + 1)]);
    },
  },
  MaxPool: { rule: pooling },
  MaxPoolGrad: { inputs: ['input'], rule: unary },
  OneHot: {
    rule: (inputs, attributes) => one([...first(inputs), numberOf(attributes, 'depth')], dtypeOf(attributes)),
  },
  Pack: {
    rule: (inputs, attributes) => {
      const shape = [...first(inputs)];
      const axis = numberOf(attributes, 'axis');
      shape.splice(axis < 0 ? shape.length + axis + 1 : axis, 0, inputs.length);
      return one(shape);
    },
  },
  PadV2: {
    rule: (inputs, attributes) => {
      const pads = paddingsOf(attributes);
      const shape = first(inputs).map((side, i) => {
        const [before = 0, behind = 0] = pads[i] ?? [];
        return side + before + behind;
      });
      return { shapes: [shape], window: { ...unit, before: [pads[1]?.[0] ?? 0, pads[2]?.[0] ?? 0] } };
    },
  },
  Reshape: {
    rule: (inputs, attributes) =>
      one(tf.util.inferFromImplicitShape(numbersOf(attributes, 'shape'), size(first(inputs)))),
  },
  Range: {
    rule: (_, attributes) => {
      const extent = numberOf(attributes, 'stop') - numberOf(attributes, 'start');
      const count = Math.max(0, Math.ceil(extent / numberOf(attributes, 'step')));
      return one([count], dtypeOf(attributes, 'dtype', 'float32'));
    },
  },
  ResizeBilinearGrad: { inputs: ['images'], rule: unary },
  ResizeNearestNeighborGrad: { inputs: ['images'], rule: unary },
  ScatterNd: { inputs: ['updates', 'indices'], rule: (_, attributes) => one(numbersOf(attributes, 'shape')) },
  Select: { inputs: ['t', 'e', 'condition'], rule: unary },
  ResizeBilinear: { rule: resize },
  ResizeNearestNeighbor: { rule: resize },
  Slice: {
    rule: (inputs, attributes) => {
      const shape = first(inputs);
      const starts = numbersOf(attributes, 'begin');
      const sizes = numbersOf(attributes, 'size').map((side, i) =>
        side === -1 ? (shape[i] ?? 0) - (starts[i] ?? 0) : side,
      );
      return { shapes: [sizes], window: { ...unit, before: [-(starts[1] ?? 0), -(starts[2] ?? 0)] } };
    },
  },
  SplitV: {
    rule: (inputs, { numOrSizeSplits: parts, axis }) => {
      const shape = first(inputs);
      const along = positive(axis, shape);
      const sizes = splitSizes(shape[along] ?? 0, typeof parts === 'number' ? parts : numbersOf({ parts }, 'parts'));
      return { shapes: sizes.map((side) => shape.map((other, i) => (i === along ? side : other))) };
    },
  },
  Tile: {
    rule: (inputs, attributes) => {
      const reps = numbersOf(attributes, 'reps');
      return one(first(inputs).map((side, i) => side * (reps[i] ?? 1)));
    },
  },
  Unpack: {
    rule: (inputs, { axis }) => {
      const shape = first(inputs);
      const along = positive(axis ?? 0, shape);
      return { shapes: Array.from({ length: shape[along] ?? 0 }, () => shape.filter((_, i) => i !== along)) };
    },
  },
  UnsortedSegmentSum: {
    inputs: ['x', 'segmentIds'],
    rule: ([x = [], ids = []], attributes) => one([numberOf(attributes, 'numSegments'), ...x.slice(ids.length)]),
  },
  Transpose: {
    rule: (inputs, attributes) => one(numbersOf(attributes, 'perm').map((axis) => first(inputs)[axis] ?? 0)),
  },
};

/** Axes counted from the front; null: all of them. */
const axesIn = (axes: number[] | null, shape: Shape): number[] =>
  axes === null ? [...shape.keys()] : tf.util.parseAxisParam(axes, [...shape]);

/** An axis counted from the front. */
function positive(axis: unknown, shape: Shape): number {
  return axesIn(axesOf({ axis }), shape)[0] ?? 0;
}

function splitSizes(side: number, parts: number | readonly number[]): readonly number[] {
  return typeof parts === 'number' ? Array.from({ length: parts }, () => side / parts) : parts;
}
