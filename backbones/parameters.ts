import * as tf from '@tensorflow/tfjs-core';
import { createRandom, hashName } from '../engine/random.js';
import { isWithoutValues } from '../engine/shapes/shapes.js';
import { fans, type Initialiser } from './initialisers.js';
import type { Module, Parameter, ParameterLayout, ParameterRole } from './module.js';

export interface ParameterSpec {
  /** In the memory layout: [kh, kw, in, out] for a convolution. */
  readonly shape: readonly number[];
  readonly layout: ParameterLayout;
  readonly role: ParameterRole;
  readonly initialise: Initialiser;
  /** Whether it is not trained; statistics never are. Defaults to what the owner says. */
  readonly frozen?: boolean;
  /** Epsilon that is added to a batch norm's variance. */
  readonly epsilon?: number;
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

/**
 * Values depend on (seed, name) alone: adding or freezing one parameter does not change another. Without an engine's
 * values (`withoutValues`) none are drawn.
 *
 * @param isFrozen whether the parameter of a name is not trained
 */
export function createParameters(seed: number, isFrozen: (name: string) => boolean = () => false): Parameters {
  const parameters = new Map<string, Parameter>();
  return {
    parameters,
    create: (name, spec) => {
      if (parameters.has(name)) throw new Error(`two parameters are called '${name}'`);
      const trainable = !(spec.frozen ?? isFrozen(name)) && spec.role !== 'statistic';
      const variable = tf.tidy(() => tf.variable(initialValues(seed, name, spec), trainable));
      const { layout, role, epsilon } = spec;
      parameters.set(name, epsilon === undefined ? { variable, layout, role } : { variable, layout, role, epsilon });
      return variable;
    },
    dispose: () => {
      for (const { variable } of parameters.values()) variable.dispose();
    },
  };
}

let isDrawing = true;

/**
 * Builds a network of which every parameter is loaded next: until then all are 0. Millions of random values are not drawn, which
 * take longer than to load them.
 */
export function withoutDrawing<T>(build: () => T): T {
  const outer = isDrawing;
  isDrawing = false;
  try {
    return build();
  } finally {
    isDrawing = outer;
  }
}

function initialValues(seed: number, name: string, { shape, layout, initialise }: ParameterSpec): tf.Tensor {
  if (!isDrawing || isWithoutValues()) return tf.fill([...shape], 0);
  const count = shape.reduce((product, size) => product * size, 1);
  const random = createRandom([seed, hashName(name)]);
  return tf.tensor(initialise({ count, random, ...fans(shape, layout) }), [...shape], 'float32');
}

/** Number of parameters as papers count them: without the statistics of batch norm. */
export function countParameters(module: Module): number {
  let total = 0;
  for (const { variable, role } of module.parameters.values()) if (role !== 'statistic') total += variable.size;
  return total;
}

/** Number of values that batch norm measures. */
export function countStatistics(module: Module): number {
  let total = 0;
  for (const { variable, role } of module.parameters.values()) if (role === 'statistic') total += variable.size;
  return total;
}
