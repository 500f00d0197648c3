import * as tf from '@tensorflow/tfjs';
import { ConfigError } from '../../engine/errors.js';
import type { GraphNode } from '../../engine/graph/graph.js';
import { axisInFirst, COPIED, type Layout, type OnnxBuilder, transposed } from './builder.js';
import { type OnnxAttribute, TYPES } from './model.js';

/** Writes the operators of one node. */
type Emit = (builder: OnnxBuilder, node: GraphNode) => void;
type Attributes = { readonly [name: string]: OnnxAttribute };

const input = (node: GraphNode, position: number): number => node.inputs[position] ?? -1;
const output = (node: GraphNode): number => node.outputs[0] ?? -1;

/** The layout in which an element-wise operator is computed: `first` where a map is there in it alone. */
function layoutOf(builder: OnnxBuilder, node: GraphNode): Layout {
  if (builder.shapeOf(output(node)).length !== 4) return 'last';
  const varying = node.inputs.filter((value) => !builder.constantOf(value));
  const fits = (value: number): boolean => {
    const { length } = builder.shapeOf(value);
    return length === 4 || length === 0;
  };
  return varying.every(fits) && varying.some((value) => !builder.has(value, 'last')) ? 'first' : 'last';
}

/** An operand of an element-wise operator; constants of fewer axes are given those of a map. */
function operand(builder: OnnxBuilder, value: number, layout: Layout): string {
  const constant = builder.constantOf(value);
  const { length } = builder.shapeOf(value);
  if (layout === 'last' || length === 0 || length === 4 || !constant) {
    return builder.get(value, length === 4 ? layout : 'last');
  }
  const shape = [...Array.from({ length: 4 - length }, () => 1), ...constant.shape];
  const moved = transposed({ ...constant, shape }, [0, 3, 1, 2]);
  return builder.tensor(moved.values, moved.shape, builder.typeOf(value), constant.name);
}

/** Operators of one value after the other, given the operands and what is written before the last. */
const elementwise =
  (write: (builder: OnnxBuilder, operands: readonly string[], attributes: tf.NamedAttrMap) => string): Emit =>
  (builder, node) => {
    const layout = layoutOf(builder, node);
    const operands = node.inputs.map((value) => operand(builder, value, layout));
    builder.set(output(node), write(builder, operands, node.attributes), layout);
  };

/** An operator of the same arithmetic. */
const plain = (operator: string, attributes: Attributes = {}): Emit =>
  elementwise((builder, operands) => builder.node(operator, operands, attributes));

const clip = (builder: OnnxBuilder, x: string, low: number, high: number): string =>
  builder.node('Clip', [x, builder.scalar(low), builder.scalar(high)]);

const reduction =
  (operator: string): Emit =>
  (builder, node) => {
    const { axis, keepDims, reductionIndices } = node.attributes;
    const value = input(node, 0);
    const shape = builder.shapeOf(value);
    const axes = tf.util.parseAxisParam((axis ?? reductionIndices ?? null) as number[], [...shape]);
    const isMap = shape.length === 4 && !builder.has(value, 'last');
    const isPlane = axes.length === 2 && axes.includes(1) && axes.includes(2);
    const layout = isMap && (keepDims === true || isPlane || axes.length >= 3) ? 'first' : 'last';
    const along = (layout === 'first' ? axes.map(axisInFirst) : axes).toSorted((a, b) => a - b);
    const source = builder.get(value, layout);
    const name =
      isPlane && layout === 'first' && operator === 'ReduceMean' && keepDims === true
        ? builder.node('GlobalAveragePool', [source])
        : operator === 'ReduceSum' // its axes are an input since opset 13
          ? builder.node(operator, [source, builder.integers(along)], { keepdims: keepDims === true ? 1 : 0 })
          : builder.node(operator, [source], { axes: along, keepdims: keepDims === true ? 1 : 0 });
    builder.set(output(node), name, keepDims === true ? layout : 'last');
  };

type Window = Pick<tf.backend_util.Conv2DInfo, 'strideHeight' | 'strideWidth' | 'padInfo' | 'outHeight' | 'outWidth'>;

/** Explicit: `SAME_UPPER` with a stride has been wrong on graphics processors. */
const pads = ({ padInfo: { top, left, bottom, right } }: Window): readonly number[] => [top, left, bottom, right];

interface ConvolutionLayout {
  readonly strides: readonly number[];
  readonly dilations: readonly number[];
  readonly pads: readonly number[];
  readonly group: number;
}

/** @param order of the filter's axes in ONNX: out, in / group, height, width */
function convolve(
  builder: OnnxBuilder,
  node: GraphNode,
  layout: ConvolutionLayout,
  order: readonly number[],
  operator = 'Conv',
  attributes: Attributes = {},
): void {
  const constant = builder.constantOf(input(node, 1));
  if (!constant) throw new ConfigError(`a ${node.kernel} whose filter depends on the image cannot be written to ONNX`);
  const { values, shape } = transposed(constant, order);
  const [height = 1, width = 1] = shape.slice(2);
  const isDepthwise = order[0] === 2 && operator === 'Conv';
  const filterShape = isDepthwise ? [(shape[0] ?? 1) * (shape[1] ?? 1), 1, height, width] : shape;
  const filter = builder.tensor(values, filterShape, builder.float, constant.name ?? 'filter');
  const bias = node.inputs[2] === undefined ? [] : [builder.get(node.inputs[2])];
  const name = builder.node(operator, [builder.get(input(node, 0), 'first'), filter, ...bias], {
    dilations: layout.dilations,
    group: layout.group,
    kernel_shape: [height, width],
    pads: layout.pads,
    strides: layout.strides,
    ...attributes,
  });
  builder.set(output(node), name, 'first');
}

type Shape4 = [number, number, number, number];

const convolution =
  (isDepthwise: boolean): Emit =>
  (builder, node) => {
    const { strides, pad, dataFormat, dilations, dimRoundingMode } = node.attributes;
    if (dataFormat !== undefined && dataFormat !== 'NHWC')
      throw new ConfigError(`${dataFormat} is not written to ONNX`);
    const info = tf.backend_util.computeConv2DInfo(
      [...builder.shapeOf(input(node, 0))] as Shape4,
      [...builder.shapeOf(input(node, 1))] as Shape4,
      strides as number,
      (dilations ?? 1) as number,
      pad as 'same',
      dimRoundingMode as 'floor',
      isDepthwise,
    );
    const layout = {
      strides: [info.strideHeight, info.strideWidth],
      dilations: [info.dilationHeight, info.dilationWidth],
      pads: pads(info),
      group: isDepthwise ? info.inChannels : 1,
    };
    convolve(builder, node, layout, isDepthwise ? [2, 3, 0, 1] : [3, 2, 0, 1]);
  };

const dilatedDepthwise: Emit = (builder, node) => {
  const dilations = node.attributes.dilation as number[];
  const group = builder.shapeOf(input(node, 0))[3] ?? 1;
  convolve(builder, node, { strides: [1, 1], dilations, pads: [0, 0, 0, 0], group }, [2, 3, 0, 1]);
};

const groupConvolution: Emit = (builder, node) => {
  const { stride, padding, groups } = node.attributes;
  const [n = 1, height = 1, width = 1] = builder.shapeOf(input(node, 0));
  const filter = builder.shapeOf(input(node, 1));
  const info = tf.backend_util.computeConv2DInfo(
    [n, height, width, filter[2] ?? 1],
    [...filter] as Shape4,
    stride as [number, number],
    1,
    padding as 'same',
  );
  const strides = [info.strideHeight, info.strideWidth];
  convolve(builder, node, { strides, dilations: [1, 1], pads: pads(info), group: groups as number }, [3, 2, 0, 1]);
};

const transposedConvolution: Emit = (builder, node) => {
  const { inputShape, strides, pad, dimRoundingMode } = node.attributes;
  const shape = inputShape as Shape4;
  const filter = [...builder.shapeOf(input(node, 1))] as Shape4;
  const info = tf.backend_util.computeConv2DInfo(
    shape,
    filter,
    strides as number,
    1,
    pad as 'same',
    dimRoundingMode as 'floor',
  );
  const { top, left, bottom, right } = info.padInfo;
  const over = [
    shape[1] - ((info.outHeight - 1) * info.strideHeight + filter[0] - top - bottom),
    shape[2] - ((info.outWidth - 1) * info.strideWidth + filter[1] - left - right),
  ];
  const layout = { strides: [info.strideHeight, info.strideWidth], dilations: [1, 1], pads: pads(info), group: 1 };
  convolve(builder, node, layout, [3, 2, 0, 1], 'ConvTranspose', { output_padding: over });
};

const pooling =
  (operator: 'AveragePool' | 'MaxPool'): Emit =>
  (builder, node) => {
    const { filterSize, strides, pad, dimRoundingMode } = node.attributes;
    const value = input(node, 0);
    const info = tf.backend_util.computePool2DInfo(
      [...builder.shapeOf(value)] as Shape4,
      filterSize as [number, number],
      strides as [number, number],
      1,
      pad as 'same',
      dimRoundingMode as 'floor',
    );
    const source = builder.get(value, 'first');
    const { filterHeight, filterWidth, inHeight, inWidth, outHeight, outWidth } = info;
    const isWhole = outHeight * outWidth === 1 && filterHeight === inHeight && filterWidth === inWidth;
    const name =
      isWhole && operator === 'AveragePool'
        ? builder.node('GlobalAveragePool', [source])
        : builder.node(operator, [source], {
            kernel_shape: [filterHeight, filterWidth],
            pads: pads(info),
            strides: [info.strideHeight, info.strideWidth],
          });
    builder.set(output(node), name, 'first');
  };

function resized(builder: OnnxBuilder, value: number, size: readonly number[], attributes: Attributes): string {
  const [n = 1, height = 1, width = 1, channels = 1] = builder.shapeOf(value);
  const scales = [(size[0] ?? 1) / height, (size[1] ?? 1) / width];
  if (scales.every(Number.isInteger)) {
    const factors = builder.tensor([1, 1, ...scales], [4], 'float32', 'scales');
    return builder.node('Resize', [builder.get(value, 'first'), '', factors], attributes);
  }
  const sizes = builder.integers([n, channels, ...size]);
  return builder.node('Resize', [builder.get(value, 'first'), '', '', sizes], attributes);
}

const resize =
  (mode: 'linear' | 'nearest'): Emit =>
  (builder, node) => {
    const { size, alignCorners, halfPixelCenters } = node.attributes;
    const coordinates = alignCorners ? 'align_corners' : halfPixelCenters ? 'half_pixel' : 'asymmetric';
    // TensorFlow rounds half-pixel positions down of (i + 0.5) * scale, which is the nearest of i + 0.5 - 0.5, ties up.
    const rounding = alignCorners ? 'round_prefer_ceil' : halfPixelCenters ? 'round_prefer_ceil' : 'floor';
    const name = resized(builder, input(node, 0), size as number[], {
      coordinate_transformation_mode: coordinates,
      mode,
      ...(mode === 'nearest' ? { nearest_mode: rounding } : {}),
    });
    builder.set(output(node), name, 'first');
  };

const upsampleAdd: Emit = (builder, node) => {
  const [small, large] = [input(node, 0), input(node, 1)];
  const size = builder.shapeOf(large).slice(1, 3);
  const nearest = { coordinate_transformation_mode: 'asymmetric', mode: 'nearest', nearest_mode: 'floor' };
  const isSame = builder
    .shapeOf(small)
    .slice(1, 3)
    .every((side, i) => side === size[i]);
  const enlarged = isSame ? builder.get(small, 'first') : resized(builder, small, size, nearest);
  builder.set(output(node), builder.node('Add', [builder.get(large, 'first'), enlarged]), 'first');
};

/** The layout of an operator that works along axes of a map, and the axis in it. */
function along(builder: OnnxBuilder, node: GraphNode, given: number): { layout: Layout; axis: number } {
  const { length } = builder.shapeOf(input(node, 0));
  const axis = given < 0 ? given + length : given;
  const isMap = length === 4 && node.inputs.some((value) => !builder.constantOf(value) && !builder.has(value, 'last'));
  return isMap ? { layout: 'first', axis: axisInFirst(axis) } : { layout: 'last', axis };
}

/** Values per axis in the order of a layout. */
const perAxis = <T>(values: readonly T[], layout: Layout): readonly T[] =>
  layout === 'first' ? [0, 3, 1, 2].map((axis) => values[axis] as T) : values;

const concat: Emit = (builder, node) => {
  const { layout, axis } = along(builder, node, node.attributes.axis as number);
  const parts = node.inputs.filter((value) => builder.shapeOf(value).every((side) => side > 0));
  const names = parts.map((value) => builder.get(value, layout));
  builder.set(output(node), builder.node('Concat', names, { axis }), layout);
};

const pad: Emit = (builder, node) => {
  const { paddings, constantValue } = node.attributes;
  const { layout } = along(builder, node, 0);
  const amounts = perAxis(paddings as unknown as number[][], layout);
  const all = builder.integers([...amounts.map(([before = 0]) => before), ...amounts.map(([, after = 0]) => after)]);
  const value = builder.scalar((constantValue ?? 0) as number);
  builder.set(output(node), builder.node('Pad', [builder.get(input(node, 0), layout), all, value]), layout);
};

const slice: Emit = (builder, node) => {
  const { begin, size } = node.attributes as unknown as { begin: number[]; size: number[] };
  const shape = builder.shapeOf(input(node, 0));
  const { layout } = along(builder, node, 0);
  const starts = perAxis(begin, layout);
  const ends = perAxis(
    shape.map((side, i) => (size[i] === -1 ? side : (begin[i] ?? 0) + (size[i] ?? side))),
    layout,
  );
  const names = [starts, ends].map((values) => builder.integers(values));
  builder.set(output(node), builder.node('Slice', [builder.get(input(node, 0), layout), ...names]), layout);
};

const split: Emit = (builder, node) => {
  const { layout, axis } = along(builder, node, node.attributes.axis as number);
  const given = node.attributes.axis as number;
  const sizes = node.outputs.map((value) => builder.shapeOf(value).at(given) ?? 0);
  const names = node.outputs.map(() => builder.fresh('Split'));
  builder.node('Split', [builder.get(input(node, 0), layout), builder.integers(sizes)], { axis }, names);
  for (const [i, value] of node.outputs.entries()) builder.set(value, names[i] as string, layout);
};

const gather: Emit = (builder, node) => {
  const [x, indices] = [input(node, 0), input(node, 1)];
  const isList = builder.shapeOf(indices).length === 1;
  const chosen = along(builder, node, (node.attributes.axis ?? 0) as number);
  const { layout, axis } = isList ? chosen : { layout: 'last' as const, axis: node.attributes.axis as number };
  builder.set(output(node), builder.node('Gather', [builder.get(x, layout), builder.get(indices)], { axis }), layout);
};

const reshape: Emit = (builder, node) => {
  const [first = 1, ...rest] = builder.shapeOf(output(node));
  const isCopied = first === builder.shapeOf(input(node, 0))[0];
  const shape = isCopied ? [COPIED, ...rest] : builder.shapeOf(output(node));
  builder.set(output(node), builder.node('Reshape', [builder.get(input(node, 0)), builder.integers(shape)]));
};

const matMul: Emit = (builder, node) => {
  const { transposeA, transposeB } = node.attributes;
  const side = (position: number, isTransposed: boolean): string => {
    const value = input(node, position);
    const { length } = builder.shapeOf(value);
    const swapped = Array.from({ length }, (_, axis) => (axis < length - 2 ? axis : 2 * length - 3 - axis));
    const constant = builder.constantOf(value);
    if (!isTransposed) return builder.get(value);
    if (!constant) return builder.node('Transpose', [builder.get(value)], { perm: swapped });
    const { values, shape } = transposed(constant, swapped);
    return builder.tensor(values, shape, builder.float, constant.name);
  };
  builder.set(output(node), builder.node('MatMul', [side(0, transposeA === true), side(1, transposeB === true)]));
};

const transpose: Emit = (builder, node) => {
  const perm = node.attributes.perm as number[];
  builder.set(output(node), builder.node('Transpose', [builder.get(input(node, 0))], { perm }));
};

const layerNorm: Emit = (builder, node) => {
  const [x = '', scale = '', shift = ''] = node.inputs.map((value) => builder.get(value));
  const epsilon = { float: node.attributes.epsilon as number };
  builder.set(output(node), builder.node('LayerNormalization', [x, scale, shift], { axis: 1, epsilon }));
};

/** ONNX normalises channels one by one: a group is made one channel, and the factors of its members follow. */
const groupNorm: Emit = (builder, node) => {
  const { groups, epsilon } = node.attributes as { groups: number; epsilon: number };
  const [, height = 1, width = 1, channels = 1] = builder.shapeOf(input(node, 0));
  const members = (height * width * channels) / groups;
  const joined = builder.node('Reshape', [
    builder.get(input(node, 0), 'first'),
    builder.integers([COPIED, groups, members]),
  ]);
  const [one, zero] = [1, 0].map((value) =>
    builder.tensor(
      Array.from({ length: groups }, () => value),
      [groups],
      builder.float,
      'group',
    ),
  ) as [string, string];
  const normalised = builder.node('InstanceNormalization', [joined, one, zero], { epsilon: { float: epsilon } });
  const map = builder.node('Reshape', [normalised, builder.integers([COPIED, channels, height, width])]);
  const [scale, shift] = [1, 2].map((position) => operand(builder, input(node, position), 'first')) as [string, string];
  builder.set(output(node), builder.node('Add', [builder.node('Mul', [map, scale]), shift]), 'first');
};

const softmax: Emit = (builder, node) => {
  const axis = builder.shapeOf(input(node, 0)).length - 1;
  builder.set(output(node), builder.node('Softmax', [builder.get(input(node, 0))], { axis }));
};

const pack: Emit = (builder, node) => {
  const { length } = builder.shapeOf(output(node));
  const given = node.attributes.axis as number;
  const axis = given < 0 ? given + length : given;
  const axes = builder.integers([axis]);
  const parts = node.inputs.map((value) => builder.node('Unsqueeze', [builder.get(value), axes]));
  builder.set(output(node), builder.node('Concat', parts, { axis }));
};

const unpack: Emit = (builder, node) => {
  const value = input(node, 0);
  const given = (node.attributes.axis ?? 0) as number;
  const axis = given < 0 ? given + builder.shapeOf(value).length : given;
  for (const [i, each] of node.outputs.entries()) {
    const index = builder.tensor([i], [], 'int64', 'index');
    builder.set(each, builder.node('Gather', [builder.get(value), index], { axis }));
  }
};

const tile: Emit = (builder, node) => {
  const reps = builder.integers(node.attributes.reps as number[]);
  builder.set(output(node), builder.node('Tile', [builder.get(input(node, 0)), reps]));
};

const cast: Emit = (builder, node) => {
  const value = input(node, 0);
  const layout: Layout = builder.has(value, 'last') || builder.constantOf(value) ? 'last' : 'first';
  const to = TYPES[builder.typeOf(output(node))];
  builder.set(output(node), builder.node('Cast', [builder.get(value, layout)], { to }), layout);
};

const select: Emit = (builder, node) => {
  const layout = layoutOf(builder, node);
  const [t = '', e = '', condition = ''] = node.inputs.map((value) => operand(builder, value, layout));
  builder.set(output(node), builder.node('Where', [condition, t, e]), layout);
};

const argMax: Emit = (builder, node) => {
  const { length } = builder.shapeOf(input(node, 0));
  const given = node.attributes.axis as number;
  const axis = given < 0 ? given + length : given;
  const index = builder.node('ArgMax', [builder.get(input(node, 0))], { axis, keepdims: 0 });
  builder.set(output(node), builder.node('Cast', [index], { to: 6 }));
};

/** What each kernel becomes. */
export const OPERATORS: { readonly [kernel: string]: Emit } = {
  Abs: plain('Abs'),
  Add: plain('Add'),
  ArgMax: argMax,
  AvgPool: pooling('AveragePool'),
  BatchMatMul: matMul,
  Cast: cast,
  Ceil: plain('Ceil'),
  ClipByValue: elementwise((builder, [x = ''], { clipValueMin, clipValueMax }) =>
    clip(builder, x, clipValueMin as number, clipValueMax as number),
  ),
  Concat: concat,
  Conv2D: convolution(false),
  Conv2DBackpropInput: transposedConvolution,
  DepthwiseConv2dNative: convolution(true),
  Elu: plain('Elu'),
  Equal: plain('Equal'),
  Erf: plain('Erf'),
  EspalierDilatedDepthwise: dilatedDepthwise,
  EspalierGroupConv2D: groupConvolution,
  EspalierGroupNorm: groupNorm,
  EspalierHardSigmoid: plain('HardSigmoid', { alpha: { float: 1 / 6 }, beta: { float: 0.5 } }),
  EspalierHardSwish: plain('HardSwish'),
  EspalierLayerNorm: layerNorm,
  EspalierUpsampleAdd: upsampleAdd,
  Exp: plain('Exp'),
  ExpandDims: reshape,
  Floor: plain('Floor'),
  GatherV2: gather,
  Greater: plain('Greater'),
  GreaterEqual: plain('GreaterOrEqual'),
  LeakyRelu: elementwise((builder, [x = ''], { alpha }) =>
    builder.node('LeakyRelu', [x], { alpha: { float: alpha as number } }),
  ),
  Less: plain('Less'),
  LessEqual: plain('LessOrEqual'),
  Log: plain('Log'),
  LogicalAnd: plain('And'),
  LogicalNot: plain('Not'),
  LogicalOr: plain('Or'),
  Max: reduction('ReduceMax'),
  MaxPool: pooling('MaxPool'),
  Maximum: plain('Max'),
  Mean: reduction('ReduceMean'),
  Min: reduction('ReduceMin'),
  Minimum: plain('Min'),
  Multiply: plain('Mul'),
  Neg: plain('Neg'),
  NotEqual: elementwise((builder, operands) => builder.node('Not', [builder.node('Equal', operands)])),
  Pack: pack,
  PadV2: pad,
  Pow: plain('Pow'),
  Prelu: plain('PRelu'),
  RealDiv: plain('Div'),
  Reciprocal: plain('Reciprocal'),
  Relu: plain('Relu'),
  Relu6: elementwise((builder, [x = '']) => clip(builder, x, 0, 6)),
  Reshape: reshape,
  ResizeBilinear: resize('linear'),
  ResizeNearestNeighbor: resize('nearest'),
  Rsqrt: elementwise((builder, operands) => builder.node('Reciprocal', [builder.node('Sqrt', operands)])),
  Select: select,
  Sigmoid: plain('Sigmoid'),
  Slice: slice,
  Softmax: softmax,
  Softplus: plain('Softplus'),
  SplitV: split,
  Sqrt: plain('Sqrt'),
  Square: elementwise((builder, [x = '']) => builder.node('Mul', [x, x])),
  SquaredDifference: elementwise((builder, operands) => {
    const difference = builder.node('Sub', operands);
    return builder.node('Mul', [difference, difference]);
  }),
  Sub: plain('Sub'),
  Sum: reduction('ReduceSum'),
  Tanh: plain('Tanh'),
  Tile: tile,
  Transpose: transpose,
  Unpack: unpack,
};
