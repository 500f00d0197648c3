import { ConfigError } from '../../engine/errors.js';
import type { GraphArray } from '../../engine/graph/graph.js';
import { bytesField, floatField, int64Field, message, textField } from '../../weights/bytes/protobufWriter.js';
import { toFloat16 } from '../../weights/halves.js';

/** Element types of ONNX. @source ONNX 1.23, onnx/onnx.proto, TensorProto.DataType */
export const TYPES = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10 } as const;
export type OnnxType = keyof typeof TYPES;

/** A number is an INT unless `float` says so. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: { readonly [name: string]: OnnxAttribute };
}

export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
  readonly values: GraphArray | readonly number[];
}

export interface OnnxPort {
  readonly name: string;
  readonly type: OnnxType;
  /** Names stand for sizes that are not known; null: nothing is said of them. */
  readonly shape: readonly (number | string)[] | null;
}

export interface OnnxModel {
  readonly nodes: readonly OnnxNode[];
  readonly tensors: readonly OnnxTensor[];
  readonly inputs: readonly OnnxPort[];
  readonly outputs: readonly OnnxPort[];
  /** Text by key, in the file's `metadata_props`. */
  readonly metadata: { readonly [key: string]: string };
}

/** Operator set that is written; 13 to 20 have the operators that are used alike. */
const OPSET = 17;
const IR_VERSION = 8;
/** The largest float16: what is larger stays finite. */
const MAX_FLOAT16 = 65504;
/** What one protocol buffer message can hold. */
const MAX_BYTES = 2 ** 31 - 1;

/** Field numbers of onnx.proto. */
const MODEL = { irVersion: 1, producer: 2, producerVersion: 3, graph: 7, opset: 8, metadata: 14 } as const;
const GRAPH = { node: 1, name: 2, initializer: 5, input: 11, output: 12 } as const;
const NODE = { input: 1, output: 2, name: 3, operator: 4, attribute: 5 } as const;
const ATTRIBUTE = { name: 1, float: 2, integer: 3, text: 4, integers: 8, type: 20 } as const;
const ATTRIBUTE_TYPES = { float: 1, integer: 2, text: 3, integers: 7 } as const;
const TENSOR = { dims: 1, type: 2, name: 8, raw: 9 } as const;

/**
 * A network as the bytes of an ONNX file: opset 17, IR version 8.
 *
 * @param version of this library
 * @throws ConfigError when the file would be too large for its format
 */
export function writeOnnx({ nodes, tensors, inputs, outputs, metadata }: OnnxModel, version: string): Uint8Array {
  const total = tensors.reduce((sum, { shape, type }) => sum + shape.reduce((a, b) => a * b, WIDTHS[type]), 0);
  if (total > MAX_BYTES - 2 ** 24) {
    throw new ConfigError(
      `the weights take ${total} bytes, an ONNX file holds ${MAX_BYTES}: export with --precision f16`,
    );
  }
  const graph = message([
    ...nodes.map((node, i) => bytesField(GRAPH.node, nodeBytes(node, i))),
    textField(GRAPH.name, 'espalier'),
    ...tensors.map((tensor) => bytesField(GRAPH.initializer, tensorBytes(tensor))),
    ...inputs.map((port) => bytesField(GRAPH.input, portBytes(port))),
    ...outputs.map((port) => bytesField(GRAPH.output, portBytes(port))),
  ]);
  return message([
    int64Field(MODEL.irVersion, IR_VERSION),
    textField(MODEL.producer, 'espalier'),
    textField(MODEL.producerVersion, version),
    bytesField(MODEL.graph, graph),
    bytesField(MODEL.opset, message([textField(1, ''), int64Field(2, OPSET)])),
    ...Object.entries(metadata).map(([key, value]) =>
      bytesField(MODEL.metadata, message([textField(1, key), textField(2, value)])),
    ),
  ]);
}

function nodeBytes({ operator, inputs, outputs, attributes }: OnnxNode, index: number): Uint8Array {
  return message([
    ...inputs.map((name) => textField(NODE.input, name)),
    ...outputs.map((name) => textField(NODE.output, name)),
    textField(NODE.name, `${operator}_${index}`),
    textField(NODE.operator, operator),
    ...Object.entries(attributes).map(([name, value]) => bytesField(NODE.attribute, attributeBytes(name, value))),
  ]);
}

function attributeBytes(name: string, value: OnnxAttribute): Uint8Array {
  const named = textField(ATTRIBUTE.name, name);
  const typed = (type: number, ...fields: readonly Uint8Array[]): Uint8Array =>
    message([named, ...fields, int64Field(ATTRIBUTE.type, type)]);
  if (typeof value === 'number') return typed(ATTRIBUTE_TYPES.integer, int64Field(ATTRIBUTE.integer, value));
  if (typeof value === 'string') return typed(ATTRIBUTE_TYPES.text, textField(ATTRIBUTE.text, value));
  if ('float' in value) return typed(ATTRIBUTE_TYPES.float, floatField(ATTRIBUTE.float, value.float));
  return typed(ATTRIBUTE_TYPES.integers, ...value.map((each) => int64Field(ATTRIBUTE.integers, each)));
}

/** Bytes of one element. */
const WIDTHS: { readonly [Type in OnnxType]: number } = {
  float32: 4,
  uint8: 1,
  int8: 1,
  int32: 4,
  int64: 8,
  bool: 1,
  float16: 2,
};

function tensorBytes({ name, type, shape, values }: OnnxTensor): Uint8Array {
  return message([
    ...shape.map((side) => int64Field(TENSOR.dims, side)),
    int64Field(TENSOR.type, TYPES[type]),
    textField(TENSOR.name, name),
    bytesField(TENSOR.raw, rawBytes(type, values)),
  ]);
}

/** The values as the format stores them; typed arrays lie in memory so already: hosts that run JavaScript are little-endian. */
function rawBytes(type: OnnxType, values: OnnxTensor['values']): Uint8Array {
  const own = {
    float32: () => Float32Array.from(values),
    float16: () => Uint16Array.from(values, (value) => toFloat16(Math.min(Math.max(value, -MAX_FLOAT16), MAX_FLOAT16))),
    int32: () => Int32Array.from(values),
    int64: () => BigInt64Array.from(values, (value) => BigInt(value)),
    uint8: () => Uint8Array.from(values),
    int8: () => Int8Array.from(values),
    bool: () => Uint8Array.from(values, (value) => (value ? 1 : 0)),
  }[type];
  const isStored = type === 'float32' && values instanceof Float32Array;
  const { buffer, byteOffset, byteLength } = isStored ? values : own();
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/** ValueInfoProto: a tensor's name, element type and shape. */
function portBytes({ name, type, shape }: OnnxPort): Uint8Array {
  const dims = shape?.map((side) => bytesField(1, typeof side === 'number' ? int64Field(1, side) : textField(2, side)));
  const tensor = message([int64Field(1, TYPES[type]), ...(dims ? [bytesField(2, message(dims))] : [])]);
  return message([textField(1, name), bytesField(2, bytesField(1, tensor))]);
}
