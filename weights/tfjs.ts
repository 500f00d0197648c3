import * as z from 'zod';
import { WeightsError } from '../engine/errors.js';
import { type ByteSource, windowSource } from './bytes/byteSource.js';
import { concatSources } from './bytes/concatSources.js';
import { type ElementName, elementType } from './elements.js';
import type { HostMemory } from './hostMemory.js';
import { type HostTensor, sizeOf } from './hostTensor.js';
import type { LazyTensor, WeightsFile } from './weightsFile.js';

const MAX_JSON_BYTES = 32 * 1024 * 1024;
const MAX_RANK = 8;

const weightSchema = z.object({
  name: z.string(),
  shape: z.array(z.int().min(0)).max(MAX_RANK),
  dtype: z.enum(['float32', 'int32', 'bool', 'float16']),
  quantization: z
    .object({ dtype: z.enum(['uint8', 'uint16', 'float16']), scale: z.number().optional(), min: z.number().optional() })
    .optional(),
});
const modelSchema = z.object({
  format: z.string().nullish(),
  generatedBy: z.string().nullish(),
  convertedBy: z.string().nullish(),
  weightsManifest: z.array(z.object({ paths: z.array(z.string()), weights: z.array(weightSchema) })),
});
type Weight = z.infer<typeof weightSchema>;

const STORED = {
  float32: 'F32',
  int32: 'I32',
  bool: 'BOOL',
  float16: 'F16',
  uint8: 'U8',
  uint16: 'U16',
} as const satisfies Readonly<Record<string, ElementName>>;

/**
 * Opens the weights of a TensorFlow.js model (`model.json` of a LayersModel or a GraphModel) from the shards beside it;
 * what is quantised becomes float32.
 *
 * @throws WeightsError when a shard is missing, outside of the folder, or of another length than the manifest says
 * @source tfjs-core/src/io/io_utils.ts, decodeWeights
 */
export function openTfjs(source: ByteSource): WeightsFile {
  const { weightsManifest, format, generatedBy, convertedBy } = parseModel(source);
  const tensors = new Map<string, LazyTensor>();
  for (const { paths, weights } of weightsManifest) {
    const bytes = concatSources(
      source.name,
      paths.map((path) => source.sibling(path)),
    );
    let position = 0;
    for (const weight of weights) {
      const { width } = elementType(STORED[weight.quantization?.dtype ?? weight.dtype]);
      const count = sizeOf(weight.shape);
      if (tensors.has(weight.name)) throw new WeightsError(`${source.name} has two weights called '${weight.name}'`);
      tensors.set(weight.name, lazyWeight(windowSource(bytes, position, count * width, weight.name), weight, count));
      position += count * width;
    }
    if (position !== bytes.size)
      throw new WeightsError(`the shards of ${source.name} have ${bytes.size} bytes, its weights ${position}`);
  }
  const notes = { format, generatedBy, convertedBy };
  const metadata = Object.fromEntries(
    Object.entries(notes).filter((note): note is [string, string] => Boolean(note[1])),
  );
  return { format: 'tfjs', tensors, metadata };
}

function parseModel(source: ByteSource): z.infer<typeof modelSchema> {
  if (source.size > MAX_JSON_BYTES)
    throw new WeightsError(`${source.name} has ${source.size} bytes, at most ${MAX_JSON_BYTES} of JSON are read`);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder().decode(source.view(0, source.size)));
  } catch {
    throw new WeightsError(`${source.name} is not JSON`);
  }
  const result = modelSchema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  throw new WeightsError(
    `${source.name} is not a model.json of TensorFlow.js: ${issue?.path.join('.')} ${issue?.message}`,
  );
}

function lazyWeight(bytes: ByteSource, { shape, dtype, quantization }: Weight, count: number): LazyTensor {
  const element = elementType(STORED[quantization?.dtype ?? dtype]);
  const read = (memory?: HostMemory): HostTensor => ({
    dtype: element.dtype,
    shape,
    data: element.read(bytes, 0, count, memory),
  });
  if (!quantization || quantization.dtype === 'float16') return { dtype: element.dtype, shape, read };
  const { scale = 1, min = 0 } = quantization;
  const isWhole = dtype === 'int32';
  const widen = (memory?: HostMemory): HostTensor => {
    const { data } = read(memory);
    if (isWhole)
      return { dtype: 'I32', shape, data: Int32Array.from(data as Uint8Array, (q) => Math.round(q * scale + min)) };
    return { dtype: 'F32', shape, data: Float32Array.from(data as Uint8Array, (q) => q * scale + min) };
  };
  return { dtype: isWhole ? 'I32' : 'F32', shape, read: widen };
}
