/** ShuffleNetV2 as data. Rows: Ma et al. 2018, arXiv:1807.11164, table 5: widths of the three stages and of the last convolution. */
// biome-ignore format: a table
export const SHUFFLENETS = {
  shufflenet_v2_x0_5: [48,  96,  192, 1024],
  shufflenet_v2_x1_0: [116, 232, 464, 1024],
  shufflenet_v2_x1_5: [176, 352, 704, 1024],
  shufflenet_v2_x2_0: [244, 488, 976, 2048],
} as const satisfies { readonly [arch: string]: readonly [number, number, number, number] };
export type ShuffleNetArch = keyof typeof SHUFFLENETS;

/** Units of the three stages. */
export const REPEATS = [4, 8, 4] as const;
export const STEM_CHANNELS = 24;
export const EPSILON = 1e-5;
