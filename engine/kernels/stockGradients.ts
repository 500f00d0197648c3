import * as tf from '@tensorflow/tfjs-core';
import { valueAt } from '../checked.js';
import { ShapeError } from '../errors.js';
import { numberOf } from '../kernelAttributes.js';
import { cropAndResizeGrad } from './cropAndResize.js';
import { cumsum } from './cumsum.js';
import { einsumGradients } from './einsum.js';
import { gatherND } from './gather.js';
import { resizeBilinearGrad } from './resizeBilinear.js';
import { resizeNearestGrad } from './resizeNearest.js';
import { scatterND } from './scatter.js';
import { dilatedGradients } from './stockConvolutions.js';

type Thunks = { readonly [input: string]: () => tf.Tensor };

/** The gradient of an op of tfjs. */
interface Rule {
  /** Names of the inputs handed to the rule. Defaults to all of an op that takes a list. */
  readonly inputs?: readonly string[];
  /** Positions of outputs handed to the rule, after the inputs. */
  readonly outputs?: readonly boolean[];
  /** Nothing: the gradient that tfjs has is right for this call. */
  gradients(dys: readonly tf.Tensor[], saved: readonly tf.Tensor[], attributes: tf.NamedAttrMap): Thunks | undefined;
}

const constant = (x: tf.Tensor | undefined) => (): tf.Tensor => tf.zeros(x?.shape ?? []);
const first = (tensors: readonly tf.Tensor[]): tf.Tensor => valueAt(tensors, 0);
const second = (tensors: readonly tf.Tensor[]): tf.Tensor => valueAt(tensors, 1);

const comparison: Rule = {
  inputs: ['a', 'b'],
  gradients: (_, [a, b]) => ({ a: constant(a), b: constant(b) }),
};

/** Both gradients at the output's shape; the stock rules forget to sum over axes that were broadcast. */
const broadcast = (of: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => readonly [tf.Tensor, tf.Tensor]): Rule => ({
  inputs: ['a', 'b'],
  gradients([dy], [a, b]) {
    if (!dy || !a || !b || tf.util.arraysEqual(a.shape, b.shape)) return undefined;
    const [da, db] = of(dy, a, b);
    return { a: () => sumTo(da, a.shape), b: () => sumTo(db, b.shape) };
  },
});

const larger = (dy: tf.Tensor, winner: tf.Tensor): readonly [tf.Tensor, tf.Tensor] => {
  const mask = tf.cast(winner, 'float32');
  return [tf.mul(dy, mask), tf.mul(dy, tf.sub(1, mask))];
};

const resize = (gradient: (dy: tf.Tensor, height: number, width: number) => tf.Tensor): Rule => ({
  inputs: ['images'],
  gradients([dy], [images], { halfPixelCenters }) {
    if (!dy || !images || halfPixelCenters !== true) return undefined;
    const [, height = 0, width = 0] = images.shape;
    return { images: () => gradient(dy, height, width) };
  },
});

/** Gradient of a reduction: tfjs multiplies with ones of the input's size, which a compiled function would hold for good. */
const reduction = (shareOf: (size: number) => number): Rule => ({
  inputs: ['x'],
  gradients([dy], [x], { axis }) {
    if (!dy || !x || tf.getBackend() !== 'tensorflow') return undefined; // elsewhere repeating is slower than multiplying
    const axes = tf.util.parseAxisParam(axis as number | number[], x.shape);
    const shape = x.shape.map((size, i) => (axes.includes(i) ? 1 : size));
    const share = shareOf(x.size / tf.util.sizeFromShape(shape));
    return { x: () => tf.broadcastTo(tf.mul(tf.reshape(dy, shape), share), x.shape) };
  },
});

/** Ops of tfjs whose gradient is missing or wrong on every backend, by kernel name. */
const RULES: { readonly [kernel: string]: Rule } = {
  Equal: comparison,
  NotEqual: comparison,
  Greater: comparison,
  Less: comparison,
  LessEqual: comparison,
  LogicalAnd: comparison,
  LogicalOr: comparison,
  LogicalNot: { inputs: ['x'], gradients: (_, [x]) => ({ x: constant(x) }) },
  Maximum: broadcast((dy, a, b) => larger(dy, tf.greaterEqual(a, b))),
  Minimum: broadcast((dy, a, b) => larger(dy, tf.lessEqual(a, b))),
  SquaredDifference: broadcast((dy, a, b) => {
    const slope = tf.mul(tf.mul(tf.sub(a, b), 2), dy);
    return [slope, tf.neg(slope)];
  }),
  Sum: reduction(() => 1),
  Mean: reduction((size) => 1 / Math.max(1, size)),
  Cumsum: {
    inputs: ['x'],
    gradients(dys, saved, { exclusive, reverse, ...attributes }) {
      const axis = numberOf(attributes, 'axis');
      const along = axis < 0 ? axis + first(saved).rank : axis;
      const options = { exclusive: exclusive === true, reverse: reverse !== true };
      return { x: () => cumsum(first(dys), along, options) };
    },
  },
  Einsum: {
    gradients([dy], [a, b], { equation }) {
      if (!dy || !a || !b)
        throw new ShapeError(`einsum '${equation}' of one tensor has no gradient: use sum, transpose`);
      const { a: da, b: db } = einsumGradients(dy, a, b, String(equation));
      return { 0: da, 1: db };
    },
  },
  GatherNd: {
    inputs: ['params', 'indices'],
    gradients: (dys, saved) => ({
      params: () => scatterND(second(saved), first(dys), first(saved).shape),
      indices: constant(second(saved)),
    }),
  },
  ScatterNd: {
    inputs: ['indices'],
    gradients: (dys, saved) => ({
      updates: () => gatherND(first(dys), first(saved)),
      indices: constant(first(saved)),
    }),
  },
  TopK: {
    inputs: ['x'],
    outputs: [false, true],
    gradients: (dys, saved) => ({
      x: () => spreadRows(first(dys), second(saved), first(saved).shape),
    }),
  },
  /** Split into one part: tfjs hands its own rules a tensor where they take a list. */
  SplitV: {
    inputs: [],
    gradients: (dys, _, attributes) => ({ x: () => tf.concat([...dys], numberOf(attributes, 'axis')) }),
  },
  Unpack: {
    inputs: [],
    gradients: (dys, _, attributes) => ({ value: () => tf.stack([...dys], numberOf(attributes, 'axis', 0)) }),
  },
  StridedSlice: {
    inputs: ['x'],
    gradients: (dys, saved, attributes) => ({ x: () => spreadSlice(first(dys), first(saved), attributes) }),
  },
  CropAndResize: {
    inputs: ['image', 'boxes', 'boxInd'],
    gradients(dys, saved, { method }) {
      if (method !== 'bilinear') throw new ShapeError(`cropAndResize with ${method} has no gradient: use bilinear`);
      const [boxes, items] = [second(saved), valueAt(saved, 2)];
      const inputShape = first(saved).shape;
      return {
        image: () => cropAndResizeGrad({ dy: first(dys), boxes, items }, { inputShape }),
        boxes: constant(boxes),
        boxInd: constant(items),
      };
    },
  },
  ResizeBilinear: resize((dy, height, width) => resizeBilinearGrad({ dy }, { height, width })),
  ResizeNearestNeighbor: resize((dy, height, width) => resizeNearestGrad({ dy }, { height, width, centred: true })),
  Conv2D: { inputs: ['x', 'filter'], gradients: dilatedGradients(false) },
  DepthwiseConv2dNative: { inputs: ['x', 'filter'], gradients: dilatedGradients(true) },
};

let repaired = false;

/** Gives ops of tfjs their gradients on every backend; those that are right stay. Called when an engine opens. */
export function repairStockGradients(): void {
  if (repaired) return;
  repaired = true;
  for (const [kernelName, { inputs, outputs, gradients }] of Object.entries(RULES)) {
    const stock = tf.getGradient(kernelName);
    if (stock) tf.unregisterGradient(kernelName);
    tf.registerGradient({
      kernelName,
      ...(inputs ? { inputsToSave: [...inputs] } : { saveAllInputs: true }),
      ...(outputs && { outputsToSave: [...outputs] }),
      gradFunc: (dy, saved, attributes) => {
        const thunks = gradients(Array.isArray(dy) ? dy : [dy], saved, attributes);
        return thunks ?? stock.gradFunc(dy, saved, attributes);
      },
    });
  }
}

function sumTo(x: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, x.shape);
  return tf.reshape(axes.length > 0 ? tf.sum(x, axes) : x, shape);
}

/** Values [..., k] back to their places of the last axis. */
function spreadRows(dy: tf.Tensor, indices: tf.Tensor, shape: number[]): tf.Tensor {
  const length = shape[shape.length - 1] ?? 1;
  const count = tf.util.sizeFromShape(shape);
  const rows = count / length;
  const starts = tf.tensor2d(
    Int32Array.from({ length: rows }, (_, row) => row * length),
    [rows, 1],
    'int32',
  );
  const places = tf.reshape<tf.Rank.R1>(tf.add(tf.reshape(indices, [rows, -1]), starts), [-1]);
  return tf.reshape(tf.unsortedSegmentSum(tf.reshape(dy, [-1]), tf.cast<tf.Tensor1D>(places, 'int32'), count), shape);
}

/** A slice back to its places: the same slice of the places tells where they are. */
function spreadSlice(dy: tf.Tensor, x: tf.Tensor, attributes: tf.NamedAttrMap): tf.Tensor {
  const places = tf.reshape(tf.range(0, x.size, 1, 'int32'), x.shape);
  const taken: tf.Tensor = tf.engine().runKernel('StridedSlice', { x: places }, attributes);
  const flat = tf.reshape<tf.Rank.R1>(taken, [-1]);
  return tf.reshape(tf.unsortedSegmentSum(tf.reshape(dy, [-1]), flat, x.size), x.shape);
}
