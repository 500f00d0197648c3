import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../engine/checked.js';
import {
  assignVariables,
  flattenVariables,
  groupParameters,
  type ParameterGroup,
  type ParameterMap,
} from './parameterGroups.js';
import { createSlot, type Stateful } from './slots.js';

/** Exponential moving average of everything that moves: trained parameters and batch-norm statistics. */
export interface Ema extends Stateful {
  /**
   * Decay at step 0, 1, 2, ...: short at first, so that the average is not held back by the untrained start.
   *
   * @returns min(decay, (1 + step) / (10 + step))
   */
  decay(step: number): number;
  /** Moves the averages towards the parameters. Tensors only; call inside `tf.tidy`. */
  update(decay: tf.Scalar): void;
  /** Exchanges averages and parameters, bit for bit; a second call undoes it. */
  swap(): void;
  dispose(): void;
}

/**
 * @param decay in [0, 1), per step, e.g. 0.995
 * @source Polyak and Juditsky 1992; warm-up of the decay as in tf.train.ExponentialMovingAverage(num_updates)
 */
export function createEma(parameters: ParameterMap, decay: number): Ema {
  const moving = new Map(
    [...parameters].filter(([, { variable, role }]) => variable.trainable || role === 'statistic'),
  );
  const groups = groupParameters(moving, () => 'average');
  const average = createSlot('ema', groups, flattenVariables);
  return {
    state: average.state,
    restore: average.restore,
    decay: (step) => Math.min(decay, (1 + step) / (10 + step)),
    update: (now) => {
      const keep = tf.sub(1, now);
      each(groups, average.variables, (group, variable) => {
        variable.assign(tf.add(variable, tf.mul(tf.sub(flattenVariables(group), variable), keep)));
      });
    },
    swap: () =>
      tf.tidy(() => {
        each(groups, average.variables, (group, variable) => {
          const averaged = tf.clone(variable);
          variable.assign(flattenVariables(group));
          assignVariables(group, averaged);
        });
      }),
    dispose: average.dispose,
  };
}

function each(
  groups: readonly ParameterGroup[],
  variables: readonly tf.Variable[],
  visit: (group: ParameterGroup, variable: tf.Variable) => void,
): void {
  groups.forEach((group, i) => {
    visit(group, valueAt(variables, i));
  });
}
