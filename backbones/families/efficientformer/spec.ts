/** EfficientFormer as data. */
export interface EfficientFormerRow {
  /** Blocks and widths of the four stages. */
  readonly repeats: readonly [number, number, number, number];
  readonly channels: readonly [number, number, number, number];
  /** Blocks at the end of the last stage that attend; all others pool. */
  readonly attending: number;
}

// biome-ignore format: a table
/** Rows: Li et al. 2022, arXiv:2206.01191, table 5. */
export const EFFICIENTFORMERS = {
  efficientformer_l1: { repeats: [3, 2, 6, 4], channels: [48, 96, 224, 448], attending: 1 },
} as const satisfies { readonly [arch: string]: EfficientFormerRow };
export type EfficientFormerArch = keyof typeof EFFICIENTFORMERS;

export const HEADS = 8;
/** Width of a query and of a key; below, that of a value. */
export const KEY_WIDTH = 32;
export const VALUE_WIDTH = 128;
/** Width between the two layers of a block / its width. */
export const EXPANSION = 4;
/** What the factors of a branch start from. */
export const LAYER_SCALE = 1e-5;
export const EPSILON = 1e-5;
/** Side of the only images it takes, and of the last map, cells. */
export const INPUT_PIXELS = 224;
export const LAST_CELLS = 7;
