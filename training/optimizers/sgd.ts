import * as tf from '@tensorflow/tfjs';
import { assignVariables, flattenVariables, type ParameterMap } from '../parameterGroups.js';
import { createSlot } from '../slots.js';
import { type GroupOptions, type Optimizer, parameterGroups, stateOf, type Update, zeros } from './optimizer.js';

export interface SgdOptions extends GroupOptions {
  /** Momentum, 0 to below 1. Defaults to 0.9. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

/**
 * Stochastic gradient descent with momentum, as PyTorch's `SGD`: velocity = momentum * velocity + gradient;
 * parameter -= rate * velocity. Weight decay is added to the gradient.
 *
 * @source Sutskever et al. 2013, ICML; velocity without the rate inside, so that a schedule does not rescale the past
 */
export function createSgd(parameters: ParameterMap, options: SgdOptions = {}): Optimizer {
  const { momentum = 0.9, nesterov = false } = options;
  const { groups, rates, decays } = parameterGroups(parameters, options);
  const velocity = createSlot('velocity', groups, zeros);
  return {
    ...stateOf([velocity]),
    groups,
    scalars: (_step, learningRate) => ({ learningRate }),
    update: (gradients, { learningRate }) => {
      groups.forEach((group, i) => {
        const [values, slot, plain] = [flattenVariables(group), velocity.variables[i], gradients[i]] as Update;
        const decay = decays[i] ?? 0;
        const gradient = decay === 0 ? plain : tf.add(plain, tf.mul(values, decay));
        const moved = tf.add(tf.mul(slot, momentum), gradient);
        const direction = nesterov ? tf.add(gradient, tf.mul(moved, momentum)) : moved;
        slot.assign(moved);
        assignVariables(group, tf.sub(values, tf.mul(direction, tf.mul(learningRate as tf.Scalar, rates[i] ?? 1))));
      });
    },
  };
}
