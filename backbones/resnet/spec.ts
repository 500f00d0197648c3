/** ResNet as data. Rows: He et al. 2016, arXiv:1512.03385, table 1. */
export interface ResNetRow {
  /** `basic`: two 3x3 convolutions. `bottleneck`: 1x1, 3x3 with the stride, 1x1 to four times the width. */
  readonly block: 'basic' | 'bottleneck';
  /** Blocks of the four stages. */
  readonly repeats: readonly [number, number, number, number];
}

// biome-ignore format: a table
export const RESNETS = {
  resnet50: { block: 'bottleneck', repeats: [3, 4, 6, 3] },
} as const satisfies { readonly [arch: string]: ResNetRow };
export type ResNetArch = keyof typeof RESNETS;

/** Width of the 3x3 convolutions by stage. */
export const WIDTHS = [64, 128, 256, 512] as const;
/** Output width / width of the 3x3 convolutions. */
export const EXPANSION = { basic: 1, bottleneck: 4 } as const;
export const EPSILON = 1e-5;
/** PyTorch writes it as 0.1. */
export const MOMENTUM = 0.9;
