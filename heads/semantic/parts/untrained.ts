import type { Parameters } from '../../../backbones/parameters.js';

/** Creates parameters that are never trained: those that checkpoints hold and nothing runs through. */
export function untrained(parameters: Parameters): Parameters {
  return { ...parameters, create: (name, spec) => parameters.create(name, { ...spec, frozen: true }) };
}
