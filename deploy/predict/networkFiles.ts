import * as z from 'zod/mini';
import { WeightsError } from '../../engine/errors.js';
import { DESCRIPTION_KEY, type Description, readDescription } from '../description.js';
import type { ExportedFile } from '../formats.js';

/** An exported network: what it is, and its files by the format that a runtime reads; null: it has none of that format. */
export interface NetworkFiles {
  readonly description: Description;
  readonly onnx: (() => Promise<Uint8Array>) | null;
  readonly graphModel: (() => Promise<readonly ExportedFile[]>) | null;
}

/** The bytes of a file beside others, by its name. @throws WeightsError when there is none */
export type ReadFile = (name: string) => Promise<Uint8Array>;

/** Names of a bundle's files. */
const [ONNX, GRAPH_MODEL, DESCRIPTION] = ['model.onnx', 'model.json', 'espalier.json'] as const;
/** Names of files of weights: none that leads out of the folder. */
const SHARD = /^[\w-]+(\.[\w-]+)*$/;
const MAX_SHARDS = 10_000;

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** Largest `espalier.json`, bytes. */
const MAX_DESCRIPTION = 2 ** 24;

/** A bundle: the folder that `espalier export --to bundle` wrote. */
export async function bundleFiles(read: ReadFile, name: string): Promise<NetworkFiles> {
  const described = await read(DESCRIPTION);
  return {
    description: readDescription(described.length > MAX_DESCRIPTION ? undefined : text(described), name),
    onnx: () => read(ONNX),
    graphModel: async () => graphModelFiles(await read(GRAPH_MODEL), read, name),
  };
}

/** A GraphModel that `espalier export` wrote. @param json bytes of its `model.json` */
export function graphModelNetwork(json: Uint8Array, read: ReadFile, name: string): NetworkFiles {
  const { userDefinedMetadata } = parsed(json, name);
  const described = userDefinedMetadata?.[DESCRIPTION_KEY];
  return {
    description: readDescription(typeof described === 'string' ? described : undefined, name),
    onnx: null,
    graphModel: () => graphModelFiles(json, read, name),
  };
}

/** How every zip archive begins. */
const ZIP = [0x50, 0x4b, 3, 4];

/** A network in one file: ONNX, or a bundle as a zip archive. Their readers are loaded when there is such a file. */
export async function networkInBytes(bytes: Uint8Array, name: string): Promise<NetworkFiles> {
  const { archiveReader, onnxMetadata } = await import('./oneFile.js');
  if (ZIP.every((byte, i) => bytes[i] === byte)) return bundleFiles(archiveReader(bytes, name), name);
  return {
    description: readDescription(onnxMetadata(bytes, name)[DESCRIPTION_KEY], name),
    onnx: async () => bytes,
    graphModel: null,
  };
}

async function graphModelFiles(json: Uint8Array, read: ReadFile, name: string): Promise<readonly ExportedFile[]> {
  const paths = parsed(json, name).weightsManifest.flatMap((group) => group.paths);
  const wrong = paths.find((path, i) => !SHARD.test(path) || paths.indexOf(path) < i);
  if (paths.length > MAX_SHARDS || wrong !== undefined)
    throw new WeightsError(
      `${name}: its model.json names ${paths.length} files of weights, '${wrong}' among them: refused`,
    );
  const shards = await Promise.all(paths.map(async (path) => ({ name: path, bytes: await read(path) })));
  return [{ name: GRAPH_MODEL, bytes: json }, ...shards];
}

/** What is read of a `model.json`; the rest is TensorFlow.js's. */
const modelJson = z.looseObject({
  userDefinedMetadata: z.optional(z.record(z.string(), z.unknown())),
  modelTopology: z.looseObject({}),
  signature: z.looseObject({ outputs: z.record(z.string(), z.unknown()) }),
  /** As this library writes it: one group. */
  weightsManifest: z.tuple([z.looseObject({ paths: z.array(z.string()), weights: z.array(z.looseObject({})) })]),
});

function parsed(json: Uint8Array, name: string): z.output<typeof modelJson> {
  let value: unknown;
  try {
    value = JSON.parse(text(json));
  } catch {
    throw new WeightsError(`${name}: its model.json is not JSON`);
  }
  const result = modelJson.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw new WeightsError(`${name}: its model.json has ${issue?.path.join('.')}: ${issue?.message}`);
}
