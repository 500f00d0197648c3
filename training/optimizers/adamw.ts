import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../engine/checked.js';
import { adamw } from '../../engine/kernels/index.js';
import { assignVariables, flattenVariables, type ParameterMap } from '../parameterGroups.js';
import { createSlot } from '../slots.js';
import { type GroupOptions, type Optimizer, parameterGroups, stateOf, type Update, zeros } from './optimizer.js';

export interface AdamWOptions extends GroupOptions {
  /** Decay of the first moment. Defaults to 0.9. */
  readonly beta1?: number;
  /** Decay of the second moment. Defaults to 0.999. */
  readonly beta2?: number;
  readonly epsilon?: number;
}

/**
 * Adam with decoupled weight decay, as PyTorch's `AdamW`. The bias corrections are folded into two host numbers:
 * parameter -= stepSize * first / (sqrt(second) + epsilon * sqrt(1 - beta2 ** t)), with
 * stepSize = rate * sqrt(1 - beta2 ** t) / (1 - beta1 ** t); equal to the paper's form, two operations fewer.
 *
 * @source Loshchilov and Hutter 2017, arXiv:1711.05101, algorithm 2
 */
export function createAdamW(parameters: ParameterMap, options: AdamWOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = options;
  const { groups, rates, decays } = parameterGroups(parameters, options);
  const first = createSlot('first', groups, zeros);
  const second = createSlot('second', groups, zeros);
  return {
    ...stateOf([first, second]),
    groups,
    scalars: (step, learningRate) => {
      const root = Math.sqrt(1 - beta2 ** (step + 1));
      return { learningRate, stepSize: (learningRate * root) / (1 - beta1 ** (step + 1)), epsilon: epsilon * root };
    },
    update: (gradients, scalars) => {
      const { learningRate, stepSize, epsilon: tiny } = scalars as { [name: string]: tf.Scalar };
      groups.forEach((group, i) => {
        const [value, mean, gradient] = [flattenVariables(group), first.variables[i], gradients[i]] as Update;
        const variance = valueAt(second.variables, i);
        const [rate, decay] = [rates[i] ?? 1, decays[i] ?? 0];
        const [moved, nextMean, nextVariance] = adamw(
          {
            value,
            gradient,
            first: mean,
            second: variance,
            epsilon: tiny as tf.Scalar,
            stepSize: tf.mul(stepSize as tf.Scalar, rate),
            shrink: tf.sub(1, tf.mul(learningRate as tf.Scalar, decay * rate)),
          },
          { beta1, beta2 },
        );
        mean.assign(nextMean);
        variance.assign(nextVariance);
        assignVariables(group, moved);
      });
    },
  };
}
