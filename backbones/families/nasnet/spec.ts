/** NASNet and PNASNet as data: cells found by search, and how they follow each other. */

/** What a cell sees: the map of the cell before the last one, and of the last one. */
export type Source = 'previous' | 'current';
/** A separable convolution applied twice, a pooling of 3x3, a 1x1 convolution, or the input as it is. */
export type Operation = 'separable3' | 'separable5' | 'separable7' | 'average' | 'maximum' | 'pointwise' | 'identity';
/** An operation on a source, or on the result of an earlier pair of the cell. */
export type Branch = readonly [operation: Operation, of: Source | number];
export interface CellSpec {
  /** Each is the sum of two branches. */
  readonly pairs: readonly (readonly [left: Branch, right: Branch])[];
  /** What the cell's map is made of, side by side. */
  readonly joins: readonly (Source | number)[];
}

// biome-ignore format: a table
/** Zoph et al. 2018, arXiv:1707.07012, figure 4: NASNet-A, the cell that keeps the resolution. */
export const NASNET_NORMAL: CellSpec = {
  pairs: [
    [['separable5', 'current'], ['separable3', 'previous']],
    [['separable5', 'previous'], ['separable3', 'previous']],
    [['average', 'current'], ['identity', 'previous']],
    [['average', 'previous'], ['average', 'previous']],
    [['separable3', 'current'], ['identity', 'current']],
  ],
  joins: ['previous', 0, 1, 2, 3, 4],
};
// biome-ignore format: a table
/** The same figure: the cell that halves it. */
export const NASNET_REDUCTION: CellSpec = {
  pairs: [
    [['separable5', 'current'], ['separable7', 'previous']],
    [['maximum', 'current'], ['separable7', 'previous']],
    [['average', 'current'], ['separable5', 'previous']],
    [['identity', 1], ['average', 0]],
    [['separable3', 0], ['maximum', 'current']],
  ],
  joins: [1, 2, 3, 4],
};
// biome-ignore format: a table
/** Liu et al. 2018, arXiv:1712.00559, figure 1: PNASNet-5. */
export const PNASNET_NORMAL: CellSpec = {
  pairs: [
    [['separable5', 'previous'], ['maximum', 'previous']],
    [['separable7', 'current'], ['maximum', 'current']],
    [['separable5', 'current'], ['separable3', 'current']],
    [['separable3', 2], ['maximum', 'current']],
    [['separable3', 'previous'], ['identity', 'current']],
  ],
  joins: [0, 1, 2, 3, 4],
};
// biome-ignore format: a table
/** The same, its identity replaced by a convolution that halves the resolution. */
export const PNASNET_REDUCTION: CellSpec = {
  pairs: [
    ...PNASNET_NORMAL.pairs.slice(0, 4),
    [['separable3', 'previous'], ['pointwise', 'current']],
  ],
  joins: PNASNET_NORMAL.joins,
};

export interface NetworkSpec {
  readonly normal: CellSpec;
  readonly reduction: CellSpec;
  /** State-dict path of the convolution before the cells, and its width. */
  readonly stem: readonly [path: string, channels: number];
  /** State-dict paths of the cells of P2, P3, P4 and P5; the first of each level halves the resolution. */
  readonly levels: readonly (readonly string[])[];
  /** Width inside the cells of P3 but the first; half as much in the level before and that cell, twice in each after. */
  readonly channels: number;
  /** True: where the resolution falls in P4 and P5, the next cell sees the halving cell's own previous map again. */
  readonly skipsBack: boolean;
  /** What halves the previous map's resolution lies below this path of the cell; '' : in the cell itself. */
  readonly halving: string;
}
const cells = (from: number, to: number): readonly string[] =>
  Array.from({ length: to - from + 1 }, (_, i) => `cell_${from + i}`);

/** Released as "large". Numbers: Zoph et al. 2018, section 4.1 (6 @ 4032); Liu et al. 2018, section 5.2 (N = 4, F = 216). */
export const NETWORKS = {
  nasnetalarge: {
    normal: NASNET_NORMAL,
    reduction: NASNET_REDUCTION,
    stem: ['conv0', 96],
    channels: 168,
    levels: [
      ['cell_stem_0'],
      ['cell_stem_1', ...cells(0, 5)],
      ['reduction_cell_0', ...cells(6, 11)],
      ['reduction_cell_1', ...cells(12, 17)],
    ],
    skipsBack: true,
    halving: '',
  },
  pnasnet5large: {
    normal: PNASNET_NORMAL,
    reduction: PNASNET_REDUCTION,
    stem: ['conv_0', 96],
    channels: 216,
    levels: [['cell_stem_0'], ['cell_stem_1', ...cells(0, 3)], cells(4, 7), cells(8, 11)],
    skipsBack: false,
    halving: 'conv_prev_1x1',
  },
} as const satisfies { readonly [arch: string]: NetworkSpec };
export type NasNetArch = keyof typeof NETWORKS;

export const EPSILON = 1e-3;
/** Side of the images they were trained on. */
export const INPUT_PIXELS = 331;
