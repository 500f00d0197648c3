/** DenseNet as data. Rows: Huang et al. 2017, arXiv:1608.06993, table 1: layers of the four blocks. */
// biome-ignore format: a table
export const DENSENETS = {
  densenet121: [6, 12, 24, 16],
  densenet169: [6, 12, 32, 32],
  densenet201: [6, 12, 48, 32],
} as const satisfies { readonly [arch: string]: readonly number[] };
export type DenseNetArch = keyof typeof DENSENETS;

export const STEM_CHANNELS = 64;
/** Channels every layer adds, k in the paper. */
export const GROWTH = 32;
/** Width of the 1x1 convolution before every 3x3 / growth. */
export const BOTTLENECK = 4;
/** Width after a transition / before it. */
export const COMPRESSION = 0.5;
export const EPSILON = 1e-5;
/** Momentum of batch norm; PyTorch writes it as 0.1. */
export const MOMENTUM = 0.9;
