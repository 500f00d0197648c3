import * as tf from '@tensorflow/tfjs';
import { createRandom, hashName } from '../engine/random.js';
import { fans, type Initialiser } from './initialisers.js';
import type { Module, Parameter, ParameterLayout, ParameterRole } from './module.js';

export interface ParameterSpec {
  /** In the memory layout: [kh, kw, in, out] for a convolution. */
  readonly shape: readonly number[];
  readonly layout: ParameterLayout;
  readonly role: ParameterRole;
  readonly initialise: Initialiser;
  /** Not trained; statistics never are. */
  readonly frozen: boolean;
}

/** Creates and owns the variables of one module. */
export interface Parameters extends Module {
  /**
   * @param name state-dict path, e.g. `blocks.2.1.conv_dw.weight`
   * @returns    a float32 variable of `spec.shape`, owned by this builder
   * @throws Error when the name is taken
   */
  create(name: string, spec: ParameterSpec): tf.Variable;
}

/** Values depend on (seed, name) alone: adding or freezing one parameter does not change another. */
export function createParameters(seed: number): Parameters {
  const parameters = new Map<string, Parameter>();
  return {
    parameters,
    create: (name, spec) => {
      if (parameters.has(name)) throw new Error(`two parameters are called '${name}'`);
      const trainable = !spec.frozen && spec.role !== 'statistic';
      const count = spec.shape.reduce((product, size) => product * size, 1);
      const random = createRandom([seed, hashName(name)]);
      const values = spec.initialise({ count, random, ...fans(spec.shape, spec.layout) });
      const variable = tf.tidy(() => tf.variable(tf.tensor(values, [...spec.shape], 'float32'), trainable));
      parameters.set(name, { variable, layout: spec.layout, role: spec.role });
      return variable;
    },
    dispose: () => {
      for (const { variable } of parameters.values()) variable.dispose();
      parameters.clear();
    },
  };
}

/** Number of parameters as papers count them: without the statistics of batch norm. */
export function countParameters(module: Module): number {
  let total = 0;
  for (const { variable, role } of module.parameters.values()) if (role !== 'statistic') total += variable.size;
  return total;
}
