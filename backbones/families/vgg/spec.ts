/** VGG as data. Rows: Simonyan & Zisserman 2015, arXiv:1409.1556, table 1: convolutions between two poolings. */
// biome-ignore format: a table
export const VGGS = {
  vgg11: [1, 1, 2, 2, 2], // A
  vgg13: [2, 2, 2, 2, 2], // B
  vgg16: [2, 2, 3, 3, 3], // D
  vgg19: [2, 2, 4, 4, 4], // E
} as const satisfies { readonly [depth: string]: readonly number[] };
type Depth = keyof typeof VGGS;

/** `_bn`: with a batch norm after every convolution. */
export type VggArch = Depth | `${Depth}_bn`;

/** Width of the convolutions between two poolings. */
export const WIDTHS = [64, 128, 256, 512, 512] as const;
/** Epsilon of the batch norms. */
export const EPSILON = 1e-5;
/** Width of the dense layers before the classifier; the first sees 7x7 cells. */
export const TOP = { channels: 4096, cells: 7 } as const;
