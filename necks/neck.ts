import type { FeatureMaps, FeatureSpec, Level } from '../backbones/features.js';
import type { Module, Pass } from '../backbones/module.js';

/** Feature maps -> feature maps. */
export interface Neck<In extends Level = Level, Out extends Level = Level> extends Module {
  /** Taken from `backbone.features`, never typed by hand. */
  readonly inputs: FeatureSpec<In>;
  readonly features: FeatureSpec<Out>;
  readonly forward: (maps: FeatureMaps<In>, pass: Pass) => FeatureMaps<Out>;
}
