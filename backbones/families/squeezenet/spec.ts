/** A fire module: the module it is among `features`, and its widths. */
export interface FireRow {
  readonly index: number;
  /** Output channels of the 1x1 convolution that both others see. */
  readonly squeeze: number;
  /** Output channels of the 1x1 and of the 3x3 convolution, which are concatenated. */
  readonly expand: number;
}
const fire = (index: number, squeeze: number, expand: number): FireRow => ({ index, squeeze, expand });

/** SqueezeNet 1.1 as data: the release's network with poolings moved up; fires between two poolings. */
// biome-ignore format: a table
export const STAGES = [
  [fire(3, 16, 64),  fire(4, 16, 64)],
  [fire(6, 32, 128), fire(7, 32, 128)],
  [fire(9, 48, 192), fire(10, 48, 192), fire(11, 64, 256), fire(12, 64, 256)],
] as const satisfies readonly (readonly FireRow[])[];
export const STEM_CHANNELS = 64;
/** Before each stage; a last window over the edge counts. */
export const POOLING = { window: 3, stride: 2, ceil: true } as const;
