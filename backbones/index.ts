import * as z from 'zod';
import { ConfigError } from '../engine/errors.js';
import { alexNet } from './alexnet/alexnet.js';
import { alexNetConfig } from './alexnet/config.js';
import type { Backbone, Classifier } from './backbone.js';
import {
  architectureOptions,
  type BackboneOptions,
  buildBackbone,
  buildClassifier,
  type ClassifierOptions,
} from './build.js';
import { convNeXtConfig } from './convnext/config.js';
import { convNeXt } from './convnext/convnext.js';
import { denseNetConfig } from './densenet/config.js';
import { denseNet } from './densenet/densenet.js';
import { efficientFormerConfig } from './efficientformer/config.js';
import { efficientFormer } from './efficientformer/efficientformer.js';
import { efficientNetConfig } from './efficientnet/config.js';
import { efficientNet } from './efficientnet/efficientnet.js';
import type { Architecture, ArchitectureOptions, Family, OwnArchitecture } from './family.js';
import type { Level } from './features.js';
import { googLeNetConfig } from './googlenet/config.js';
import { googLeNet } from './googlenet/googlenet.js';
import { inceptionConfig } from './inception/config.js';
import { inception } from './inception/inception.js';
import { mnasNetConfig } from './mnasnet/config.js';
import { mnasNet } from './mnasnet/mnasnet.js';
import { mobileNetConfig } from './mobilenet/config.js';
import { mobileNet } from './mobilenet/mobilenet.js';
import { mobileVitConfig } from './mobilevit/config.js';
import { mobileVit } from './mobilevit/mobilevit.js';
import { nasNetConfig } from './nasnet/config.js';
import { nasNet } from './nasnet/nasnet.js';
import { regNetConfig } from './regnet/config.js';
import { regNet } from './regnet/regnet.js';
import { resNetConfig } from './resnet/config.js';
import { resNet } from './resnet/resnet.js';
import { seNetConfig } from './senet/config.js';
import { seNet } from './senet/senet.js';
import { shuffleNetConfig } from './shufflenet/config.js';
import { shuffleNet } from './shufflenet/shufflenet.js';
import { squeezeNetConfig } from './squeezenet/config.js';
import { squeezeNet } from './squeezenet/squeezenet.js';
import { vggConfig } from './vgg/config.js';
import { vgg } from './vgg/vgg.js';
import { vitConfig } from './vit/config.js';
import { vit } from './vit/vit.js';
import { xceptionConfig } from './xception/config.js';
import { xception } from './xception/xception.js';

/** Every backbone a config can name. */
export const backboneConfig = z.discriminatedUnion('kind', [
  alexNetConfig,
  convNeXtConfig,
  denseNetConfig,
  efficientFormerConfig,
  efficientNetConfig,
  googLeNetConfig,
  inceptionConfig,
  mnasNetConfig,
  mobileNetConfig,
  mobileVitConfig,
  nasNetConfig,
  regNetConfig,
  resNetConfig,
  seNetConfig,
  shuffleNetConfig,
  squeezeNetConfig,
  vggConfig,
  vitConfig,
  xceptionConfig,
]);
export type BackboneConfig = z.infer<typeof backboneConfig>;

/** Every family. */
export const FAMILIES = {
  alexnet: alexNet,
  convnext: convNeXt,
  densenet: denseNet,
  efficientformer: efficientFormer,
  efficientnet: efficientNet,
  googlenet: googLeNet,
  inception,
  mnasnet: mnasNet,
  mobilenet: mobileNet,
  mobilevit: mobileVit,
  nasnet: nasNet,
  regnet: regNet,
  resnet: resNet,
  senet: seNet,
  shufflenet: shuffleNet,
  squeezenet: squeezeNet,
  vgg,
  vit,
  xception,
} as const satisfies { readonly [K in BackboneConfig['kind']]: Family };

type Families = (typeof FAMILIES)[keyof typeof FAMILIES];
/** Every architecture, by timm's name, or torchvision's where timm has none. */
export type BackboneArch = Families['archs'][number];
/** The levels an architecture can give. */
export type LevelsOf<Arch extends BackboneArch> = Families extends infer F
  ? F extends Family<infer Own, infer L>
    ? Extract<Arch, Own> extends never
      ? never
      : L
    : never
  : never;

const BY_ARCH = new Map<string, Family>(
  Object.values<Family>(FAMILIES).flatMap((family) => family.archs.map((arch) => [arch, family] as const)),
);
export const BACKBONE_ARCHS = [...BY_ARCH.keys()] as readonly BackboneArch[];

/** Whether there is a backbone of this name. */
export function isBackboneArch(name: string): name is BackboneArch {
  return BY_ARCH.has(name);
}

/** Settings of an architecture that no table names. */
type OwnOptions<Options, L extends Level> = Omit<Options, 'arch'> & { readonly arch: OwnArchitecture<L> };

/**
 * Builds an architecture of any family as a feature pyramid; the caller disposes it.
 *
 * @param options `arch`: a name, or what `scaleEfficientNet` gives; `levels`: those to give, all when absent; only the
 * stages they need are built
 * @throws ConfigError for a name, a level or an option that does not exist
 */
export function createBackbone<Arch extends BackboneArch, L extends LevelsOf<Arch> = LevelsOf<Arch>>(
  options: BackboneOptions<Arch, L>,
): Backbone<L>;
export function createBackbone<All extends Level, L extends All = All>(
  options: OwnOptions<BackboneOptions<string, L>, All>,
): Backbone<L>;
export function createBackbone<L extends Level>({
  arch,
  ...options
}: Omit<BackboneOptions<string, L>, 'arch'> & { readonly arch: BackboneArch | OwnArchitecture }): Backbone<L> {
  const { family, name } = named(arch);
  return buildBackbone(family, { ...options, arch: name });
}

/**
 * Builds an architecture of any family with its classifier; the caller disposes it.
 *
 * @param options `arch`: a name, or what `scaleEfficientNet` gives; `classes`: width of the logits, 0 for pooled features
 * @throws ConfigError for a name or an option that does not exist
 */
export function createClassifier({
  arch,
  ...options
}: ClassifierOptions<BackboneArch> | OwnOptions<ClassifierOptions, Level>): Classifier {
  const { family, name } = named(arch);
  return buildClassifier(family, { ...options, arch: name });
}

/**
 * The numbers of an architecture, as data; makes no tensor.
 *
 * @param arch a name, or what `scaleEfficientNet` gives
 * @throws ConfigError when there is no such architecture
 */
export function architectureOf(
  arch: BackboneArch | OwnArchitecture,
  options: Partial<ArchitectureOptions> = {},
): Architecture<Level> {
  const { family, name } = named(arch);
  return family.architecture(name, architectureOptions(family, { ...options, arch: name }));
}

function named(arch: BackboneArch | OwnArchitecture): OwnArchitecture {
  return typeof arch === 'string' ? { name: arch, family: familyOf(arch) } : arch;
}

function familyOf(arch: string): Family {
  const family = BY_ARCH.get(arch);
  if (!family) throw new ConfigError(`no backbone is called '${arch}': use one of ${BACKBONE_ARCHS.join(', ')}`);
  return family;
}

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
export { type Counts, countNetwork, type ImageNetwork } from './counts.js';
export { createEfficientNet, efficientNetPlan } from './efficientnet/efficientnet.js';
export { COMPOUND, compound, type Scaling, type ScalingBases, scaleEfficientNet } from './efficientnet/scaling.js';
export { EFFICIENTNET_ARCHS, type EfficientNetArch } from './efficientnet/spec.js';
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
export type { BlockPlan, InvertedPlan } from './inverted/plan.js';
export type { InvertedLevel as EfficientNetLevel } from './inverted/spec.js';
export type { Layer, Module, Parameter, ParameterLayout, ParameterRole, Pass } from './module.js';
export { countParameters, createParameters, type ParameterSpec, type Parameters } from './parameters.js';
export { foldStem } from './stem.js';
export { ceiled, chained, type DilatedStage, dropPathRates, strided, windowed } from './strides.js';
