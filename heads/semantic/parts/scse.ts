import * as tf from '@tensorflow/tfjs';
import { heUniform } from '../../../backbones/initialisers.js';
import { convolution, type MapLayer } from '../../../backbones/layers/index.js';
import type { Parameters } from '../../../backbones/parameters.js';
import { channelGate } from './channelGate.js';

/** Channels per channel between the two convolutions of the channel gate. */
const REDUCTION = 16;

/**
 * Concurrent spatial and channel squeeze-and-excitation: the map weighed by channel plus the map weighed by cell. Parameters
 * `path.cSE.1.*`, `path.cSE.3.*`, `path.sSE.0.*`.
 *
 * @source Roy et al. 2018, arXiv:1803.02579
 */
export function scse(parameters: Parameters, path: string, channels: number): MapLayer {
  const reduced = Math.max(1, Math.floor(channels / REDUCTION));
  const byChannel = channelGate(parameters, `${path}.cSE`, { channels, reduced });
  const byCell = convolution(parameters, `${path}.sSE.0`, {
    kernel: 1,
    stride: 1,
    padding: 'same',
    bias: true,
    inChannels: channels,
    outChannels: 1,
    initialise: heUniform,
  });
  return (map, pass) =>
    tf.tidy(() => tf.add(tf.mul(map, byChannel(map, pass)), tf.mul(map, tf.sigmoid(byCell(map, pass)))));
}
