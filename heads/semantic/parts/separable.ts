import { type Initialiser, reciprocalUniform } from '../../../backbones/initialisers.js';
import { convolution, depthwise, type MapLayer, sequence } from '../../../backbones/layers/index.js';
import type { Parameters } from '../../../backbones/parameters.js';

export interface SeparableOptions {
  readonly inChannels: number;
  readonly outChannels: number;
  /** Cells from one tap to the next. Defaults to 1. */
  readonly dilation?: number;
  readonly initialise?: Initialiser;
}

/** 3x3 depthwise, then 1x1, both without a bias. Parameters `path.0.weight`, `path.1.weight`. */
export function separable(parameters: Parameters, path: string, options: SeparableOptions): MapLayer {
  const { inChannels, outChannels, dilation = 1, initialise = reciprocalUniform } = options;
  const shared = { stride: 1, padding: 'symmetric', bias: false, initialise } as const;
  return sequence([
    depthwise(parameters, `${path}.0`, { ...shared, kernel: 3, dilation, channels: inChannels }),
    convolution(parameters, `${path}.1`, { ...shared, kernel: 1, inChannels, outChannels }),
  ]);
}
