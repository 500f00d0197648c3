/** One executed kernel of a run without values. */
export interface Operation {
  /** Name in the tfjs kernel registry. */
  readonly kernel: string;
  readonly inputs: readonly Operand[];
  readonly output: readonly number[];
  /** Multiply-accumulates of a convolution or matrix product; 0 for everything else. */
  readonly macs: number;
}

export interface Operand {
  readonly shape: readonly number[];
  /** True: it depends on a tensor that was marked by `placeholder`; false: made of weights and constants alone. */
  readonly varies: boolean;
}
