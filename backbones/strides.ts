/** How strides and windows change the number of cells along an axis. */

export interface DilatedStage {
  /** Stride of the stage's first block. */
  readonly stride: number;
  /** Dilation in the stage's first block, cells. */
  readonly firstDilation: number;
  /** Dilation in its other blocks, cells. */
  readonly dilation: number;
}

/**
 * Strides of consecutive stages under an output stride: where the product would exceed it, a stage keeps its resolution
 * and the windows of all later blocks are spread instead, so that they see as far as before.
 *
 * @param strides      of the first blocks, from the first stage after the stem
 * @param stem         stride of what comes before
 * @param outputStride largest product
 * @param wholeStages  true: the first block of such a stage is spread as its others; false: as the stage before, as in timm
 * @source Chen et al. 2017, arXiv:1706.05587, section 3.1
 */
export function strided(
  strides: readonly number[],
  stem: number,
  outputStride: number,
  wholeStages = false,
): readonly DilatedStage[] {
  let product = stem;
  let dilation = 1;
  return strides.map((stride) => {
    const before = dilation;
    if (stride === 1 || product * stride <= outputStride) {
      product *= stride;
      return { stride, firstDilation: before, dilation };
    }
    dilation *= stride;
    return { stride: 1, firstDilation: wholeStages ? dilation : before, dilation };
  });
}

/** ceil(cells / stride): SAME padding, and symmetric padding with an odd window. */
export const ceiled =
  (stride: number) =>
  (cells: number): number =>
    Math.ceil(cells / stride);

/** A window of `kernel` cells with `pad` cells on both sides; `ceil` as in PyTorch's `ceil_mode`. */
export function windowed(kernel: number, stride: number, pad: number, ceil = false): (cells: number) => number {
  return (cells) => {
    const steps = (cells + 2 * pad - kernel) / stride;
    if (!ceil) return Math.floor(steps) + 1;
    const count = Math.ceil(steps) + 1;
    return (count - 1) * stride >= cells + pad ? count - 1 : count; // the last window starts on the image
  };
}

/** One after the other. */
export const chained =
  (...steps: readonly ((cells: number) => number)[]) =>
  (cells: number): number =>
    steps.reduce((count, step) => step(count), cells);

/**
 * Rates of stochastic depth of consecutive residual blocks: 0 for the first, growing linearly.
 *
 * @param steps after how many blocks the rate is `last`: the default reaches it in the last block
 */
export function dropPathRates(last: number, blocks: number, steps = blocks - 1): readonly number[] {
  return Array.from({ length: blocks }, (_, i) => (i === 0 ? 0 : (last * i) / steps));
}
