import type { Constant } from '../../engine/graph/graph.js';
import { message } from '../../weights/bytes/protobufWriter.js';
import { toFloat16 } from '../../weights/halves.js';
import { DESCRIPTION_KEY, type Description } from '../description.js';
import type { ExportedFile } from '../formats.js';
import type { Attribute, GraphDef, NodeDef, TensorFlowPort } from './graphDef.js';

/** Bytes of a file of weights, as TensorFlow.js's own converter cuts them: what browsers' caches take. */
const SHARD_BYTES = 4 * 2 ** 20;
/** Version of the GraphDef format that consumers must know. */
export const PRODUCER = 1882;

/**
 * A network as a TensorFlow.js GraphModel: `model.json` and its weights, which `tf.loadGraphModel` opens; float16 weights become
 * float32 again where they are opened.
 *
 * @source tensorflow/tfjs 4.22, tfjs-converter: converters/tf_saved_model_conversion_v2.py, write_weights.py
 */
export function graphModelFiles(graph: GraphDef, description: Description): readonly ExportedFile[] {
  const isHalf = description.precision === 'f16';
  const constants = graph.nodes.filter(({ constant }) => constant);
  const weights = constants.map(({ name, constant }) => {
    const { shape, dtype } = constant ?? { shape: [], dtype: 'float32' };
    const quantization = isHalf && dtype === 'float32' ? { quantization: { dtype: 'float16' } } : {};
    return { name, shape, dtype, ...quantization };
  });
  const bytes = message(
    constants.map(({ constant }) => (constant ? constantBytes(constant, isHalf) : new Uint8Array())),
  );
  const count = Math.max(1, Math.ceil(bytes.length / SHARD_BYTES));
  const shards = Array.from({ length: count }, (_, i) => ({
    name: `group1-shard${i + 1}of${count}.bin`,
    bytes: bytes.subarray(i * SHARD_BYTES, (i + 1) * SHARD_BYTES),
  }));
  const model = {
    format: 'graph-model',
    generatedBy: description.provenance.producer,
    convertedBy: description.provenance.producer,
    signature: { inputs: ports(graph.inputs), outputs: ports(graph.outputs) },
    userDefinedMetadata: { [DESCRIPTION_KEY]: JSON.stringify(description) },
    modelTopology: { node: graph.nodes.map(nodeJson), library: {}, versions: { producer: PRODUCER } },
    weightsManifest: [{ paths: shards.map(({ name }) => name), weights }],
  };
  return [{ name: 'model.json', bytes: new TextEncoder().encode(JSON.stringify(model)) }, ...shards];
}

const ports = (list: readonly TensorFlowPort[]) =>
  Object.fromEntries(
    list.map(({ name, shape, type }) => [name, { name: `${name}:0`, dtype: type, tensorShape: shapeJson(shape) }]),
  );

/** Whole numbers of 64 bits are text in the JSON of protocol buffers. */
const shapeJson = (shape: readonly number[]) => ({ dim: shape.map((side) => ({ size: String(side) })) });

function nodeJson({ name, op, inputs, attributes, constant }: NodeDef) {
  const attr: { [name: string]: unknown } = {};
  for (const [key, value] of Object.entries(attributes)) attr[key] = attributeJson(value);
  if (constant)
    attr.value = { tensor: { dtype: (attr.dtype as { type: string }).type, tensorShape: shapeJson(constant.shape) } };
  return { name, op, ...(inputs.length > 0 ? { input: inputs } : {}), attr };
}

function attributeJson(value: Attribute): unknown {
  if ('type' in value) return { type: value.type };
  if ('shape' in value) return { shape: shapeJson(value.shape) };
  if ('integer' in value) return { i: String(value.integer) };
  if ('float' in value) return { f: value.float };
  if ('flag' in value) return { b: value.flag };
  if ('text' in value) return { s: btoa(value.text) };
  return { list: { i: value.integers.map(String) } };
}

/** The values as TensorFlow stores them; floats of 16 bits when asked for. */
export function constantBytes({ values }: Constant, isHalf: boolean): Uint8Array {
  const stored = isHalf && values instanceof Float32Array ? Uint16Array.from(values, toFloat16) : values;
  return new Uint8Array(stored.buffer, stored.byteOffset, stored.byteLength);
}
