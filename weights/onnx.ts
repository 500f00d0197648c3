import { WeightsError } from '../engine/errors.js';
import { type ByteSource, memorySource, windowSource } from './bytes/byteSource.js';
import { type Field, fieldText, packedVarints, readFields } from './bytes/protobuf.js';
import { type ElementName, elementType } from './elements.js';
import type { HostMemory } from './hostMemory.js';
import { sizeOf } from './hostTensor.js';
import { layersOf, type OnnxNode, readNode } from './onnxLayers.js';
import type { LazyTensor, WeightsFile } from './weightsFile.js';

/** Field numbers of onnx.proto. */
const MODEL = { version: 1, producer: 2, producerVersion: 3, graph: 7, metadata: 14 } as const;
const GRAPH = { node: 1, initializer: 5 } as const;
const TENSOR = {
  dims: 1,
  type: 2,
  int32: 5,
  int64: 7,
  name: 8,
  raw: 9,
  uint64: 11,
  external: 13,
  location: 14,
} as const;
/** Lists whose packed bytes are the values themselves: float_data, double_data. */
const PLAIN_LISTS = [4, 10];
const TYPES: Readonly<Record<number, ElementName>> = {
  1: 'F32',
  2: 'U8',
  3: 'I8',
  4: 'U16',
  5: 'I16',
  6: 'I32',
  7: 'I64',
  9: 'BOOL',
  10: 'F16',
  11: 'F64',
  12: 'U32',
  13: 'U64',
  16: 'BF16',
};
const EXTERNAL = 1n;
const MAX_RANK = 8;
const MAX_TENSORS = 100_000;
const MAX_NODES = 200_000;
const MAX_TEXT_BYTES = 4 * 1024 * 1024;

/**
 * Opens the initialisers of an ONNX model: raw, as lists of numbers, or in a file beside it that does not leave the folder;
 * and the order of the layers that they are the weights of. Hand-written, as it reads names and shapes first and values of
 * gigabytes when asked for.
 *
 * @throws WeightsError when the file is damaged, or an initialiser has a type without numbers
 * @source ONNX 1.23, onnx/onnx.proto
 */
export function openOnnx(source: ByteSource): WeightsFile {
  const tensors = new Map<string, LazyTensor>();
  const nodes: OnnxNode[] = [];
  const metadata: Record<string, string> = {};
  for (const field of readFields(source)) {
    if (field.kind !== 'bytes') continue;
    if (field.number === MODEL.producer) metadata.producer = shortText(field.value);
    if (field.number === MODEL.producerVersion) metadata.producer_version = shortText(field.value);
    if (field.number === MODEL.metadata) {
      const [key, value] = pair(field.value);
      metadata[key] = value;
    }
    if (field.number === MODEL.graph) readGraph(field.value, tensors, nodes);
  }
  if (tensors.size === 0) throw new WeightsError(`${source.name} has no ONNX initialisers: not a model with weights`);
  return { format: 'onnx', tensors, metadata, layers: layersOf(nodes, tensors) };
}

function readGraph(graph: ByteSource, tensors: Map<string, LazyTensor>, nodes: OnnxNode[]): void {
  for (const field of readFields(graph)) {
    if (field.kind !== 'bytes') continue;
    if (field.number === GRAPH.node) {
      nodes.push(readNode(field.value));
      if (nodes.length > MAX_NODES) throw new WeightsError(`${graph.name} has more than ${MAX_NODES} operations`);
    }
    if (field.number !== GRAPH.initializer) continue;
    const [name, tensor] = lazyInitialiser(graph, field.value);
    if (tensors.has(name)) throw new WeightsError(`${graph.name} has two initialisers called '${name}'`);
    tensors.set(name, tensor);
    if (tensors.size > MAX_TENSORS) throw new WeightsError(`${graph.name} has more than ${MAX_TENSORS} initialisers`);
  }
}

interface Parts {
  name: string;
  type: number;
  readonly dims: number[];
  /** Bytes of the values, little-endian. */
  raw: ByteSource | null;
  /** Values as whole numbers, which for 16-bit floats are their bits. */
  readonly numbers: (bigint | ByteSource)[];
  readonly external: Map<string, string>;
  isExternal: boolean;
}

function lazyInitialiser(graph: ByteSource, source: ByteSource): readonly [string, LazyTensor] {
  const parts: Parts = { name: '', type: 0, dims: [], raw: null, numbers: [], external: new Map(), isExternal: false };
  for (const field of readFields(source)) readPart(field, parts);
  const { name, dims, type } = parts;
  const element = TYPES[type];
  if (!element) throw new WeightsError(`'${name}' has ONNX element type ${type}, which holds no numbers: refused`);
  const { width, dtype } = elementType(element);
  const count = sizeOf(dims);
  const values = (): ByteSource =>
    parts.isExternal ? externalBytes(graph, parts) : (parts.raw ?? memorySource(listed(parts, count, width)));
  const held = parts.isExternal ? null : (parts.raw?.size ?? null);
  if (held !== null && held !== count * width)
    throw new WeightsError(`'${name}' [${dims}] needs ${count * width} bytes, the file gives it ${held}`);
  if (held === null && !parts.isExternal && count > source.size)
    throw new WeightsError(`'${name}' [${dims}] has fewer values than its shape`);
  const read = (memory?: HostMemory) => {
    const bytes = values();
    if (bytes.size !== count * width)
      throw new WeightsError(`'${name}' [${dims}] needs ${count * width} bytes, the file gives it ${bytes.size}`);
    return { dtype, shape: dims, data: elementType(element).read(bytes, 0, count, memory) };
  };
  return [name, { dtype, shape: dims, read }];
}

function readPart(field: Field, parts: Parts): void {
  const { number } = field;
  if (field.kind !== 'bytes') {
    if (number === TENSOR.dims) addSize(parts, field.value);
    if (number === TENSOR.type) parts.type = Number(field.value);
    if (number === TENSOR.location) parts.isExternal = field.value === EXTERNAL;
    if (number === TENSOR.int32 || number === TENSOR.int64 || number === TENSOR.uint64) parts.numbers.push(field.value);
    return;
  }
  if (number === TENSOR.dims) for (const size of packedVarints(field.value)) addSize(parts, size);
  if (number === TENSOR.name) parts.name = shortText(field.value);
  if (number === TENSOR.raw || PLAIN_LISTS.includes(number)) parts.raw = field.value;
  if (number === TENSOR.int32 || number === TENSOR.int64 || number === TENSOR.uint64) parts.numbers.push(field.value);
  if (number === TENSOR.external) parts.external.set(...pair(field.value));
}

function addSize({ dims }: Parts, size: bigint): void {
  if (dims.length >= MAX_RANK || size > BigInt(Number.MAX_SAFE_INTEGER))
    throw new WeightsError(`an ONNX initialiser has more than ${MAX_RANK} axes or an axis of ${size}: refused`);
  dims.push(Number(size));
}

/** Whole numbers -> their lowest `width` bytes, of `count` values at most. */
function listed({ name, numbers }: Parts, count: number, width: number): Uint8Array {
  const bytes = new Uint8Array(count * width);
  let position = 0;
  const add = (value: bigint): void => {
    if (position === bytes.length) throw new WeightsError(`'${name}' has more than ${count} values`);
    for (let i = 0; i < width; i++) bytes[position++] = Number((value >> BigInt(8 * i)) & 255n);
  };
  for (const entry of numbers) {
    if (typeof entry === 'bigint') add(entry);
    else for (const value of packedVarints(entry)) add(value);
  }
  return bytes.subarray(0, position);
}

/** The place of another file: `location`, and `offset` and `length` where it is not all of it. */
function externalBytes(graph: ByteSource, { name, external }: Parts): ByteSource {
  const file = graph.sibling(external.get('location') ?? '');
  const offset = Number(external.get('offset') ?? 0);
  const length = Number(external.get('length') ?? file.size - offset);
  return windowSource(file, offset, length, name);
}

function pair(source: ByteSource): [string, string] {
  const texts: [string, string] = ['', ''];
  for (const field of readFields(source)) {
    if (field.kind === 'bytes' && (field.number === 1 || field.number === 2))
      texts[field.number - 1] = shortText(field.value);
  }
  return texts;
}

function shortText(source: ByteSource): string {
  if (source.size > MAX_TEXT_BYTES) throw new WeightsError(`a text of ${source.size} bytes in an ONNX file: refused`);
  return fieldText(source);
}
