import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../engine/checked.js';
import { rmsprop } from '../../engine/kernels/index.js';
import { assignVariables, flattenVariables, type ParameterGroup, type ParameterMap } from '../parameterGroups.js';
import { createSlot } from '../slots.js';
import { type GroupOptions, type Optimizer, parameterGroups, stateOf, type Update, zeros } from './optimizer.js';

export interface RmspropOptions extends GroupOptions {
  /** Defaults to 0.9. */
  readonly momentum?: number;
  /** Decay of the mean square. Defaults to 0.9. */
  readonly decay?: number;
  /** Inside the root. Defaults to 1e-3. */
  readonly epsilon?: number;
}

/**
 * RMSProp as TensorFlow 1 has it and the EfficientNet release uses it, timm's `RMSpropTF`: the mean square starts at 1, epsilon
 * is inside the root, and the rate inside the velocity. Weight decay is added to the gradient.
 *
 * @source Tieleman and Hinton 2012, lecture 6e; constants: Tan and Le 2019, arXiv:1905.11946, section 5
 */
export function createRmsprop(parameters: ParameterMap, options: RmspropOptions = {}): Optimizer {
  const { momentum = 0.9, decay: squareDecay = 0.9, epsilon = 1e-3 } = options;
  const { groups, rates, decays } = parameterGroups(parameters, options);
  const square = createSlot('square', groups, ones);
  const velocity = createSlot('velocity', groups, zeros);
  return {
    ...stateOf([square, velocity]),
    groups,
    scalars: (_step, learningRate) => ({ learningRate }),
    update: (gradients, { learningRate }) => {
      groups.forEach((group, i) => {
        const [value, mean, gradient] = [flattenVariables(group), square.variables[i], gradients[i]] as Update;
        const speed = valueAt(velocity.variables, i);
        const [moved, nextMean, nextSpeed] = rmsprop(
          { value, gradient, square: mean, velocity: speed, rate: tf.mul(learningRate as tf.Scalar, rates[i] ?? 1) },
          { momentum, decay: squareDecay, epsilon, weightDecay: decays[i] ?? 0 },
        );
        mean.assign(nextMean);
        speed.assign(nextSpeed);
        assignVariables(group, moved);
      });
    },
  };
}

const ones = (group: ParameterGroup): tf.Tensor => tf.ones([...group.shape]);
