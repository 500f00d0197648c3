/** ConvNeXt as data. */
export interface ConvNeXtRow {
  /** Blocks and widths of the four stages. */
  readonly repeats: readonly [number, number, number, number];
  readonly channels: readonly [number, number, number, number];
}

// biome-ignore format: a table
/** Rows: Liu et al. 2022, arXiv:2201.03545, section 3. */
export const CONVNEXTS = {
  convnext_tiny: { repeats: [3, 3, 9, 3], channels: [96, 192, 384, 768] },
} as const satisfies { readonly [arch: string]: ConvNeXtRow };
export type ConvNeXtArch = keyof typeof CONVNEXTS;

/** Side of the patches of the first convolution, pixels. */
export const PATCH = 4;
export const KERNEL = 7;
/** Width between the two dense layers / width of a block. */
export const EXPANSION = 4;
/** What the factors of a branch start from. */
export const LAYER_SCALE = 1e-6;
export const EPSILON = 1e-6;
/** Side of the images it was trained on. */
export const INPUT_PIXELS = 224;
