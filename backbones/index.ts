/** What exists: every family, and what a backbone is. */
export {
  type Backbone,
  type BackboneFeature,
  type BackboneSettings,
  type Classifier,
  IMAGENET,
  type Preprocessing,
  SYMMETRIC,
} from './backbone.js';
export { type BackboneOptions, type ClassifierOptions, featuresOf } from './build.js';
export { architectureFromConfig, type BackboneConfig, backboneConfig, backboneFromConfig } from './config.js';
export { type Counts, countNetwork, type ImageNetwork } from './counts.js';
export type { BlockPlan, InvertedPlan } from './families/_inverted/plan.js';
export type { InvertedLevel as EfficientNetLevel } from './families/_inverted/spec.js';
export { createEfficientNet, efficientNetPlan } from './families/efficientnet/efficientnet.js';
export {
  COMPOUND,
  compound,
  type Scaling,
  type ScalingBases,
  scaleEfficientNet,
} from './families/efficientnet/scaling.js';
export { EFFICIENTNET_ARCHS, type EfficientNetArch } from './families/efficientnet/spec.js';
export {
  addFamily,
  architectureOf,
  BACKBONE_ARCHS,
  type BackboneArch,
  createBackbone,
  createClassifier,
  defineFamily,
  FAMILIES,
  firstArchitecture,
  isBackboneArch,
  type LevelsOf,
  namedArchitecture,
} from './families/index.js';
export type {
  Architecture,
  ArchitectureOptions,
  Family,
  OutputStride,
  OwnArchitecture,
  Stage,
  Top,
} from './family.js';
export {
  type FeatureInfo,
  type FeatureMaps,
  type FeatureSpec,
  LEVELS,
  type Level,
  levelsOf,
  mapSize,
} from './features.js';
export { FROZEN, type Frozen } from './frozen.js';
export {
  joinModules,
  type Layer,
  type Module,
  type Parameter,
  type ParameterLayout,
  type ParameterRole,
  type Pass,
} from './module.js';
export { countParameters, createParameters, type ParameterSpec, type Parameters } from './parameters.js';
export { SEGMENTATION_ENCODERS, type SegmentationEncoder, segmentationEncoder } from './segmentationEncoders.js';
export { foldStem } from './stem.js';
export { ceiled, chained, type DilatedStage, dropPathRates, strided, windowed } from './strides.js';
