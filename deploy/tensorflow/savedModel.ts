import { ConfigError } from '../../engine/errors.js';
import { bytesField, floatField, int64Field, message, textField } from '../../weights/bytes/protobufWriter.js';
import { DESCRIPTION_KEY, type Description } from '../description.js';
import type { ExportedFile } from '../formats.js';
import type { Attribute, GraphDef, NodeDef, TensorFlowPort } from './graphDef.js';
import { constantBytes, PRODUCER } from './graphModel.js';

/** Numbers of tensorflow/core/framework/types.proto. */
const TYPES = { DT_FLOAT: 1, DT_INT32: 3, DT_BOOL: 10, DT_HALF: 19 } as const;
type TypeName = keyof typeof TYPES;

/** Field numbers. @source tensorflow 2.21: core/protobuf/{saved_model,meta_graph}.proto, core/framework/{graph,node_def,attr_value,tensor,tensor_shape}.proto */
const SAVED_MODEL = { schemaVersion: 1, metaGraphs: 2 } as const;
const META_GRAPH = { info: 1, graph: 2, signatures: 5 } as const;
const INFO = { tags: 4, tensorflowVersion: 5 } as const;
const GRAPH = { node: 1, versions: 4 } as const;
const NODE = { name: 1, op: 2, input: 3, attr: 5 } as const;
const ATTR = { list: 1, text: 2, integer: 3, float: 4, flag: 5, type: 6, shape: 7, tensor: 8 } as const;
const TENSOR = { type: 1, shape: 2, content: 4 } as const;
const SIGNATURE = { inputs: 1, outputs: 2, method: 3 } as const;
const INFO_OF_TENSOR = { name: 1, type: 2, shape: 3 } as const;

/** What one protocol buffer message can hold. */
const MAX_BYTES = 2 ** 31 - 1;
/** The tag and the signature that TensorFlow's loaders look for. */
const [TAG, SIGNATURE_NAME, METHOD] = ['serve', 'serving_default', 'tensorflow/serving/predict'];
/** Folder of the description's file: TensorFlow leaves it to others. */
const EXTRA = 'assets.extra';

/**
 * A network as a TensorFlow SavedModel of one file, `saved_model.pb`, whose weights are constants: no variables, no Python. Float16 weights are
 * cast when it is loaded.
 *
 * @throws ConfigError when it would be too large for its format
 */
export function savedModelFiles(graph: GraphDef, description: Description): readonly ExportedFile[] {
  const isHalf = description.precision === 'f16';
  const nodes = graph.nodes.flatMap((node) => (isHalf ? halved(node) : [nodeOf(node)]));
  const total = nodes.reduce((sum, { length }) => sum + length, 0);
  if (total > MAX_BYTES - 2 ** 24)
    throw new ConfigError(`the network takes ${total} bytes, a SavedModel of one file holds ${MAX_BYTES}`);
  const signature = message([
    ...graph.inputs.map((port) => entry(SIGNATURE.inputs, port.name, tensorInfo(port))),
    ...graph.outputs.map((port) => entry(SIGNATURE.outputs, port.name, tensorInfo(port))),
    textField(SIGNATURE.method, METHOD),
  ]);
  const meta = message([
    bytesField(META_GRAPH.info, message([textField(INFO.tags, TAG), textField(INFO.tensorflowVersion, '2.9.0')])),
    bytesField(
      META_GRAPH.graph,
      message([
        ...nodes.map((node) => bytesField(GRAPH.node, node)),
        bytesField(GRAPH.versions, int64Field(1, PRODUCER)),
      ]),
    ),
    entry(META_GRAPH.signatures, SIGNATURE_NAME, signature),
  ]);
  const bytes = message([int64Field(SAVED_MODEL.schemaVersion, 1), bytesField(SAVED_MODEL.metaGraphs, meta)]);
  const text = new TextEncoder().encode(`${JSON.stringify(description, null, 2)}\n`);
  return [
    { name: 'saved_model.pb', bytes },
    { name: `${EXTRA}/${DESCRIPTION_KEY}.json`, bytes: text },
  ];
}

/** An entry of a map of messages by text. */
const entry = (field: number, key: string, value: Uint8Array): Uint8Array =>
  bytesField(field, message([textField(1, key), bytesField(2, value)]));

const shapeOf = (shape: readonly number[]): Uint8Array =>
  message(shape.map((side) => bytesField(2, int64Field(1, side))));

const tensorInfo = ({ name, type, shape }: TensorFlowPort): Uint8Array =>
  message([
    textField(INFO_OF_TENSOR.name, `${name}:0`),
    int64Field(INFO_OF_TENSOR.type, TYPES[type]),
    bytesField(INFO_OF_TENSOR.shape, shapeOf(shape)),
  ]);

function nodeOf({ name, op, inputs, attributes, constant }: NodeDef): Uint8Array {
  const type = attributes.dtype;
  const value = constant && type && 'type' in type ? tensorOf(constant, type.type) : null;
  return nodeBytes(name, op, inputs, attributes, value);
}

/** A float32 constant as a float16 one and a cast. */
function halved(node: NodeDef): readonly Uint8Array[] {
  const { name, constant } = node;
  if (constant?.dtype !== 'float32') return [nodeOf(node)];
  const stored = `${name}/half`;
  const half = nodeBytes(stored, 'Const', [], {}, tensorOf(constant, 'DT_HALF'), [['dtype', typeValue('DT_HALF')]]);
  const types = [
    ['SrcT', typeValue('DT_HALF')],
    ['DstT', typeValue('DT_FLOAT')],
  ] as const;
  return [half, nodeBytes(name, 'Cast', [stored], {}, null, types)];
}

function tensorOf(constant: NonNullable<NodeDef['constant']>, type: TypeName): Uint8Array {
  return message([
    int64Field(TENSOR.type, TYPES[type]),
    bytesField(TENSOR.shape, shapeOf(constant.shape)),
    bytesField(TENSOR.content, constantBytes(constant, type === 'DT_HALF')),
  ]);
}

function nodeBytes(
  name: string,
  op: string,
  inputs: readonly string[],
  attributes: NodeDef['attributes'],
  value: Uint8Array | null,
  more: readonly (readonly [name: string, value: Uint8Array])[] = [],
): Uint8Array {
  return message([
    textField(NODE.name, name),
    textField(NODE.op, op),
    ...inputs.map((input) => textField(NODE.input, input)),
    ...Object.entries(attributes).map(([key, attribute]) => entry(NODE.attr, key, attributeValue(attribute))),
    ...more.map(([key, attribute]) => entry(NODE.attr, key, attribute)),
    ...(value ? [entry(NODE.attr, 'value', bytesField(ATTR.tensor, value))] : []),
  ]);
}

const typeValue = (type: TypeName): Uint8Array => int64Field(ATTR.type, TYPES[type]);

function attributeValue(value: Attribute): Uint8Array {
  if ('type' in value) return typeValue(value.type);
  if ('shape' in value) return bytesField(ATTR.shape, shapeOf(value.shape));
  if ('integer' in value) return int64Field(ATTR.integer, value.integer);
  if ('float' in value) return floatField(ATTR.float, value.float);
  if ('flag' in value) return int64Field(ATTR.flag, value.flag ? 1 : 0);
  if ('text' in value) return textField(ATTR.text, value.text);
  return bytesField(ATTR.list, message(value.integers.map((each) => int64Field(3, each))));
}
