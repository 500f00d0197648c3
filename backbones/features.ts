import type { Tensor4D } from '@tensorflow/tfjs-core';

/** Level names of a feature pyramid: the stride of `Pn` is 2 ** n unless an output stride says otherwise. */
export const LEVELS = ['P0', 'P1', 'P2', 'P3', 'P4', 'P5', 'P6', 'P7', 'P8'] as const;
export type Level = (typeof LEVELS)[number];

/** What a consumer must know of one map before any tensor exists. */
export interface FeatureInfo {
  /** C of [N, H, W, C]. */
  readonly channels: number;
  /** Input pixels per cell. */
  readonly stride: number;
  /** Where the map is read, e.g. 'blocks.4'; used to freeze and to debug. */
  readonly tap: string;
  /** Size of the map of an image, both [height, width] in pixels and cells. Defaults to ceil(size / stride). */
  readonly sizeOf?: (height: number, width: number) => readonly [height: number, width: number];
}

/** One map per level, finest first. */
export type FeatureSpec<L extends Level = Level> = { readonly [K in L]: FeatureInfo };

/** float32 NHWC, [N, ...sizeOf(H, W), channels]; the caller owns them. */
export type FeatureMaps<L extends Level = Level> = { readonly [K in L]: Tensor4D };

/** Levels of a spec, finest first. */
export function levelsOf<L extends Level>(spec: FeatureSpec<L>): readonly L[] {
  return LEVELS.filter((level): level is L => level in spec);
}

/** Cells of a level for an image of `height` x `width` pixels. */
export function mapSize(info: FeatureInfo, height: number, width: number): readonly [height: number, width: number] {
  return info.sizeOf?.(height, width) ?? [Math.ceil(height / info.stride), Math.ceil(width / info.stride)];
}
