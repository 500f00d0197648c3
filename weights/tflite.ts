import { WeightsError } from '../engine/errors.js';
import { type ByteSource, windowSource } from './bytes/byteSource.js';
import { rootTable, type Table } from './bytes/flatbuffer.js';
import { dequantise, type Quantisation } from './dequantise.js';
import { type ElementName, elementType } from './elements.js';
import type { HostMemory } from './hostMemory.js';
import { type HostTensor, sizeOf } from './hostTensor.js';
import type { LazyTensor, WeightedLayer, WeightsFile } from './weightsFile.js';

/** Field numbers of the TensorFlow Lite schema. */
const MODEL = { codes: 1, subgraphs: 2, description: 3, buffers: 4 } as const;
const GRAPH = { tensors: 0, operators: 3 } as const;
const TENSOR = { shape: 0, type: 1, buffer: 2, name: 3, quantisation: 4, sparsity: 6 } as const;
const QUANTISATION = { scale: 2, zeroPoint: 3, axis: 6 } as const;
const BUFFER = { data: 0, offset: 1, size: 2 } as const;
const OPERATOR = { code: 0, inputs: 1, outputs: 2 } as const;
const CODE = { old: 0, builtin: 3 } as const;

/** TensorType -> element type; those left out hold no weights. */
const TYPES: Readonly<Record<number, ElementName>> = {
  0: 'F32',
  1: 'F16',
  2: 'I32',
  3: 'U8',
  4: 'I64',
  6: 'BOOL',
  7: 'I16',
  9: 'I8',
  10: 'F64',
  12: 'U64',
  15: 'U32',
  16: 'U16',
};
/** BuiltinOperator -> layer. */
const LAYERS: Readonly<Record<number, WeightedLayer['kind']>> = { 3: 'convolution', 4: 'depthwise', 9: 'dense' };
const MAX_RANK = 8;
/** Tensors may share buffers; together they may not hold more than this many values for a byte of the file. */
const MAX_EXPANSION = 4;

export function isTflite(source: ByteSource): boolean {
  return source.size >= 8 && String.fromCharCode(...source.view(4, 4)) === 'TFL3';
}

/**
 * Opens the constants of a TensorFlow Lite model; what is quantised becomes float32, per tensor or per channel.
 * Layouts are TFLite's: convolutions [out, kh, kw, in], depthwise ones [1, kh, kw, channels], dense [out, in].
 * `layers` lists the convolutions and dense layers in the order of computing.
 *
 * @throws WeightsError when the file is damaged
 * @source tensorflow/compiler/mlir/lite/schema/schema.fbs, version 3
 */
export function openTflite(source: ByteSource): WeightsFile {
  if (!isTflite(source)) throw new WeightsError(`${source.name} is not a TensorFlow Lite model`);
  const model = rootTable(source);
  const buffers = model.tables(MODEL.buffers);
  const codes = model.tables(MODEL.codes).map((code) => Math.max(code.i8(CODE.old), code.i32(CODE.builtin)));
  const tensors = new Map<string, LazyTensor>();
  const layers: WeightedLayer[] = [];
  const names = new Map<string, number>();
  for (const graph of model.tables(MODEL.subgraphs)) {
    const described = graph.tables(GRAPH.tensors);
    const constants = described.map((tensor) => {
      const lazy = lazyConstant(source, tensor, buffers);
      if (lazy === null) return null;
      const name = freeName(names, tensor.text(TENSOR.name));
      tensors.set(name, lazy);
      return name;
    });
    const all = described.map((tensor) => tensor.text(TENSOR.name));
    layers.push(...layersOf(source, graph, codes, { constants, all }));
  }
  const values = [...tensors.values()].reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  if (values > MAX_EXPANSION * source.size)
    throw new WeightsError(`${source.name} claims ${values} values in ${source.size} bytes: refused`);
  return { format: 'tflite', tensors, metadata: { description: model.text(MODEL.description) }, layers };
}

/** TFLite does not need names, so they may be the same: a second one becomes `name#2`. */
function freeName(met: Map<string, number>, name: string): string {
  const count = (met.get(name) ?? 0) + 1;
  met.set(name, count);
  return count === 1 ? name : `${name}#${count}`;
}

/** null: computed, not stored. */
function lazyConstant(source: ByteSource, tensor: Table, buffers: readonly Table[]): LazyTensor | null {
  const bytes = constantBytes(source, buffers[tensor.u32(TENSOR.buffer)]);
  const stored = TYPES[tensor.i8(TENSOR.type)];
  if (bytes === null || bytes.size === 0 || !stored) return null;
  const name = tensor.text(TENSOR.name);
  const shape = sizesOf(source, tensor, name);
  const element = elementType(stored);
  const count = sizeOf(shape);
  if (tensor.table(TENSOR.sparsity)) throw new WeightsError(`'${name}' is stored sparsely, which is not read`);
  if (bytes.size !== count * element.width)
    throw new WeightsError(`'${name}' [${shape}] ${stored} has ${bytes.size} bytes, not ${count * element.width}`);
  const read = (memory?: HostMemory): HostTensor => ({
    dtype: element.dtype,
    shape,
    data: element.read(bytes, 0, count, memory),
  });
  const quantisation = quantisationOf(source, tensor, shape, name);
  if (!quantisation) return { dtype: element.dtype, shape, read };
  return { dtype: 'F32', shape, read: (memory) => dequantise(read(memory), quantisation()) };
}

function constantBytes(source: ByteSource, buffer: Table | undefined): ByteSource | null {
  const data = buffer?.vector(BUFFER.data, 1);
  if (data) return windowSource(source, data.start, data.count);
  const [offset, size] = [buffer?.size64(BUFFER.offset) ?? 0, buffer?.size64(BUFFER.size) ?? 0];
  return offset > 1 ? windowSource(source, offset, size) : null; // behind the flatbuffer, in models above 2 GB
}

function sizesOf(source: ByteSource, tensor: Table, name: string): readonly number[] {
  const vector = tensor.vector(TENSOR.shape, 4);
  if (!vector) return [];
  if (vector.count > MAX_RANK)
    throw new WeightsError(`'${name}' has ${vector.count} axes, at most ${MAX_RANK} are read`);
  const sizes = [...(elementType('I32').read(source, vector.start, vector.count) as Int32Array)];
  if (sizes.some((size) => size < 0)) throw new WeightsError(`'${name}' has shape [${sizes}]: the file is damaged`);
  return sizes;
}

function quantisationOf(
  source: ByteSource,
  tensor: Table,
  shape: readonly number[],
  name: string,
): (() => Quantisation) | null {
  const table = tensor.table(TENSOR.quantisation);
  const scales = table?.vector(QUANTISATION.scale, 4);
  if (!table || !scales || scales.count === 0) return null;
  const axis = scales.count === 1 ? 0 : table.i32(QUANTISATION.axis);
  const zeros = table.vector(QUANTISATION.zeroPoint, 8);
  if (scales.count > 1 && scales.count !== shape[axis])
    throw new WeightsError(`'${name}' [${shape}] has ${scales.count} scales along axis ${axis}: the file is damaged`);
  return () => {
    const scale = elementType('F32').read(source, scales.start, scales.count) as Float32Array;
    const zero = elementType('I64').read(source, zeros?.start ?? 0, Math.min(zeros?.count ?? 0, scales.count));
    return { scale, zero: Array.from(zero as BigInt64Array, Number), axis };
  };
}

function layersOf(
  source: ByteSource,
  graph: Table,
  codes: readonly number[],
  names: { readonly constants: readonly (string | null)[]; readonly all: readonly string[] },
): readonly WeightedLayer[] {
  return graph.tables(GRAPH.operators).flatMap((operator) => {
    const kind = LAYERS[codes[operator.u32(OPERATOR.code)] ?? -1];
    const inputs = operator.vector(OPERATOR.inputs, 4);
    const outputs = operator.vector(OPERATOR.outputs, 4);
    if (!kind || !inputs || inputs.count < 2) return [];
    const nameOf = <T>(list: typeof inputs | null, i: number, of: readonly T[]): T | null => {
      if (!list || i >= list.count) return null;
      const [index = -1] = elementType('I32').read(source, list.start + 4 * i, 1) as Int32Array;
      return of[index] ?? null;
    };
    const weight = nameOf(inputs, 1, names.constants);
    if (weight === null) return [];
    const [input, output] = [nameOf(inputs, 0, names.all) ?? '', nameOf(outputs, 0, names.all) ?? ''];
    const bias = nameOf(inputs, 2, names.constants);
    return [{ kind, weight, bias, axes: 'tflite', path: null, input, output }];
  });
}
