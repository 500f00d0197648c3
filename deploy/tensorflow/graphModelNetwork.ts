import * as tf from '@tensorflow/tfjs';
import { EngineError, EspalierError } from '../../engine/errors.js';
import type { ExportedFile } from '../formats.js';
import type { HostNetwork } from '../hostNetwork.js';

/** What of `model.json` is handed on to TensorFlow.js. */
interface ModelJson {
  readonly modelTopology: object;
  readonly signature: { readonly outputs: { readonly [name: string]: unknown } };
  readonly weightsManifest: readonly [
    { readonly paths: readonly string[]; readonly weights: tf.io.WeightsManifestEntry[] },
  ];
}

/**
 * Opens the files of a GraphModel in TensorFlow.js, on the engine that is open.
 *
 * @param files what `graphModelFiles` gave
 * @throws EngineError when TensorFlow.js refuses them
 */
export async function openGraphModelNetwork(files: readonly ExportedFile[]): Promise<HostNetwork> {
  const byName = new Map(files.map(({ name, bytes }) => [name, bytes]));
  const { modelTopology, signature, weightsManifest } = JSON.parse(
    new TextDecoder().decode(byName.get('model.json')),
  ) as ModelJson;
  const [{ paths, weights }] = weightsManifest;
  const shards = paths.map((path) => byName.get(path) ?? new Uint8Array());
  const weightData = new Uint8Array(shards.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const shard of shards) {
    weightData.set(shard, at);
    at += shard.length;
  }
  const memory = tf.io.fromMemory({ modelTopology, weightSpecs: weights, weightData: weightData.buffer });
  const model = await tf.loadGraphModel(memory).catch((error: unknown) => {
    throw new EngineError(`TensorFlow.js refuses the GraphModel: ${error instanceof Error ? error.message : error}`);
  });
  const names = Object.keys(signature.outputs);
  return {
    inputs: new Map(model.inputs.map(({ name, shape }) => [name, shape ?? []])),
    run: async (inputs) => {
      const tensors = Object.fromEntries(
        Object.entries(inputs).map(([name, { values, shape }]) => [name, tf.tensor(values, [...shape])]),
      );
      let found: tf.Tensor[] = [];
      try {
        found = [model.execute(tensors, names)].flat();
        const values = await Promise.all(found.map(async (tensor) => (await tensor.data()) as Float32Array));
        return Object.fromEntries(
          names.map((name, i) => [name, { values: values[i] as Float32Array, shape: found[i]?.shape ?? [] }]),
        );
      } catch (error) {
        throw cannotRun(error);
      } finally {
        tf.dispose([tensors, found]);
      }
    },
    dispose: async () => model.dispose(),
  };
}

/** What TensorFlow.js says of a graph that it has loaded and cannot run, as an error of this library. */
const cannotRun = (error: unknown): EspalierError =>
  error instanceof EspalierError
    ? error
    : new EngineError(`TensorFlow.js cannot run the GraphModel: ${error instanceof Error ? error.message : error}`);
