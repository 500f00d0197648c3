import * as tf from '@tensorflow/tfjs-core';
import { constant } from '../initialisers.js';
import type { Parameters } from '../parameters.js';
import type { MapLayer } from './sequence.js';

/**
 * Scales every channel of a residual branch by a learned factor that starts near 0.
 *
 * @param name  of the parameter, e.g. 'blocks.0.ls1.gamma'
 * @param start what the factors start from
 * @source Touvron et al. 2021, arXiv:2103.17239
 */
export function layerScale(parameters: Parameters, name: string, channels: number, start: number): MapLayer {
  const gamma = parameters.create(name, {
    shape: [channels],
    layout: 'plain',
    role: 'scale',
    initialise: constant(start),
  });
  return (input) => tf.mul(input, gamma);
}
