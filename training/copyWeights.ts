import type { Module } from '../backbones/module.js';
import { ConfigError } from '../engine/errors.js';

/**
 * Gives a network the weights of another one of the same parts, statistics of batch norm included.
 *
 * @throws ConfigError naming a parameter that one of them lacks or has in another shape, as the size of the input decides it
 */
export function copyWeights(from: Module, to: Module): void {
  for (const [name, { variable }] of to.parameters) {
    const source = from.parameters.get(name)?.variable;
    if (source === undefined || `${source.shape}` !== `${variable.shape}`) {
      const found = source === undefined ? 'is not there' : `is [${source.shape}]`;
      throw new ConfigError(
        `${name} is [${variable.shape}] for one size of the input and ${found} for another: train with one size alone`,
      );
    }
    variable.assign(source);
  }
}
