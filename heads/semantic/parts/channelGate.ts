import * as tf from '@tensorflow/tfjs';
import { heUniform } from '../../../backbones/initialisers.js';
import { ACTIVATIONS, convolution, type MapLayer } from '../../../backbones/layers/index.js';
import type { Parameters } from '../../../backbones/parameters.js';

/**
 * Weight of every channel by what the whole map shows: [N, H, W, C] -> [N, 1, 1, C] between 0 and 1. Parameters `path.1.*`
 * (C to `reduced` channels) and `path.3.*` (back).
 *
 * @source Hu et al. 2018, arXiv:1709.01507, equation 3
 */
export function channelGate(
  parameters: Parameters,
  path: string,
  { channels, reduced }: { readonly channels: number; readonly reduced: number },
): MapLayer {
  const shared = { kernel: 1, stride: 1, padding: 'same', bias: true, initialise: heUniform } as const;
  const reduce = convolution(parameters, `${path}.1`, { ...shared, inChannels: channels, outChannels: reduced });
  const expand = convolution(parameters, `${path}.3`, { ...shared, inChannels: reduced, outChannels: channels });
  return (map, pass) => {
    const mean = tf.mean<tf.Tensor4D>(map, [1, 2], true);
    return tf.sigmoid(expand(ACTIVATIONS.relu(reduce(mean, pass)), pass));
  };
}
