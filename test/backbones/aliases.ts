import type { BackboneArch } from '../../backbones/index.js';
import type { Rename } from './formulaWeights.js';

/** A golden of a network that we have under another library's name, and its parameters' names there. */
export interface Alias {
  readonly golden: string;
  readonly arch: BackboneArch;
  readonly rename: Rename;
}

export const ALIASES: readonly Alias[] = [];
