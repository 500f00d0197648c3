/** Widths of an inception module's branches. */
export interface InceptionRow {
  readonly name: string;
  /** Output channels of the 1x1 branch. */
  readonly point: number;
  /** Output channels of the 1x1 convolution before the first 3x3, and of the 3x3. */
  readonly near: readonly [reduced: number, channels: number];
  /** The same of the second branch; its window is 5x5 in the paper, 3x3 in torchvision and its weights. */
  readonly far: readonly [reduced: number, channels: number];
  /** Output channels of the 1x1 convolution after the max pool. */
  readonly pool: number;
}
const inception = (
  name: string,
  point: number,
  near: InceptionRow['near'],
  far: InceptionRow['far'],
  pool: number,
): InceptionRow => ({ name, point, near, far, pool });

/** GoogLeNet as data. Rows: Szegedy et al. 2015, arXiv:1409.4842, table 1; a stage between two poolings. */
// biome-ignore format: a table
export const STAGES = [
  [inception('inception3a', 64,  [96, 128],  [16, 32],  32),
   inception('inception3b', 128, [128, 192], [32, 96],  64)],
  [inception('inception4a', 192, [96, 208],  [16, 48],  64),
   inception('inception4b', 160, [112, 224], [24, 64],  64),
   inception('inception4c', 128, [128, 256], [24, 64],  64),
   inception('inception4d', 112, [144, 288], [32, 64],  64),
   inception('inception4e', 256, [160, 320], [32, 128], 128)],
  [inception('inception5a', 256, [160, 320], [32, 128], 128),
   inception('inception5b', 384, [192, 384], [48, 128], 128)],
] as const satisfies readonly (readonly InceptionRow[])[];
/** Widths of the convolutions before them. */
export const STEM = { conv1: 64, conv2: 64, conv3: 192 } as const;
/** Windows of the four poolings; a last window over the edge counts. */
export const POOLS = [3, 3, 3, 2] as const;
export const EPSILON = 1e-3;

export const widthOf = ({ point, near, far, pool }: InceptionRow): number => point + near[1] + far[1] + pool;
