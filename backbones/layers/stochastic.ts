import type { Tensor, Tensor1D, Tensor4D } from '@tensorflow/tfjs-core';
import { ConfigError } from '../../engine/errors.js';
import {
  dropChannels,
  dropout as dropoutKernel,
  dropPath as dropPathKernel,
  foldSeed,
} from '../../engine/kernels/index.js';
import { hashName } from '../../engine/random.js';
import type { Layer, Pass } from '../module.js';

/**
 * Stochastic depth: while training, a residual branch is left out for a share of the samples.
 *
 * @param name of the place, e.g. 'blocks.2.1': what is drawn depends on the pass's seed and this name alone
 * @source Huang et al. 2016, arXiv:1603.09382
 */
export function dropPath<T extends Tensor>(name: string, rate: number): Layer<T> {
  if (rate === 0) return (input) => input;
  return (input, pass) => (pass.training ? dropPathKernel(input, rate, seedOf(pass, name)) : input);
}

/**
 * While training, a share of the values is 0 and the others are scaled up.
 *
 * @param name of the place, as for `dropPath`
 */
export function dropout<T extends Tensor>(name: string, rate: number): Layer<T> {
  if (rate === 0) return (input) => input;
  return (input, pass) => (pass.training ? dropoutKernel(input, rate, seedOf(pass, name)) : input);
}

/**
 * While training, a share of each image's channels is 0 and the others are scaled up.
 *
 * @param name of the place, as for `dropPath`
 */
export function channelDropout(name: string, rate: number): Layer<Tensor4D> {
  if (rate === 0) return (input) => input;
  return (input, pass) => (pass.training ? dropChannels(input, rate, seedOf(pass, name)) : input);
}

function seedOf({ seed }: Pass, name: string): Tensor1D {
  if (seed) return foldSeed(seed, hashName(name));
  throw new ConfigError(`${name} drops at random while training: give the pass a seed, two int32 values a step`);
}
