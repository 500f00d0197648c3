import * as tf from '@tensorflow/tfjs';
import { lion } from '../../engine/kernels/index.js';
import { assignVariables, flattenVariables, type ParameterMap } from '../parameterGroups.js';
import { createSlot } from '../slots.js';
import { type GroupOptions, type Optimizer, parameterGroups, stateOf, type Update, zeros } from './optimizer.js';

export interface LionOptions extends GroupOptions {
  /** Share of the momentum in the direction. Defaults to 0.9. */
  readonly beta1?: number;
  /** Decay of the momentum. Defaults to 0.99. */
  readonly beta2?: number;
}

/**
 * Lion, timm's `Lion`: every parameter moves by the rate, in the direction of the sign of momentum and gradient. Weight decay is
 * decoupled. Rates are a third to a tenth of AdamW's, decays as much larger.
 *
 * @source Chen et al. 2023, arXiv:2302.06675, algorithm 2
 */
export function createLion(parameters: ParameterMap, options: LionOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.99 } = options;
  const { groups, rates, decays } = parameterGroups(parameters, options);
  const first = createSlot('first', groups, zeros);
  return {
    ...stateOf([first]),
    groups,
    scalars: (_step, learningRate) => ({ learningRate }),
    update: (gradients, { learningRate }) => {
      groups.forEach((group, i) => {
        const [value, mean, gradient] = [flattenVariables(group), first.variables[i], gradients[i]] as Update;
        const rate = tf.mul(learningRate as tf.Scalar, rates[i] ?? 1);
        const shrink = tf.sub(1, tf.mul(rate, decays[i] ?? 0));
        const [moved, next] = lion({ value, gradient, first: mean, rate, shrink }, { beta1, beta2 });
        mean.assign(next);
        assignVariables(group, moved);
      });
    },
  };
}
