import * as tf from '@tensorflow/tfjs';
import type { Parameter } from '../../backbones/module.js';
import { groupParameters, type ParameterGroup, type ParameterMap, trainable } from '../parameterGroups.js';
import type { Slot, Stateful } from '../slots.js';
import { joinSlots } from '../slots.js';

/** Scalars of one step inside the graph, by name. */
export type Scalars = { readonly [name: string]: tf.Scalar };

/** Moves the trainable parameters. Its state exists from the start and is assigned by tensor operations alone. */
export interface Optimizer extends Stateful {
  /** The trainable parameters in the order of the gradients. */
  readonly groups: readonly ParameterGroup[];
  /** Host numbers that change with the step (counted from 0); the compiled step receives them as float32 scalars. */
  scalars(step: number, learningRate: number): { readonly [name: string]: number };
  /**
   * One step. Tensors only; call inside `tf.tidy`.
   *
   * @param gradients one per group, of the group's shape
   * @param scalars   what `scalars` returned, as tensors
   */
  update(gradients: readonly tf.Tensor[], scalars: Scalars): void;
  dispose(): void;
}

export interface GroupOptions {
  /** Per step, on parameters of role `weight` only: biases, norm scales and fusion weights never decay. */
  readonly weightDecay?: number;
  /** Factor on the learning rate by parameter name, e.g. 0.25 for a pretrained backbone. Defaults to 1. */
  readonly rateOf?: (name: string) => number;
}

/** What configs say of an optimizer; null: its own default. */
export interface OptimizerSettings extends GroupOptions {
  readonly momentum: number;
  readonly nesterov: boolean;
  readonly beta1: number | null;
  readonly beta2: number | null;
  readonly epsilon: number | null;
}

/** Slots of an optimizer as its state, which it frees. */
export function stateOf(slots: readonly Slot[]): Pick<Optimizer, 'state' | 'restore' | 'dispose'> {
  return {
    ...joinSlots(slots),
    dispose: () => {
      for (const slot of slots) slot.dispose();
    },
  };
}

/** What one group is updated from. */
export type Update = [values: tf.Tensor, slot: tf.Variable, gradient: tf.Tensor];

/** The state of a group before the first step. */
export const zeros = (group: ParameterGroup): tf.Tensor => tf.zeros([...group.shape]);

/** Groups of one learning-rate factor and one weight decay each. */
export function parameterGroups(parameters: ParameterMap, { weightDecay = 0, rateOf = () => 1 }: GroupOptions) {
  const decayOf = ({ role }: Parameter): number => (role === 'weight' ? weightDecay : 0);
  const groups = groupParameters(trainable(parameters), (name, parameter) => `${rateOf(name)} ${decayOf(parameter)}`);
  const split = groups.map(({ key }) => key.split(' ').map(Number));
  return { groups, rates: split.map(([rate]) => rate ?? 1), decays: split.map(([, decay]) => decay ?? 0) };
}
