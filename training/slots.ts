import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../engine/checked.js';
import { ShapeError } from '../engine/errors.js';
import { flatten, type ParameterGroup, unflatten } from './parameterGroups.js';

/** What `restore` could not match: parameters that start fresh, and stored keys nobody asked for. */
export interface RestoreReport {
  readonly missing: readonly string[];
  readonly unused: readonly string[];
}

/** State that a checkpoint must hold besides the weights. Keys are `<slot>/<parameter name>`, shapes the parameter's. */
export interface Stateful {
  /** Copies; the caller owns them. */
  state(): Map<string, tf.Tensor>;
  /**
   * Overwrites the state bit for bit; what is missing keeps its initial value.
   *
   * @throws ShapeError when a stored tensor has another shape than its parameter
   */
  restore(state: ReadonlyMap<string, tf.Tensor>): RestoreReport;
}

/** One variable per group, for one named quantity per parameter (momentum, moving average, ...). */
export interface Slot extends Stateful {
  readonly variables: readonly tf.Variable[];
  dispose(): void;
}

/** @param initial the group's tensor at the start, e.g. zeros */
export function createSlot(
  name: string,
  groups: readonly ParameterGroup[],
  initial: (group: ParameterGroup) => tf.Tensor,
): Slot {
  const variables = groups.map((group) => tf.tidy(() => tf.variable(initial(group), false)));
  return {
    variables,
    state: () => stateOf(name, groups, variables),
    restore: (state) => restoreSlot(name, groups, variables, state),
    dispose: () => {
      for (const variable of variables) variable.dispose();
    },
  };
}

/** Several slots as one. */
export function joinSlots(slots: readonly Slot[]): Stateful {
  return {
    state: () => new Map(slots.flatMap((slot) => [...slot.state()])),
    restore: (state) => {
      const reports = slots.map((slot) => slot.restore(state));
      const known = reports.map(({ unused }) => new Set(unused));
      return {
        missing: reports.flatMap(({ missing }) => missing),
        unused: [...state.keys()].filter((key) => known.every((unused) => unused.has(key))),
      };
    },
  };
}

function stateOf(
  name: string,
  groups: readonly ParameterGroup[],
  variables: readonly tf.Variable[],
): Map<string, tf.Tensor> {
  const state = new Map<string, tf.Tensor>();
  groups.forEach((group, p) => {
    const parts = tf.tidy(() => unflatten(group, variables[p] as tf.Tensor).map((part) => tf.clone(part)));
    parts.forEach((part, i) => {
      state.set(`${name}/${group.names[i]}`, part);
    });
  });
  return state;
}

function restoreSlot(
  name: string,
  groups: readonly ParameterGroup[],
  variables: readonly tf.Variable[],
  state: ReadonlyMap<string, tf.Tensor>,
): RestoreReport {
  const missing: string[] = [];
  const used = new Set<string>();
  tf.tidy(() => {
    groups.forEach((group, p) => {
      const variable = valueAt(variables, p);
      const current = unflatten(group, variable);
      const parts = current.map((part, i) => {
        const key = `${name}/${group.names[i]}`;
        const stored = state.get(key);
        used.add(key);
        if (stored === undefined) missing.push(key);
        return stored === undefined ? tf.clone(part) : sameShape(key, stored, part);
      });
      variable.assign(flatten(group, parts));
    });
  });
  return { missing, unused: [...state.keys()].filter((key) => !used.has(key)) };
}

function sameShape(key: string, stored: tf.Tensor, expected: tf.Tensor): tf.Tensor {
  if (stored.shape.join() === expected.shape.join()) return stored;
  throw new ShapeError(
    `${key} has shape [${stored.shape}] in the checkpoint, the model expects [${expected.shape}]: resume with the model the run was started with`,
  );
}
