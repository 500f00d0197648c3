/** One executed kernel of a run without values. */
export interface Operation {
  /** Name in the tfjs kernel registry. */
  readonly kernel: string;
  /** Id of its output; no other tensor of the process has it. */
  readonly id: number;
  readonly inputs: readonly Operand[];
  readonly output: readonly number[];
  /** Multiply-accumulates of a convolution or matrix product; 0 for everything else. */
  readonly macs: number;
  /** How a cell of the output lies on the cells of the first input; absent: on the one in its own place. */
  readonly window?: Window;
}

/**
 * Cell i of the output sees cells i * stride - before + k * dilation of the input, k from 0 to size - 1; height, then width.
 */
export interface Window {
  readonly size: Extent;
  readonly stride: Extent;
  readonly dilation: Extent;
  readonly before: Extent;
}
type Extent = readonly [height: number, width: number];

export interface Operand {
  readonly id: number;
  readonly shape: readonly number[];
  /** True: it depends on a tensor that was marked by `placeholder`; false: made of weights and constants alone. */
  readonly varies: boolean;
}
