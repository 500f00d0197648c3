import * as tf from '@tensorflow/tfjs';
import type { Parameter } from '../backbones/module.js';
import { adamw } from '../engine/kernels/index.js';
import { assignVariables, gatherVariables, type Pack, type ParameterMap, packParameters, trainable } from './packs.js';
import { createSlot, joinSlots, type Stateful } from './slots.js';

/** Scalars of one step inside the graph, by name. */
export type Scalars = { readonly [name: string]: tf.Scalar };

/** Moves the trainable parameters. Its state exists from the start and is assigned by tensor operations alone. */
export interface Optimizer extends Stateful {
  /** The trainable parameters in the order of the gradients. */
  readonly packs: readonly Pack[];
  /** Host numbers that change with the step (counted from 0); the compiled step receives them as float32 scalars. */
  scalars(step: number, learningRate: number): { readonly [name: string]: number };
  /**
   * One step. Tensors only; call inside `tf.tidy`.
   *
   * @param gradients one per pack, of the pack's shape
   * @param scalars   what `scalars` returned, as tensors
   */
  update(gradients: readonly tf.Tensor[], scalars: Scalars): void;
  dispose(): void;
}

export interface GroupOptions {
  /** Per step, on parameters of role `weight` only: biases, norm scales and fusion weights never decay. */
  readonly weightDecay?: number;
  /** Factor on the learning rate by parameter name, e.g. 0.25 for a pretrained backbone; 1 when absent. */
  readonly rateOf?: (name: string) => number;
}

export interface SgdOptions extends GroupOptions {
  /** 0.9 when absent. */
  readonly momentum?: number;
  readonly nesterov?: boolean;
}

export interface AdamWOptions extends GroupOptions {
  /** Decay of the first moment, 0.9 when absent. */
  readonly beta1?: number;
  /** Decay of the second moment, 0.999 when absent. */
  readonly beta2?: number;
  readonly epsilon?: number;
}

/**
 * Stochastic gradient descent with momentum, as PyTorch's `SGD`: velocity = momentum * velocity + gradient;
 * parameter -= rate * velocity. Weight decay is added to the gradient.
 *
 * @source Sutskever et al. 2013, ICML; velocity without the rate inside, so that a schedule does not rescale the past
 */
export function createSgd(parameters: ParameterMap, options: SgdOptions = {}): Optimizer {
  const { momentum = 0.9, nesterov = false } = options;
  const { packs, rates, decays } = group(parameters, options);
  const velocity = createSlot('velocity', packs, zeros);
  return {
    packs,
    state: velocity.state,
    restore: velocity.restore,
    dispose: velocity.dispose,
    scalars: (_step, learningRate) => ({ learningRate }),
    update: (gradients, { learningRate }) => {
      packs.forEach((pack, i) => {
        const [values, slot, plain] = [gatherVariables(pack), velocity.variables[i], gradients[i]] as Update;
        const decay = decays[i] ?? 0;
        const gradient = decay === 0 ? plain : tf.add(plain, tf.mul(values, decay));
        const moved = tf.add(tf.mul(slot, momentum), gradient);
        const direction = nesterov ? tf.add(gradient, tf.mul(moved, momentum)) : moved;
        slot.assign(moved);
        assignVariables(pack, tf.sub(values, tf.mul(direction, tf.mul(learningRate as tf.Scalar, rates[i] ?? 1))));
      });
    },
  };
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
  const { packs, rates, decays } = group(parameters, options);
  const first = createSlot('first', packs, zeros);
  const second = createSlot('second', packs, zeros);
  return {
    ...joinSlots([first, second]),
    packs,
    dispose: () => {
      first.dispose();
      second.dispose();
    },
    scalars: (step, learningRate) => {
      const root = Math.sqrt(1 - beta2 ** (step + 1));
      return { learningRate, stepSize: (learningRate * root) / (1 - beta1 ** (step + 1)), epsilon: epsilon * root };
    },
    update: (gradients, scalars) => {
      const { learningRate, stepSize, epsilon: tiny } = scalars;
      packs.forEach((pack, i) => {
        const [value, mean, gradient] = [gatherVariables(pack), first.variables[i], gradients[i]] as Update;
        const variance = second.variables[i] as tf.Variable;
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
        assignVariables(pack, moved);
      });
    },
  };
}

type Update = [values: tf.Tensor, slot: tf.Variable, gradient: tf.Tensor];

const zeros = (pack: Pack): tf.Tensor => tf.zeros([...pack.shape]);

/** Packs of one learning-rate factor and one weight decay each. */
function group(parameters: ParameterMap, { weightDecay = 0, rateOf = () => 1 }: GroupOptions) {
  const decayOf = ({ role }: Parameter): number => (role === 'weight' ? weightDecay : 0);
  const packs = packParameters(trainable(parameters), (name, parameter) => `${rateOf(name)} ${decayOf(parameter)}`);
  const split = packs.map(({ key }) => key.split(' ').map(Number));
  return { packs, rates: split.map(([rate]) => rate ?? 1), decays: split.map(([, decay]) => decay ?? 0) };
}
