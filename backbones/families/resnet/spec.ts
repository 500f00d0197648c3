/** ResNet as data. Rows: He et al. 2016, arXiv:1512.03385, table 1; with squeeze-excite: Hu et al. 2018, arXiv:1709.01507. */
export interface ResNetRow {
  /** `basic`: two 3x3 convolutions. `bottleneck`: 1x1, 3x3 with the stride, 1x1 to four times the width. */
  readonly block: 'basic' | 'bottleneck';
  /** Blocks of the four stages. */
  readonly repeats: readonly [number, number, number, number];
  /** Squeeze-excite width / block output width. Defaults to none. */
  readonly squeeze?: number;
  /** The first 1x1 convolution has the stride, as first published, not the 3x3 one. */
  readonly stridesFirst?: boolean;
  /** Convolutions have a bias in front of their norm. */
  readonly bias?: boolean;
  /** Epsilon of the norms. Defaults to 1e-5. */
  readonly epsilon?: number;
}

// biome-ignore format: a table
export const RESNETS = {
  resnet18:   { block: 'basic',      repeats: [2, 2,  2, 2] },
  resnet34:   { block: 'basic',      repeats: [3, 4,  6, 3] },
  resnet50:   { block: 'bottleneck', repeats: [3, 4,  6, 3] },
  resnet101:  { block: 'bottleneck', repeats: [3, 4, 23, 3] },
  resnet152:  { block: 'bottleneck', repeats: [3, 8, 36, 3] },
  seresnet50: { block: 'bottleneck', repeats: [3, 4,  6, 3], squeeze: 1 / 16 },
  /** Keras's ResNet50; its released weights take the image's channels as blue, green, red. */
  keras_resnet50: { block: 'bottleneck', repeats: [3, 4, 6, 3], stridesFirst: true, bias: true, epsilon: 1.001e-5 },
} as const satisfies { readonly [arch: string]: ResNetRow };
export type ResNetArch = keyof typeof RESNETS;

/** Width of the 3x3 convolutions by stage. */
export const WIDTHS = [64, 128, 256, 512] as const;
/** Output width / width of the 3x3 convolutions. */
export const EXPANSION = { basic: 1, bottleneck: 4 } as const;
export const EPSILON = 1e-5;
