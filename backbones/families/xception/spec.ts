/** Xception as data. */

/** Three separable convolutions; the last has the stride. */
export interface ModuleRow {
  /** Widths after each of them. */
  readonly widths: readonly [number, number, number];
  readonly stride: 1 | 2;
  /** False: no way past it, and activations after the norms instead of before the convolutions. */
  readonly isResidual: boolean;
}
const entry = (width: number): ModuleRow => ({ widths: [width, width, width], stride: 2, isResidual: true });
const middle: ModuleRow = { widths: [728, 728, 728], stride: 1, isResidual: true };

/** Rows: Chen et al. 2018, arXiv:1802.02611, figure 4, with 8 modules in the middle as released for 41 layers. */
export const ALIGNED = {
  xception41: [
    ...[entry(128), entry(256), entry(728)],
    ...Array.from({ length: 8 }, () => middle),
    { widths: [728, 1024, 1024], stride: 2, isResidual: true },
    { widths: [1536, 1536, 2048], stride: 1, isResidual: false },
  ],
} as const satisfies { readonly [arch: string]: readonly ModuleRow[] };
/** Channels of the two convolutions before the modules; the first has stride 2. */
export const ALIGNED_STEM = [32, 64] as const;
export const ALIGNED_EPSILON = 1e-3;

/** Separable convolutions, then a max pool where the stride is 2. */
export interface BlockRow {
  /** Widths after each separable convolution. */
  readonly widths: readonly number[];
  readonly stride: 1 | 2;
}
/** Rows: Chollet 2017, arXiv:1610.02357, figure 5. */
export const BLOCKS: readonly BlockRow[] = [
  { widths: [128, 128], stride: 2 },
  { widths: [256, 256], stride: 2 },
  { widths: [728, 728], stride: 2 },
  ...Array.from({ length: 8 }, (): BlockRow => ({ widths: [728, 728, 728], stride: 1 })),
  { widths: [728, 1024], stride: 2 },
];
/** Channels of the convolutions before the blocks; below, of the separable ones after them. */
export const STEM = [32, 64] as const;
export const TAIL = [1536, 2048] as const;
/** What the releases do differently: retrained in PyTorch, and as in Keras. */
export interface Flavour {
  /** Epsilon of the norms. */
  readonly epsilon: number;
  /** Padding of the poolings. */
  readonly padding: 1 | 'same';
}
export const ORIGINALS = {
  legacy_xception: { epsilon: 1e-5, padding: 1 },
  keras_xception: { epsilon: 1e-3, padding: 'same' },
} as const satisfies { readonly [arch: string]: Flavour };
/** Momentum of the norms; PyTorch writes it as 0.1. */
export const MOMENTUM = 0.9;
/** Side of the images both were trained on. */
export const INPUT_PIXELS = 299;
