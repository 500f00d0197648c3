import { valueAt } from '../../engine/checked.js';
import type { HostTensor, HostTensors } from '../../weights/hostTensor.js';
import type { WeightedLayer, WeightsFile } from '../../weights/weightsFile.js';
import { fileShape } from '../layout.js';
import type { ParameterSlot, Slots } from '../slot.js';
import type { LoadReport } from '../stateDict.js';
import { efficientDetLayers, plainPath } from './efficientDet.js';
import { epsilonOf, floatsOf, foldedNorm, inFileOrder } from './folded.js';

/** A convolution of the network, and the norms behind it: none, one, or one for each level that shares it. */
interface TargetConvolution {
  readonly layer: string;
  readonly path: string;
  readonly parameter: ParameterSlot;
  readonly norms: readonly { readonly layer: string; readonly path: string }[];
}

/** Whether a network is a detector, whose layers a TFLite graph holds in no fixed order. */
export const isDetector = ({ parameters }: Slots): boolean => parameters.has('class_net.predict.conv_pw.weight');

/**
 * The layers of a TFLite EfficientDet by the names of the graph's operations (google/automl's). Heads share convolutions
 * between levels, but each level's norm was folded into a copy of its own: the longest filter of all copies is kept, and
 * each level's norm scales it.
 *
 * @returns shapes in PyTorch's layout
 */
export function foldedDetector(
  file: WeightsFile,
  module: Slots,
): { readonly tensors: HostTensors } & Omit<LoadReport, 'loaded'> {
  const used = new Set<WeightedLayer>();
  const tensors = new Map<string, HostTensor>();
  const reshaped: LoadReport['reshaped'][number][] = [];
  const operations = namedOperations(file.layers ?? []);
  const find = (target: TargetConvolution, norm?: string): WeightedLayer | undefined =>
    operations.find(
      ({ layer, pieces }) =>
        (layer.kind === 'depthwise') === (target.parameter.layout === 'depthwise') &&
        isAmong(target.path, pieces) &&
        (norm === undefined || isAmong(norm, pieces)),
    )?.layer;
  for (const target of convolutions(module)) {
    const { layer, parameter, norms } = target;
    const copies = norms.length > 1 ? norms.map(({ path }) => find(target, path)) : [find(target)];
    const expected = fileShape(parameter.variable.shape, parameter.layout);
    const filters = copies.map((copy) => {
      const weight = copy && file.tensors.get(copy.weight);
      return weight ? { shape: weight.shape, values: inFileOrder(weight, copy, parameter) } : null;
    });
    const other = filters.find((found) => found?.values === null);
    if (other) reshaped.push({ name: `${layer}.weight`, file: other.shape, module: expected });
    const values = filters.flatMap((found) => found?.values ?? []);
    if (values.length < copies.length) continue;
    for (const { layer: operation } of operations.filter(({ pieces }) => isAmong(target.path, pieces)))
      used.add(operation);
    const [filter, scales] = sharedFilter(values, expected[0] ?? 1);
    tensors.set(`${layer}.weight`, { dtype: 'F32', shape: expected, data: filter });
    const biases = copies.map((copy) => (copy?.bias == null ? null : floatsOf(file, copy.bias)));
    addBehind(target, module, { biases, scales }, tensors);
  }
  const shaped = new Set(reshaped.map(({ name }) => name));
  const missing = [...module.parameters.keys()].filter((name) => !tensors.has(name) && !shaped.has(name));
  const unexpected = [...new Set((file.layers ?? []).filter((layer) => !used.has(layer)).map(({ weight }) => weight))];
  return { tensors, missing, unexpected, reshaped };
}

interface NamedOperation {
  readonly layer: WeightedLayer;
  /** Names that it was fused of: MLIR joins them with semicolons. */
  readonly pieces: readonly string[];
}

/** The second half of a separable convolution has the names of the first, too: the graph's outputs lose their own. */
function namedOperations(layers: readonly WeightedLayer[]): readonly NamedOperation[] {
  const spread = new Map(layers.filter(({ kind }) => kind === 'depthwise').map((layer) => [layer.output, layer]));
  return layers.map((layer) => {
    const first = layer.kind === 'convolution' ? spread.get(layer.input) : undefined;
    return { layer, pieces: [...piecesOf(layer), ...(first ? piecesOf(first) : [])] };
  });
}

function piecesOf({ weight, output }: WeightedLayer): readonly string[] {
  return `${output};${weight}`.split(';').map(plainPath);
}

const isAmong = (path: string, pieces: readonly string[]): boolean =>
  pieces.some((piece) => piece === path || piece.startsWith(`${path}/`));

function convolutions(module: Slots): readonly TargetConvolution[] {
  const paths = efficientDetLayers(module.parameters.keys());
  const found: (TargetConvolution & { norms: { layer: string; path: string }[] })[] = [];
  for (const [name, parameter] of module.parameters) {
    const layer = name.slice(0, name.lastIndexOf('.'));
    const path = paths.get(layer);
    if (path === undefined || !/\.(weight|running_mean)$/.test(name)) continue;
    if (parameter.role === 'weight') found.push({ layer, path, parameter, norms: [] });
    else if (name.endsWith('.running_mean')) found.at(-1)?.norms.push({ layer, path });
  }
  return found;
}

/** [copies of out * rest] -> of each filter the longest copy, and every copy's factor by filter. */
function sharedFilter(
  copies: readonly Float32Array[],
  outputs: number,
): readonly [Float32Array, readonly Float32Array[]] {
  const [first = new Float32Array(0)] = copies;
  const size = first.length / outputs;
  const shared = first.slice();
  const scales = copies.map(() => new Float32Array(outputs).fill(1));
  if (copies.length === 1) return [shared, scales];
  const product = (a: Float32Array, b: Float32Array, filter: number): number => {
    let sum = 0;
    for (let i = filter * size; i < (filter + 1) * size; i++) sum += valueAt(a, i) * valueAt(b, i);
    return sum;
  };
  for (let filter = 0; filter < outputs; filter++) {
    const lengths = copies.map((copy) => product(copy, copy, filter));
    const longest = lengths.indexOf(Math.max(...lengths));
    const reference = valueAt(copies, longest);
    const length = valueAt(lengths, longest);
    shared.set(reference.subarray(filter * size, (filter + 1) * size), filter * size);
    copies.forEach((copy, i) => {
      if (length > 0) (scales[i] as Float32Array)[filter] = product(copy, reference, filter) / length;
    });
  }
  return [shared, scales];
}

/** Biases of the convolution itself where no norm follows, else norms that scale and add. */
function addBehind(
  { layer, norms }: TargetConvolution,
  module: Slots,
  { biases, scales }: { readonly biases: readonly (Float32Array | null)[]; readonly scales: readonly Float32Array[] },
  tensors: Map<string, HostTensor>,
): void {
  const { parameters } = module;
  const own = parameters.get(`${layer}.bias`);
  if (own) {
    const data = (norms.length === 0 ? biases[0] : null) ?? new Float32Array(own.variable.shape[0] ?? 0);
    tensors.set(`${layer}.bias`, { dtype: 'F32', shape: own.variable.shape, data });
  }
  norms.forEach(({ layer: norm }, i) => {
    const scale = valueAt(scales, i);
    const parts = foldedNorm(scale, biases[i] ?? new Float32Array(scale.length), epsilonOf(module, norm) ?? 0);
    for (const [part, data] of Object.entries(parts)) {
      if (parameters.has(`${norm}.${part}`))
        tensors.set(`${norm}.${part}`, { dtype: 'F32', shape: [scale.length], data });
    }
  });
}
