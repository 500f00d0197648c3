import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../engine/checked.js';
import { EngineError, messageOf } from '../../engine/errors.js';
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
    throw new EngineError(`TensorFlow.js refuses the GraphModel: ${messageOf(error)}`);
  });
  const names = Object.keys(signature.outputs);
  return {
    run: async (inputs) => {
      const tensors = Object.fromEntries(
        Object.entries(inputs).map(([name, { values, shape }]) => [name, tf.tensor(values, [...shape])]),
      );
      const found = [model.execute(tensors, names)].flat();
      try {
        const values = await Promise.all(found.map(async (tensor) => (await tensor.data()) as Float32Array));
        return Object.fromEntries(
          names.map((name, i) => [name, { values: valueAt(values, i), shape: found[i]?.shape ?? [] }]),
        );
      } finally {
        tf.dispose([tensors, found]);
      }
    },
    dispose: async () => model.dispose(),
  };
}
