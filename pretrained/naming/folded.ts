import { WeightsError } from '../../engine/errors.js';
import type { HostTensor, HostTensors } from '../../weights/hostTensor.js';
import type { LazyTensor, WeightedLayer, WeightsFile } from '../../weights/weightsFile.js';
import { fileShape, toFile } from '../layout.js';
import type { ParameterSlot, Slots } from '../slot.js';
import type { LoadReport } from '../stateDict.js';

/** Of the networks that Google released for TFLite. */
const EPSILON = 1e-3;

/** A layer of the network: its weights, and the norm or the bias behind them. */
interface TargetLayer {
  readonly name: string;
  readonly parameter: ParameterSlot;
  /** Names of what follows up to the next weights. */
  readonly rest: readonly string[];
}

/**
 * The layers of a TFLite graph in the network's own order: convolutions, depthwise ones and the dense layer follow each
 * other in the same way in EfficientNet-Lite, whatever the tensors are called. A batch norm that was folded into its
 * convolution becomes one of scale 1 that adds the bias.
 *
 * @returns shapes in PyTorch's layout
 */
export function foldedLayers(
  file: WeightsFile,
  module: Slots,
): { readonly tensors: HostTensors } & Omit<LoadReport, 'loaded'> {
  const targets = targetLayers(module);
  const layers = file.layers ?? [];
  const tensors = new Map<string, HostTensor>();
  const missing: string[] = [];
  const reshaped: LoadReport['reshaped'][number][] = [];
  for (const [i, { name, parameter, rest }] of targets.entries()) {
    const layer = layers[i];
    const weight = layer && file.tensors.get(layer.weight);
    const expected = fileShape(parameter.variable.shape, parameter.layout);
    const values = weight && inFileOrder(weight, layer, parameter);
    if (!layer || !weight) missing.push(name, ...rest);
    else if (!values) reshaped.push({ name, file: weight.shape, module: expected });
    else {
      tensors.set(name, { dtype: 'F32', shape: expected, data: values });
      addBehind(rest, layer, file, tensors);
    }
  }
  const unexpected = layers.slice(targets.length).map(({ weight }) => weight);
  return { tensors, missing: [...missing, ...unset(module, tensors, missing, reshaped)], unexpected, reshaped };
}

function targetLayers(module: Slots): readonly TargetLayer[] {
  const layers: { name: string; parameter: ParameterSlot; rest: string[] }[] = [];
  for (const [name, parameter] of module.parameters) {
    if (parameter.role === 'weight') layers.push({ name, parameter, rest: [] });
    else layers.at(-1)?.rest.push(name);
  }
  return layers;
}

/** Values in PyTorch's order, or null when kind or shape are another layer's. */
export function inFileOrder(
  tensor: LazyTensor,
  { kind }: WeightedLayer,
  { variable, layout }: ParameterSlot,
): Float32Array | null {
  const { shape } = tensor;
  const memory = variable.shape;
  const [height = 1, width = 1, inner = 1, outer = 1] = memory;
  const matches = {
    convolution: layout === 'convolution' && same(shape, [outer, height, width, inner]),
    depthwise: layout === 'depthwise' && same(shape, [1, height, width, inner * outer]),
    dense: layout === 'dense' && same(shape, [...memory].reverse()),
  };
  if (!matches[kind]) return null;
  const values = tensor.read().data as Float32Array;
  if (kind === 'dense') return values;
  if (kind === 'depthwise') return toFile(values, memory, layout);
  return fromOutermost(values, [outer, height * width, inner]);
}

/** [out, kh * kw, in] -> [out, in, kh * kw] */
function fromOutermost(values: Float32Array, [outer, cells, inner]: readonly [number, number, number]): Float32Array {
  const result = new Float32Array(values.length);
  for (let o = 0; o < outer; o++) {
    for (let cell = 0; cell < cells; cell++) {
      for (let i = 0; i < inner; i++) {
        result[(o * inner + i) * cells + cell] = values[(o * cells + cell) * inner + i] as number;
      }
    }
  }
  return result;
}

/** The bias of the layer itself, or a norm that adds it. */
function addBehind(
  rest: readonly string[],
  layer: WeightedLayer,
  file: WeightsFile,
  tensors: Map<string, HostTensor>,
): void {
  if (layer.bias === null || !file.tensors.has(layer.bias)) return;
  const bias = floatsOf(file, layer.bias);
  const norm = foldedNorm(new Float32Array(bias.length).fill(1), bias);
  for (const name of rest) {
    const data = norm[name.slice(name.lastIndexOf('.') + 1) as keyof typeof norm];
    tensors.set(name, { dtype: 'F32', shape: [bias.length], data });
  }
}

/** A batch norm that multiplies and adds, by parameter. */
export function foldedNorm(scale: Float32Array, bias: Float32Array) {
  const filled = (value: number): Float32Array => new Float32Array(scale.length).fill(value);
  return { weight: scale, bias, running_mean: filled(0), running_var: filled(1 - EPSILON) } as const;
}

/** @throws WeightsError when there is no such tensor, or it holds other values */
export function floatsOf({ tensors }: WeightsFile, name: string): Float32Array {
  const data = tensors.get(name)?.read().data;
  if (data instanceof Float32Array) return data;
  throw new WeightsError(`'${name}' holds no float32 values`);
}

/** Parameters that nothing was found for although their layer was. */
function unset(
  module: Slots,
  tensors: HostTensors,
  missing: readonly string[],
  reshaped: LoadReport['reshaped'],
): readonly string[] {
  const named = new Set([...missing, ...reshaped.map(({ name }) => name)]);
  return [...module.parameters.keys()].filter((name) => !tensors.has(name) && !named.has(name));
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
