import * as tf from '@tensorflow/tfjs';
import type { Parameter } from '../backbones/module.js';
import { valueAt } from '../engine/checked.js';

/** Elements from which a parameter is a pack of its own: joining it would cost more memory than it saves operations. */
const LARGE = 2 ** 22;

/**
 * Parameters that are updated by the same arithmetic. They share one flat tensor, so that an optimizer step costs one chain
 * of operations for all of them; only a very large one is a pack of its own.
 */
export interface Pack {
  /** Key of the arithmetic, as given by `keyOf`. */
  readonly key: string;
  readonly names: readonly string[];
  readonly parameters: readonly Parameter[];
  /** Elements per parameter. */
  readonly sizes: readonly number[];
  /** Shape of the pack's tensor: the parameter's own, or [sum of sizes]. */
  readonly shape: readonly number[];
}

/** By state-dict name, as `Module.parameters`. */
export type ParameterMap = ReadonlyMap<string, Parameter>;

/** The parameters an optimizer moves. */
export function trainable(parameters: ParameterMap): ParameterMap {
  return new Map([...parameters].filter(([, { variable }]) => variable.trainable));
}

/** @param keyOf parameters with different keys never share a pack */
export function packParameters(
  parameters: ParameterMap,
  keyOf: (name: string, parameter: Parameter) => string,
): Pack[] {
  const packs: Pack[] = [];
  const flat = new Map<string, [string, Parameter][]>();
  for (const [name, parameter] of parameters) {
    const key = keyOf(name, parameter);
    if (parameter.variable.size >= LARGE) {
      packs.push(joined(key, [[name, parameter]]));
    } else {
      const members = flat.get(key) ?? [];
      flat.set(key, [...members, [name, parameter]]);
    }
  }
  for (const [key, members] of flat) packs.push(joined(key, members));
  return packs;
}

/** One tensor per parameter -> the pack's tensor, which is the parameter's own where there is one. Call inside `tf.tidy`. */
export function gather(pack: Pack, tensors: readonly tf.Tensor[]): tf.Tensor {
  const [first] = tensors;
  if (first !== undefined && pack.names.length === 1) return first;
  return tf.concat1d(tensors.map((tensor) => tf.reshape(tensor, [tensor.size])));
}

/** The pack's tensor -> one tensor per parameter. Call inside `tf.tidy`. */
export function scatter(pack: Pack, packed: tf.Tensor): tf.Tensor[] {
  if (pack.names.length === 1) return [packed];
  const parts = tf.split(packed, [...pack.sizes]);
  return pack.parameters.map(({ variable }, i) => tf.reshape(valueAt(parts, i), variable.shape));
}

/** The pack's current values. */
export function gatherVariables(pack: Pack): tf.Tensor {
  return gather(
    pack,
    pack.parameters.map(({ variable }) => variable),
  );
}

/** Sets the pack's parameters. */
export function assignVariables(pack: Pack, packed: tf.Tensor): void {
  scatter(pack, packed).forEach((value, i) => {
    pack.parameters[i]?.variable.assign(value);
  });
}

function joined(key: string, members: readonly [string, Parameter][]): Pack {
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
