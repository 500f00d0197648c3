/** MobileViT as data. */
export interface StageRow {
  /** Inverted residual blocks before attention, if there is any. */
  readonly repeats: number;
  readonly stride: 1 | 2;
  readonly channels: number;
  /** Width of the tokens and number of transformer blocks. Defaults to none. */
  readonly attention?: readonly [width: number, blocks: number];
}

// biome-ignore format: a table
/** Rows: Mehta & Rastegari 2022, arXiv:2110.02178, table 4. */
export const MOBILEVITS = {
  mobilevit_s: [
    { repeats: 1, stride: 1, channels: 32 },
    { repeats: 3, stride: 2, channels: 64 },
    { repeats: 1, stride: 2, channels: 96,  attention: [144, 2] },
    { repeats: 1, stride: 2, channels: 128, attention: [192, 4] },
    { repeats: 1, stride: 2, channels: 160, attention: [240, 3] },
  ],
} as const satisfies { readonly [arch: string]: readonly StageRow[] };
export type MobileVitArch = keyof typeof MOBILEVITS;

/** Channels of the convolution before the stages; below, of the one after them. */
export const STEM_CHANNELS = 16;
export const LAST_CHANNELS = { mobilevit_s: 640 } as const satisfies { readonly [A in MobileVitArch]: number };
/** Hidden width / input width of an inverted residual block, and of the dense layers of a transformer block. */
export const EXPANSION = 4;
export const MLP_EXPANSION = 2;
export const HEADS = 4;
/** Side of the patches whose cells at the same place attend to each other, cells. */
export const PATCH = 2;
export const EPSILON = 1e-5;
/** Side of the images it was trained on. */
export const INPUT_PIXELS = 256;
