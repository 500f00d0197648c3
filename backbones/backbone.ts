import type { Tensor4D } from '@tensorflow/tfjs';
import type { FeatureMaps, FeatureSpec, Level } from './features.js';
import type { Module, Pass } from './module.js';

/** What the weights expect of an image; travels with them into every checkpoint and export. */
export interface Preprocessing {
  /** Channel order of the decoded image. */
  readonly channels: 'RGB';
  /** Per channel, in units of the 0..255 pixel: network input = (pixel - mean) / std. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}

/** [N, H, W, 3] normalised images -> one map per level. */
export interface Backbone<L extends Level = Level> extends Module {
  readonly features: FeatureSpec<L>;
  readonly preprocessing: Preprocessing;
  /**
   * @param images [N, H, W, 3] float32, normalised as `preprocessing` says
   * @returns      one [N, ceil(H / stride), ceil(W / stride), channels] float32 map per level; the caller owns them
   */
  forward(images: Tensor4D, pass: Pass): FeatureMaps<L>;
}
