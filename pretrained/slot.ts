import type { Parameter } from '../backbones/module.js';

/** What has to be known of a parameter to fill it. */
export interface ParameterSlot extends Pick<Parameter, 'layout' | 'role' | 'epsilon'> {
  readonly variable: { readonly shape: readonly number[] };
}

/** The parameters of a network, with or without values. */
export interface Slots {
  readonly parameters: ReadonlyMap<string, ParameterSlot>;
}
