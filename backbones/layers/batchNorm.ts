import * as tf from '@tensorflow/tfjs-core';
import { batchNormInference, batchNormSynced, batchNormTrain } from '../../engine/kernels/index.js';
import { ones, zeros } from '../initialisers.js';
import type { Layer } from '../module.js';
import type { Parameters } from '../parameters.js';

export interface NormOptions {
  readonly channels: number;
  readonly epsilon: number;
  /** Kept share of the moving statistics per step: moving = momentum * moving + (1 - momentum) * batch. */
  readonly momentum: number;
  /**
   * Frozen, it uses its moving statistics and leaves them alone, whatever `pass.training` says. Defaults to what the owner
   * of the parameters says.
   */
  readonly frozen?: boolean;
  /** False: normalised and shifted alone, without the parameter `name.weight`. */
  readonly hasScale?: boolean;
}

/** Statistics move as in the EfficientNet release; PyTorch writes the same momentum as 0.01. */
export const NORM_MOMENTUM = 0.99;

/**
 * Batch normalisation over N, H and W; parameters `name.weight` (scale), `name.bias`, `name.running_mean`, `name.running_var`.
 *
 * @source Ioffe & Szegedy 2015, arXiv:1502.03167
 */
export function batchNorm(parameters: Parameters, name: string, options: NormOptions): Layer<tf.Tensor4D> {
  const { channels, epsilon, momentum, frozen, hasScale = true } = options;
  const create = (part: string, role: 'scale' | 'bias' | 'statistic', initialise: typeof ones) =>
    parameters.create(`${name}.${part}`, {
      shape: [channels],
      layout: 'plain',
      role,
      initialise,
      ...(frozen === undefined ? {} : { frozen }),
      ...(part === 'running_var' ? { epsilon } : {}),
    }) as tf.Variable<tf.Rank.R1>;
  const weight = hasScale ? create('weight', 'scale', ones) : null;
  const offset = create('bias', 'bias', zeros);
  const movingMean = create('running_mean', 'statistic', zeros);
  const movingVariance = create('running_var', 'statistic', ones);
  const move = (moving: tf.Variable<tf.Rank.R1>, batch: tf.Tensor1D, kept: number) =>
    moving.assign(tf.add(tf.mul(moving, kept), tf.mul(batch, 1 - kept)));
  return (input, pass) => {
    const scale = weight ?? tf.ones<tf.Rank.R1>([channels]);
    if (!offset.trainable || !pass.training) {
      return batchNormInference(input, movingMean, movingVariance, scale, offset, epsilon);
    }
    const normalise = pass.syncNorm ? batchNormSynced : batchNormTrain;
    const { y, mean, variance } = normalise(input, scale, offset, epsilon);
    const kept = pass.normMomentum ?? momentum;
    move(movingMean, mean, kept);
    move(movingVariance, variance, kept);
    return y;
  };
}
