import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../engine/checked.js';
import { lamb } from '../../engine/kernels/index.js';
import {
  assignVariables,
  flatten,
  flattenVariables,
  type ParameterGroup,
  type ParameterMap,
  unflatten,
} from '../parameterGroups.js';
import { createSlot } from '../slots.js';
import type { AdamWOptions } from './adamw.js';
import { type Optimizer, parameterGroups, stateOf, type Update, zeros } from './optimizer.js';

/** As AdamW's; epsilon defaults to 1e-6. */
export type LambOptions = AdamWOptions;

/**
 * LAMB, timm's `Lamb` without its own clipping: Adam's direction with weight decay, of each decayed parameter scaled to the length
 * of the parameter itself. For large batches.
 *
 * @source You et al. 2019, arXiv:1904.00962, algorithm 2
 */
export function createLamb(parameters: ParameterMap, options: LambOptions = {}): Optimizer {
  const { beta1 = 0.9, beta2 = 0.999, epsilon = 1e-6 } = options;
  const { groups, rates, decays } = parameterGroups(parameters, options);
  const first = createSlot('first', groups, zeros);
  const second = createSlot('second', groups, zeros);
  return {
    ...stateOf([first, second]),
    groups,
    scalars: (step, learningRate) => ({
      learningRate,
      firstCorrection: 1 / (1 - beta1 ** (step + 1)),
      rootCorrection: 1 / Math.sqrt(1 - beta2 ** (step + 1)),
    }),
    update: (gradients, scalars) => {
      const { learningRate, firstCorrection, rootCorrection } = scalars as { readonly [name: string]: tf.Scalar };
      groups.forEach((group, i) => {
        const [value, mean, gradient] = [flattenVariables(group), first.variables[i], gradients[i]] as Update;
        const variance = valueAt(second.variables, i);
        const decay = decays[i] ?? 0;
        const [direction, nextMean, nextVariance] = lamb(
          {
            value,
            gradient,
            first: mean,
            second: variance,
            firstCorrection: firstCorrection as tf.Scalar,
            rootCorrection: rootCorrection as tf.Scalar,
          },
          { beta1, beta2, epsilon, weightDecay: decay },
        );
        mean.assign(nextMean);
        variance.assign(nextVariance);
        const scaled = decay === 0 ? direction : toLength(group, direction, value);
        assignVariables(group, tf.sub(value, tf.mul(scaled, tf.mul(learningRate as tf.Scalar, rates[i] ?? 1))));
      });
    },
  };
}

/** Each parameter's part of a direction at the length of the parameter; as it is where either has none. */
function toLength(group: ParameterGroup, direction: tf.Tensor, value: tf.Tensor): tf.Tensor {
  const values = unflatten(group, value);
  return flatten(
    group,
    unflatten(group, direction).map((part, i) => {
      const [own, step] = [tf.norm(valueAt(values, i)), tf.norm(part)];
      const ratio = tf.div(own, tf.add(step, tf.cast(tf.equal(step, 0), 'float32')));
      return tf.mul(part, tf.where(tf.logicalAnd(tf.greater(own, 0), tf.greater(step, 0)), ratio, tf.onesLike(ratio)));
    }),
  );
}
