import { WeightsError } from '../engine/errors.js';
import type { ByteSource } from './bytes/byteSource.js';
import { fieldText, readFields } from './bytes/protobuf.js';
import type { LazyTensor, WeightedLayer } from './weightsFile.js';

/** Field numbers of onnx.proto. */
const NODE = { input: 1, output: 2, name: 3, operator: 4, attribute: 5 } as const;
const ATTRIBUTE = { name: 1, integer: 3 } as const;
const MAX_TEXT_BYTES = 4096;

/** One operation of a graph, as far as weights are concerned. */
export interface OnnxNode {
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly name: string;
  readonly operator: string;
  /** Whole numbers among its settings. */
  readonly attributes: ReadonlyMap<string, number>;
}

export function readNode(source: ByteSource): OnnxNode {
  const node = { inputs: [] as string[], outputs: [] as string[], name: '', operator: '' };
  const attributes = new Map<string, number>();
  for (const field of readFields(source)) {
    if (field.kind !== 'bytes') continue;
    if (field.number === NODE.input) node.inputs.push(text(field.value));
    if (field.number === NODE.output) node.outputs.push(text(field.value));
    if (field.number === NODE.name) node.name = text(field.value);
    if (field.number === NODE.operator) node.operator = text(field.value);
    if (field.number === NODE.attribute) attributes.set(...readAttribute(field.value));
  }
  return { ...node, attributes };
}

function readAttribute(source: ByteSource): [string, number] {
  let [name, value] = ['', 0];
  for (const field of readFields(source)) {
    if (field.number === ATTRIBUTE.name && field.kind === 'bytes') name = text(field.value);
    if (field.number === ATTRIBUTE.integer && field.kind === 'varint') value = Number(field.value);
  }
  return [name, value];
}

function text(source: ByteSource): string {
  if (source.size > MAX_TEXT_BYTES) throw new WeightsError(`an ONNX name has ${source.size} bytes: refused`);
  return fieldText(source);
}

/**
 * The convolutions and dense layers of a graph that have initialisers for weights, in the order of computing. Initialisers
 * that are the same are stored once and named again by `Identity`; the bias of a product of matrices is added behind it.
 */
export function layersOf(
  nodes: readonly OnnxNode[],
  tensors: ReadonlyMap<string, LazyTensor>,
): readonly WeightedLayer[] {
  const aliases = new Map<string, string>();
  const stored = (name: string | undefined): string | null => {
    const own = aliases.get(name ?? '') ?? name ?? '';
    return tensors.has(own) ? own : null;
  };
  const layers = new Map<string, WeightedLayer>(); // by output
  for (const node of nodes) {
    const { operator, inputs, outputs, name } = node;
    const [first = '', second] = inputs;
    const [output = ''] = outputs;
    const source = stored(first);
    if (operator === 'Identity' && source !== null) aliases.set(output, source);
    if (operator === 'Add') addBias(layers, inputs, output, stored);
    const weight = stored(second);
    const axes = axesOf(node);
    if (axes === null || weight === null || (tensors.get(weight)?.shape.length ?? 0) < 2) continue;
    const kind =
      operator === 'Conv' ? ((node.attributes.get('group') ?? 1) > 1 ? 'depthwise' : 'convolution') : 'dense';
    layers.set(output, { kind, weight, bias: stored(inputs[2]), axes, path: modulePath(name), input: first, output });
  }
  return [...layers.values()];
}

function axesOf({ operator, attributes }: OnnxNode): WeightedLayer['axes'] | null {
  if (operator === 'Conv') return 'pytorch';
  if (operator === 'MatMul') return 'product';
  if (operator === 'Gemm') return attributes.get('transB') === 1 ? 'pytorch' : 'product';
  return null;
}

/** `MatMul` and the `Add` behind it are one layer. */
function addBias(
  layers: Map<string, WeightedLayer>,
  inputs: readonly string[],
  output: string,
  stored: (name: string | undefined) => string | null,
): void {
  const [a = '', b = ''] = inputs;
  for (const [product, other] of [
    [a, b],
    [b, a],
  ] as const) {
    const layer = layers.get(product);
    const bias = stored(other);
    if (layer?.axes === 'product' && layer.bias === null && bias !== null)
      layers.set(product, { ...layer, bias, output });
  }
}

/**
 * Path of the module that torch.onnx exported a node from: `/blocks/blocks.0/blocks.0.0/conv_dw/Conv` is
 * `blocks.0.0.conv_dw`; null: the name has none.
 */
export function modulePath(name: string): string | null {
  const scopes = name.split('/').slice(1, -1);
  if (scopes.length === 0) return null;
  const parts: string[] = [];
  let container = '';
  for (const scope of scopes) {
    if (container !== '' && scope.startsWith(`${container}.`)) parts.pop(); // a member of a list names the list again
    parts.push(scope);
    container = scope;
  }
  return parts.join('.');
}
