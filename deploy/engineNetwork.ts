import * as tf from '@tensorflow/tfjs';
import { compile } from '../engine/compile.js';
import { ConfigError } from '../engine/errors.js';
import { normalizeImages } from '../engine/kernels/normalizeImages.js';
import type { Model } from '../heads/model.js';
import type { HostNetwork } from './hostNetwork.js';
import { INPUT } from './network.js';

/**
 * A network as it would be exported, run by the engine that is open: what exported files are compared with. The model stays the
 * caller's.
 *
 * @throws ConfigError when its head cannot be exported
 */
export function engineNetwork(model: Pick<Model<unknown>, 'forward' | 'exported' | 'preprocessing'>): HostNetwork {
  const { exported } = model;
  if (!exported) throw new ConfigError('a network with this head cannot be exported yet');
  const forward = compile(
    (images: tf.Tensor4D) => {
      const { mean, std, clip } = model.preprocessing;
      return exported.outputs(model.forward(normalizeImages(images, mean, std, clip), { training: false }));
    },
    { name: 'exported', constants: true },
  );
  return {
    run: async (inputs) => {
      const { values = new Float32Array(), shape = [] } = inputs[INPUT] ?? {};
      const images = tf.tensor<tf.Rank.R4>(values, [...shape] as [number, number, number, number]);
      const outputs = await forward.async(images).finally(() => images.dispose());
      try {
        const entries = Object.entries(outputs).map(async ([name, tensor]) => {
          return [name, { values: (await tensor.data()) as Float32Array, shape: tensor.shape }] as const;
        });
        return Object.fromEntries(await Promise.all(entries));
      } finally {
        tf.dispose(outputs);
      }
    },
    dispose: async () => forward.dispose(),
  };
}
