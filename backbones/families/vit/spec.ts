/** Vision transformers as data. Rows: Touvron et al. 2021, arXiv:2012.12877, table 1. */
export interface VitRow {
  readonly channels: number;
  readonly heads: number;
  readonly blocks: number;
}

// biome-ignore format: a table
export const VITS = {
  vit_tiny_patch16_224:  { channels: 192, heads: 3, blocks: 12 },
  vit_small_patch16_224: { channels: 384, heads: 6, blocks: 12 },
} as const satisfies { readonly [arch: string]: VitRow };
export type VitArch = keyof typeof VITS;

/** Side of a patch, pixels, and of the images they were trained on. */
export const PATCH = 16;
export const INPUT_PIXELS = 224;
/** Width between the two dense layers / width of a token. */
export const EXPANSION = 4;
export const EPSILON = 1e-6;
