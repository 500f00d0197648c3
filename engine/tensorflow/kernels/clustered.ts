import * as tf from '@tensorflow/tfjs';
import { portableOf } from '../../kernels/kernel.js';
import type { Clusters } from '../cluster.js';
import type { Twin } from './twin.js';

/** Kernels whose portable version is a chain of element-wise ops: one XLA loop each inside a compiled function. */
const CHAINS = [
  'EspalierSwish',
  'EspalierSwishGrad',
  'EspalierHardSwish',
  'EspalierHardSwishGrad',
  'EspalierHardSigmoid',
  'EspalierHardSigmoidGrad',
  'EspalierGelu',
  'EspalierGeluGrad',
] as const;

export function clusteredTwins(clusters: Clusters): { readonly [kernel: string]: Twin } {
  const twinOf = (kernelName: string): Twin => {
    return (_, inputs, attributes) => {
      const names = Object.keys(inputs);
      const compute = (...tensors: tf.Tensor[]): tf.Tensor[] => {
        const named = Object.fromEntries(tensors.map((tensor, i) => [names[i], tensor]));
        return [portableOf(kernelName)(named, attributes) as tf.Tensor];
      };
      return tf.tidy(() => clusters.run(kernelName, Object.values(inputs), compute)[0] as tf.Tensor);
    };
  };
  return Object.fromEntries(CHAINS.map((kernelName) => [kernelName, twinOf(kernelName)]));
}
