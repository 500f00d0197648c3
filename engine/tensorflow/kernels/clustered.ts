import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../checked.js';
import { portableOf } from '../../kernels/kernel.js';
import type { Clusters } from '../trace/cluster.js';
import type { Twin } from './twin.js';

/** Kernels whose portable version is a chain of element-wise ops: one XLA computation each inside a compiled function. */
const CHAINS = [
  'EspalierSwish',
  'EspalierSwishGrad',
  'EspalierHardSwish',
  'EspalierHardSwishGrad',
  'EspalierHardSigmoid',
  'EspalierHardSigmoidGrad',
  'EspalierGelu',
  'EspalierGeluGrad',
  'EspalierGate',
  'EspalierSqueezeGrad',
  'EspalierAdamW',
  'EspalierRmsprop',
  'EspalierLion',
  'EspalierLamb',
] as const;

export function clusteredTwins(clusters: Clusters): { readonly [kernel: string]: Twin } {
  const twinOf = (kernelName: string): Twin => {
    return (_, inputs, attributes) => {
      const names = Object.keys(inputs);
      const compute = (...tensors: tf.Tensor[]): readonly tf.Tensor[] => {
        const named = Object.fromEntries(tensors.map((tensor, i) => [names[i], tensor]));
        const output = portableOf(kernelName)(named, attributes);
        return output instanceof tf.Tensor ? [output] : output;
      };
      const label = [kernelName, ...Object.values(attributes)].join(' ');
      return tf.tidy(() => {
        const outputs = clusters.run(label, Object.values(inputs), compute);
        return outputs.length === 1 ? valueAt(outputs, 0) : [...outputs];
      });
    };
  };
  return Object.fromEntries(CHAINS.map((kernelName) => [kernelName, twinOf(kernelName)]));
}
