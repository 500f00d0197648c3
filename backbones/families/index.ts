import { createModuleTable } from '../../datasets/outside.js';
import { ConfigError } from '../../engine/errors.js';
import type { Backbone, Classifier } from '../backbone.js';
import {
  architectureOptions,
  type BackboneOptions,
  buildBackbone,
  buildClassifier,
  type ClassifierOptions,
} from '../build.js';
import type { Architecture, ArchitectureOptions, Family, OwnArchitecture } from '../family.js';
import type { Level } from '../features.js';
import { alexNet } from './alexnet/alexnet.js';
import { convNeXt } from './convnext/convnext.js';
import { denseNet } from './densenet/densenet.js';
import { efficientFormer } from './efficientformer/efficientformer.js';
import { efficientNet } from './efficientnet/efficientnet.js';
import { googLeNet } from './googlenet/googlenet.js';
import { inception } from './inception/inception.js';
import { mnasNet } from './mnasnet/mnasnet.js';
import { mobileNet } from './mobilenet/mobilenet.js';
import { mobileVit } from './mobilevit/mobilevit.js';
import { nasNet } from './nasnet/nasnet.js';
import { regNet } from './regnet/regnet.js';
import { resNet } from './resnet/resnet.js';
import { seNet } from './senet/senet.js';
import { shuffleNet } from './shufflenet/shufflenet.js';
import { squeezeNet } from './squeezenet/squeezenet.js';
import { vgg } from './vgg/vgg.js';
import { vit } from './vit/vit.js';
import { xception } from './xception/xception.js';

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
} as const satisfies { readonly [name: string]: Family };

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

/** Families of modules. */
const OWN = createModuleTable<Family>('backbone');
export const addFamily = OWN.add;

/** Checks that the architectures of a family of one's own belong together. */
export function defineFamily<Arch extends string, L extends Level>(family: Family<Arch, L>): Family<Arch, L> {
  return family;
}

/**
 * The architecture that a config names: one of the table, or one of a module's family.
 *
 * @param module path of the module. Defaults to the table's
 * @throws ConfigError when there is no such architecture, or its module was not loaded
 */
export function namedArchitecture(arch: string, module?: string): OwnArchitecture {
  if (module === undefined) return { name: arch, family: familyOf(arch) };
  const family = OWN.of({ module });
  if (family.archs.includes(arch)) return { name: arch, family };
  throw new ConfigError(`no backbone of ${module} is called '${arch}': use one of ${family.archs.join(', ')}`);
}

/** The first architecture of a module's family: the one that a config without a name means. */
export const firstArchitecture = (module: string): string | undefined => OWN.of({ module }).archs[0];

/** Settings of an architecture that no table names. */
type OwnOptions<Options, L extends Level> = Omit<Options, 'arch'> & { readonly arch: OwnArchitecture<L> };

/**
 * Builds an architecture of any family as a feature pyramid; the caller disposes it.
 *
 * @param options `arch`: a name, or what `scaleEfficientNet` gives; `levels`: those to give, by default all; only the
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
