/** SENet-154 as data: Hu et al. 2018, arXiv:1709.01507, section 6.1 and appendix. Blocks and output width of every stage. */
export const STAGES = [
  { repeats: 3, channels: 256 },
  { repeats: 8, channels: 512 },
  { repeats: 36, channels: 1024 },
  { repeats: 3, channels: 2048 },
] as const;
/** Widths of the three 3x3 convolutions before them. */
export const STEM = [64, 64, 128] as const;
/** Groups of the 3x3 convolutions of a block. */
export const GROUPS = 64;
/** Width of a block's first convolution / its output width. */
export const BOTTLENECK = 0.5;
/** Squeeze-excite width / block output width. */
export const SQUEEZE = 1 / 16;
export const EPSILON = 1e-5;
