import { WeightsError } from '../../engine/errors.js';
import type { HostTensor, HostTensors } from '../../weights/hostTensor.js';
import type { LazyTensor, WeightedLayer, WeightsFile } from '../../weights/weightsFile.js';
import { fileShape, toFile } from '../layout.js';
import { fitsParameter, placedTensor } from '../placement.js';
import type { ParameterSlot, Slots } from '../slot.js';
import type { LoadReport } from '../stateDict.js';
import type { Match } from './match.js';

/** A layer of the network: its weights, and the norm or the bias behind them. */
interface TargetLayer {
  readonly name: string;
  readonly path: string;
  readonly parameter: ParameterSlot;
  /** Names of what follows up to the next weights. */
  readonly rest: readonly string[];
}

/**
 * The layers of a graph in the network's own order: convolutions, depthwise ones and dense layers follow each other in the
 * same way, whatever the tensors are called. Tensors that kept their names are taken by them, and layers that say which
 * module they were exported from by its path. A batch norm that was folded into its convolution becomes one of scale 1 that
 * adds the bias.
 *
 * @param match what is found by names
 * @returns     shapes in PyTorch's layout
 */
export function foldedLayers(
  file: WeightsFile,
  module: Slots,
  match: Match,
): { readonly tensors: HostTensors } & Omit<LoadReport, 'loaded'> {
  const targets = targetLayers(module);
  const layerOf = layersFor(targets, file, match);
  const tensors = new Map<string, HostTensor>();
  const missing: string[] = [];
  const reshaped: LoadReport['reshaped'][number][] = [];
  const used = new Set<WeightedLayer>();
  const take = (name: string): boolean => {
    const [tensor, parameter] = [match.found.get(name), module.parameters.get(name)];
    if (!tensor || !parameter || !fitsParameter(tensor.shape, parameter, match.scheme.order)) return false;
    tensors.set(name, placedTensor(tensor, parameter, match.scheme.order));
    return true;
  };
  for (const target of targets) {
    const { name, parameter, rest } = target;
    const layer = layerOf.get(target);
    const weight = match.found.get(name) ?? (layer && file.tensors.get(layer.weight));
    const expected = fileShape(parameter.variable.shape, parameter.layout);
    if (layer) used.add(layer);
    const values = weight && layer && !match.found.has(name) ? inFileOrder(weight, layer, parameter) : null;
    if (values) tensors.set(name, { dtype: 'F32', shape: expected, data: values });
    const isTaken = values !== null || take(name);
    if (!weight) missing.push(name);
    else if (!isTaken) reshaped.push({ name, file: weight.shape, module: expected });
    const left = rest.filter((each) => !take(each));
    if (!isTaken) missing.push(...left);
    else if (layer) addBehind(target, left, { layer, file, module }, tensors);
  }
  const named = new Set([...missing, ...reshaped.map(({ name }) => name)]);
  const unset = [...module.parameters.keys()].filter((name) => !tensors.has(name) && !named.has(name) && !take(name));
  const unused = (file.layers ?? []).filter((layer) => !used.has(layer)).map(({ weight }) => weight);
  return { tensors, missing: [...missing, ...unset], unexpected: [...new Set(unused)], reshaped };
}

function targetLayers(module: Slots): readonly TargetLayer[] {
  const layers: { name: string; path: string; parameter: ParameterSlot; rest: string[] }[] = [];
  for (const [name, parameter] of module.parameters) {
    if (parameter.role === 'weight') layers.push({ name, path: parentOf(name), parameter, rest: [] });
    else layers.at(-1)?.rest.push(name);
  }
  return layers;
}

const parentOf = (name: string): string => name.slice(0, name.lastIndexOf('.'));

/** Which layer of the graph each of the network's is: by the weight's name, by the path it was exported from, else in turn. */
function layersFor(
  targets: readonly TargetLayer[],
  { tensors, layers = [] }: WeightsFile,
  { found, prefix }: Match,
): ReadonlyMap<TargetLayer, WeightedLayer> {
  const byWeight = new Map<LazyTensor | undefined, WeightedLayer>();
  for (const layer of layers) byWeight.set(tensors.get(layer.weight), layer);
  const byPath = new Map(layers.flatMap((layer) => (layer.path === null ? [] : [[layer.path, layer] as const])));
  const unnamed = targets.filter(({ name }) => !found.has(name));
  const havePaths = unnamed.every(({ path }) => byPath.has(prefix + path));
  const named = new Set(targets.map(({ name }) => found.get(name)));
  const inTurn = layers.filter(({ weight }) => !named.has(tensors.get(weight)))[Symbol.iterator]();
  return new Map(
    targets.flatMap((target) => {
      const isNamed = found.has(target.name);
      const layer = isNamed
        ? byWeight.get(found.get(target.name))
        : havePaths
          ? byPath.get(prefix + target.path)
          : inTurn.next().value;
      return layer ? [[target, layer] as const] : [];
    }),
  );
}

/** Values in PyTorch's order, or null when kind or shape are another layer's. */
export function inFileOrder(
  tensor: LazyTensor,
  { kind, axes }: WeightedLayer,
  parameter: ParameterSlot,
): Float32Array | null {
  const { variable, layout } = parameter;
  const { shape } = tensor;
  const memory = variable.shape;
  if (axes !== 'tflite') {
    const order = axes === 'pytorch' ? 'file' : 'memory';
    return fitsParameter(shape, parameter, order)
      ? (placedTensor(tensor, parameter, order).data as Float32Array)
      : null;
  }
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

interface Origin {
  readonly layer: WeightedLayer;
  readonly file: WeightsFile;
  readonly module: Slots;
}

/** The bias of the layer goes into the norm that was folded into it, else into the layer's own; the other one adds nothing. */
function addBehind(
  { path }: TargetLayer,
  left: readonly string[],
  { layer, file, module }: Origin,
  tensors: Map<string, HostTensor>,
): void {
  if (layer.bias === null || !file.tensors.has(layer.bias)) return;
  const bias = floatsOf(file, layer.bias);
  const own = `${path}.bias`;
  const norm = left.map(parentOf).find((parent) => parent !== path && epsilonOf(module, parent) !== undefined);
  const set = (name: string, data: Float32Array): void => {
    tensors.set(name, { dtype: 'F32', shape: [bias.length], data });
  };
  if (left.includes(own)) set(own, norm === undefined ? bias : new Float32Array(bias.length));
  if (norm === undefined) return;
  const parts = foldedNorm(new Float32Array(bias.length).fill(1), bias, epsilonOf(module, norm) ?? 0);
  for (const [part, data] of Object.entries(parts)) if (left.includes(`${norm}.${part}`)) set(`${norm}.${part}`, data);
}

/** What a batch norm of the network adds to its variance; undefined: it is none. */
export function epsilonOf({ parameters }: Slots, norm: string): number | undefined {
  return parameters.get(`${norm}.running_var`)?.epsilon;
}

/** A batch norm that multiplies and adds, by parameter. */
export function foldedNorm(scale: Float32Array, bias: Float32Array, epsilon: number) {
  const filled = (value: number): Float32Array => new Float32Array(scale.length).fill(value);
  return { weight: scale, bias, running_mean: filled(0), running_var: filled(1 - epsilon) } as const;
}

/** @throws WeightsError when there is no such tensor, or it holds other values */
export function floatsOf({ tensors }: WeightsFile, name: string): Float32Array {
  const data = tensors.get(name)?.read().data;
  if (data instanceof Float32Array) return data;
  throw new WeightsError(`'${name}' holds no float32 values`);
}

function same(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
