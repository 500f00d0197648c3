import { z } from 'zod';
import type { Backbone } from './backbone.js';
import { efficientNetConfig } from './efficientnet/config.js';
import { createEfficientNet } from './efficientnet/efficientnet.js';
import type { EfficientNetLevel } from './efficientnet/spec.js';

/** Every backbone a config can name. */
export const backboneConfig = z.discriminatedUnion('kind', [efficientNetConfig]);
export type BackboneConfig = z.infer<typeof backboneConfig>;

export const BACKBONES = {
  efficientnet: createEfficientNet,
} satisfies {
  readonly [K in BackboneConfig['kind']]: (config: Extract<BackboneConfig, { kind: K }>) => Backbone<EfficientNetLevel>;
};

/**
 * Builds what a parsed config describes; the caller disposes it. Levels the config leaves out are absent although the
 * type names them: `levelsOf(backbone.features)` gives those present.
 */
export function createBackbone(config: BackboneConfig): Backbone<EfficientNetLevel> {
  return BACKBONES[config.kind](config);
}

export type { Backbone, Preprocessing } from './backbone.js';
export {
  EFFICIENTNET_ARCHS,
  type EfficientNetArch,
  type EfficientNetPlan,
  efficientNetPlan,
} from './efficientnet/architecture.js';
export { type Classifier, type ClassifierOptions, createClassifier } from './efficientnet/classifier.js';
export { createEfficientNet, type EfficientNetOptions } from './efficientnet/efficientnet.js';
export type { EfficientNetLevel } from './efficientnet/spec.js';
export { FROZEN, type Frozen } from './efficientnet/trunk.js';
export { type FeatureInfo, type FeatureMaps, type FeatureSpec, LEVELS, type Level, levelsOf } from './features.js';
export type { Layer, Module, Parameter, ParameterLayout, ParameterRole, Pass } from './module.js';
export { countParameters, createParameters, type ParameterSpec, type Parameters } from './parameters.js';
