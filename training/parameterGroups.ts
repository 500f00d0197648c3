import * as tf from '@tensorflow/tfjs';
import type { Parameter } from '../backbones/module.js';
import { valueAt } from '../engine/checked.js';

/** Elements from which a parameter is a group of its own: joining it would cost more memory than it saves operations. */
const LARGE = 2 ** 22;

/**
 * Parameters that are updated by the same arithmetic. They share one flat tensor, so that an optimizer step costs one chain
 * of operations for all of them; only a very large one is a group of its own.
 */
export interface ParameterGroup {
  /** Key of the arithmetic, as given by `keyOf`. */
  readonly key: string;
  readonly names: readonly string[];
  readonly parameters: readonly Parameter[];
  /** Elements per parameter. */
  readonly sizes: readonly number[];
  /** Shape of the group's tensor: the parameter's own, or [sum of sizes]. */
  readonly shape: readonly number[];
}

/** By state-dict name, as `Module.parameters`. */
export type ParameterMap = ReadonlyMap<string, Parameter>;

/** The parameters an optimizer moves. */
export function trainable(parameters: ParameterMap): ParameterMap {
  return new Map([...parameters].filter(([, { variable }]) => variable.trainable));
}

/** @param keyOf parameters with different keys never share a group */
export function groupParameters(
  parameters: ParameterMap,
  keyOf: (name: string, parameter: Parameter) => string,
): ParameterGroup[] {
  const groups: ParameterGroup[] = [];
  const flat = new Map<string, [string, Parameter][]>();
  for (const [name, parameter] of parameters) {
    const key = keyOf(name, parameter);
    if (parameter.variable.size >= LARGE) {
      groups.push(joined(key, [[name, parameter]]));
    } else {
      const members = flat.get(key) ?? [];
      flat.set(key, [...members, [name, parameter]]);
    }
  }
  for (const [key, members] of flat) groups.push(joined(key, members));
  return groups;
}

/** One tensor per parameter -> the group's tensor, which is the parameter's own where there is one. Call inside `tf.tidy`. */
export function flatten(group: ParameterGroup, tensors: readonly tf.Tensor[]): tf.Tensor {
  const [first] = tensors;
  if (first !== undefined && group.names.length === 1) return first;
  return tf.concat1d(tensors.map((tensor) => tf.reshape(tensor, [tensor.size])));
}

/** The group's tensor -> one tensor per parameter. Call inside `tf.tidy`. */
export function unflatten(group: ParameterGroup, packed: tf.Tensor): tf.Tensor[] {
  if (group.names.length === 1) return [packed];
  const parts = tf.split(packed, [...group.sizes]);
  return group.parameters.map(({ variable }, i) => tf.reshape(valueAt(parts, i), variable.shape));
}

/** The group's current values. */
export function flattenVariables(group: ParameterGroup): tf.Tensor {
  return flatten(
    group,
    group.parameters.map(({ variable }) => variable),
  );
}

/** Sets the group's parameters. */
export function assignVariables(group: ParameterGroup, packed: tf.Tensor): void {
  unflatten(group, packed).forEach((value, i) => {
    group.parameters[i]?.variable.assign(value);
  });
}

function joined(key: string, members: readonly [string, Parameter][]): ParameterGroup {
  const [first] = members;
  const sizes = members.map(([, { variable }]) => variable.size);
  return {
    key,
    names: members.map(([name]) => name),
    parameters: members.map(([, parameter]) => parameter),
    sizes,
    shape: members.length === 1 && first ? first[1].variable.shape : [sizes.reduce((sum, size) => sum + size, 0)],
  };
}
