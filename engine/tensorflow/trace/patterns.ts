import * as tf from '@tensorflow/tfjs';
import type { NodeJSKernelBackend } from '#tfjs-node';
import { batchNormTrain } from '../../kernels/batchNormTrain.js';
import { gate } from '../../kernels/gate.js';
import { relu6 } from '../../kernels/relu6.js';
import { swish } from '../../kernels/swish.js';
import { aroundKernels, type KernelCall, offTape } from '../../tfjs.js';
import type { Tracer } from './trace.js';

/** What is known of a call: how its inputs were made on the same tape, and what a tensor is to be replaced by. */
interface Known {
  /** The call that made a tensor, if its gradient flows to where the tensor is used. */
  madeBy(tensor: tf.Tensor, kernel: string): KernelCall | undefined;
  /** The values that a tensor repeats in another shape, or its own. */
  valuesOf(tensor: tf.Tensor): tf.Tensor;
  /** Whoever uses `tensor` from here on uses `other`. */
  substitute(tensor: tf.Tensor, other: tf.Tensor): void;
}

/** Tensors in place of a kernel's; undefined: it is no such pattern. */
type Pattern = (call: KernelCall, known: Known) => tf.Tensor | undefined;

/** By the kernel that ends each pattern. */
const PATTERNS: { readonly [kernel: string]: Pattern } = {
  Multiply: ({ inputs: { a, b } }, known) => product(a, b, known) ?? product(b, a, known),
  FusedBatchNorm: batchNormOfBatch,
  Relu6: ({ inputs: { x } }) => (x?.dtype === 'float32' ? relu6(x) : undefined),
};

/** Kernels by which inputs of patterns are made. */
const REMEMBERED: ReadonlySet<string> = new Set([
  'Sigmoid',
  'Mean',
  'Square',
  'Sub',
  'SquaredDifference',
  'Cast',
  'Reshape',
]);

/** Kernels that give the values of their input in another shape. */
const REPEATING = ['Reshape', 'Cast'];

/**
 * Runs `work`, and in place of the ops by which people write batch norm, swish, gates and relu6 the kernels that this library's layers run:
 * they keep less for the backward pass and need fewer passes over memory. What they replace has no use left, and TensorFlow drops it.
 */
export function withPatterns<T>(backend: NodeJSKernelBackend, tracer: Tracer, work: () => T): T {
  const makers = new WeakMap<object, KernelCall>();
  const idOf = (tensor: tf.Tensor): number => backend.getInputTensorIds([tensor])[0] as number;
  const around: Parameters<typeof aroundKernels>[0] = (call, run) => {
    const madeBy: Known['madeBy'] = ({ dataId }, kernel) => {
      const maker = makers.get(dataId);
      return maker?.kernel === kernel && maker.tape === call.tape ? maker : undefined;
    };
    const valuesOf: Known['valuesOf'] = (tensor) => {
      const [maker] = REPEATING.flatMap((kernel) => madeBy(tensor, kernel) ?? []);
      const { x } = maker?.inputs ?? {};
      return x === undefined || x.dtype !== tensor.dtype ? tensor : valuesOf(x);
    };
    const substitute: Known['substitute'] = (tensor, other) => {
      if (!tensor.isDisposed) tracer.substitute(idOf(tensor), idOf(other));
    };
    const instead = PATTERNS[call.kernel]?.(call, { madeBy, valuesOf, substitute });
    if (instead !== undefined) return instead;
    const made = run();
    const isNew = made instanceof tf.Tensor && made.dataId !== call.inputs.x?.dataId; // a cast to the same type is its input
    if (isNew && REMEMBERED.has(call.kernel)) makers.set(made.dataId, call);
    return made;
  };
  return aroundKernels(around, work);
}

/** x * sigmoid(x), and x * sigmoid(g) with one g a plane. */
function product(x: tf.Tensor | undefined, open: tf.Tensor | undefined, known: Known): tf.Tensor | undefined {
  if (x === undefined || open === undefined || x.dtype !== 'float32') return undefined;
  const sigmoid = known.madeBy(known.valuesOf(open), 'Sigmoid');
  const logits = sigmoid?.inputs.x;
  if (logits === undefined || logits.isDisposed) return undefined;
  if (logits.dataId === x.dataId && tf.util.arraysEqual(open.shape, x.shape)) return swish(x);
  const [images, , , channels] = x.shape;
  const isGate = x.rank === 4 && tf.util.arraysEqual(open.shape, [images as number, 1, 1, channels as number]);
  if (!isGate || tf.util.arraysEqual(open.shape, x.shape)) return undefined;
  return gate(x as tf.Tensor4D, tf.reshape(logits, open.shape as [number, number, number, number]));
}

/** Batch norm whose statistics are the moments of what it normalizes. */
function batchNormOfBatch({ inputs, attributes }: KernelCall, known: Known): tf.Tensor | undefined {
  const { x, mean, variance, scale, offset } = inputs;
  const channels = x?.shape[3];
  if (x?.rank !== 4 || x.dtype !== 'float32' || channels === undefined || !mean || !variance) return undefined;
  if ([mean, variance, scale, offset].some((each) => each && each.size !== channels)) return undefined;
  const source = known.valuesOf(x);
  const isMean = (each: tf.Tensor, of: (x: tf.Tensor) => boolean): boolean => {
    const taken = known.madeBy(known.valuesOf(each), 'Mean');
    const { x: from } = taken?.inputs ?? {};
    if (from === undefined || from.shape[from.rank - 1] !== channels) return false;
    const axes = tf.util.parseAxisParam(taken?.attributes.axis as number | number[], from.shape);
    return axes.length === from.rank - 1 && !axes.includes(from.rank - 1) && of(from);
  };
  const isSame = (one: tf.Tensor | undefined, other: tf.Tensor): boolean =>
    one !== undefined && known.valuesOf(one).dataId === other.dataId;
  const isMeanOfAll = (each: tf.Tensor): boolean => isMean(each, (from) => isSame(from, source));
  const isDeviation = ({ a, b }: tf.NamedTensorMap): boolean =>
    isSame(a, source) && b !== undefined && known.valuesOf(b).dataId === known.valuesOf(mean).dataId;
  const isSquare = (from: tf.Tensor): boolean => {
    const squared = known.madeBy(from, 'Square')?.inputs.x;
    const difference = squared && known.madeBy(squared, 'Sub');
    return [difference, known.madeBy(from, 'SquaredDifference')].some((call) => call && isDeviation(call.inputs));
  };
  if (!isMeanOfAll(mean) || !isMean(variance, isSquare)) return undefined;
  const one = (value: number) => tf.fill([channels], value) as tf.Tensor1D;
  const flat = (each: tf.Tensor) => tf.reshape(each, [channels]) as tf.Tensor1D;
  const found = batchNormTrain(
    x as tf.Tensor4D,
    scale ? flat(scale) : one(1),
    offset ? flat(offset) : one(0),
    attributes.varianceEpsilon as number,
  );
  const count = x.size / channels;
  if (count > 1) {
    offTape(() => {
      known.substitute(mean, tf.reshape(found.mean, mean.shape));
      known.substitute(variance, tf.reshape(tf.mul(found.variance, (count - 1) / count), variance.shape));
    });
  }
  return found.y;
}
