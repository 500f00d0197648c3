import { type BackboneArch, isBackboneArch } from '../backbones/index.js';
import { ConfigError } from '../engine/errors.js';
import { PRESET_NAMES, PRESETS, type PresetName } from '../heads/index.js';
import type { WeightsName } from './catalogue.js';
import { RELEASED_WEIGHTS, type ReleasedName, type ReleasedWeights, type WeightTask } from './released.js';

/** Networks that torchvision and we name differently. */
const TORCHVISION_NAMES: { readonly [name: string]: BackboneArch } = {
  mnasnet0_75: 'mnasnet_075',
  mobilenet_v2: 'mobilenetv2_100',
  mobilenet_v3_large: 'mobilenetv3_large_100',
  mobilenet_v3_small: 'mobilenetv3_small_100',
  regnet_y_400mf: 'regnety_004',
  regnet_y_800mf: 'regnety_008',
  regnet_y_1_6gf: 'regnety_016',
  regnet_y_3_2gf: 'regnety_032',
};

/** effdet's name of each preset; `_ap`: the same network trained with AdvProp. */
const EFFDET_NAMES: ReadonlyMap<string, PresetName> = new Map(
  PRESET_NAMES.flatMap((preset) => {
    const name = `tf_${preset.replaceAll('-', '_')}`;
    return [name, `${name}_ap`].map((own) => [own, preset] as const);
  }),
);

/** The network of this library that a checkpoint fits; null: none. */
export function networkOf({ arch, task }: Pick<ReleasedWeights, 'arch' | 'task'>): Network | null {
  return NETWORKS[task](arch);
}

type Network = { readonly backbone: BackboneArch } | { readonly preset: PresetName };

/** The network of a publisher's name, by what its checkpoints are for. */
const NETWORKS: { readonly [Task in WeightTask]: (arch: string) => Network | null } = {
  classification: (arch) => {
    const backbone = TORCHVISION_NAMES[arch] ?? arch;
    return isBackboneArch(backbone) ? { backbone } : null;
  },
  detection: presetNamed,
  segmentation: presetNamed,
};

function presetNamed(arch: string): Network | null {
  const preset = EFFDET_NAMES.get(arch);
  return preset === undefined ? null : { preset };
}

export interface WeightsFilter {
  readonly task?: WeightTask | undefined;
  /** Name of a network: the publisher's, or ours. */
  readonly arch?: string | undefined;
}

/** The published checkpoints of a task or a network, in the catalogue's order. */
export function releasedWeights({ task, arch }: WeightsFilter = {}): readonly ReleasedWeights[] {
  return RELEASED_WEIGHTS.filter((entry) => {
    if (task !== undefined && entry.task !== task) return false;
    return arch === undefined || entry.arch === arch || Object.values<string>(networkOf(entry) ?? {}).includes(arch);
  });
}

/** Trainings by the end of a checkpoint's name, the more data or the longer the better, best first. */
const TRAININGS = ['in21k_ft_in1k', 'ns_jft_in1k', 'a1_in1k', 'ra2_in1k', 'ra_in1k', 'tv2_in1k', 'V2', 'in1k', 'V1'];

/**
 * The checkpoint to start a network from when its user names none: of those with 1000 ImageNet or 90 COCO classes, one that
 * may be used commercially, of the best training.
 *
 * @param arch the network's name, ours or the publisher's
 */
export function bestWeights(arch: string): ReleasedWeights | undefined {
  const rank = ({ name }: ReleasedWeights): number => {
    const index = TRAININGS.findIndex((training) => name.endsWith(training));
    return index < 0 ? TRAININGS.length : index;
  };
  const usable = releasedWeights({ arch }).filter(
    ({ classes, licence }) => (classes === 1000 || classes === 90) && !licence.includes('-nc'),
  );
  return [...usable].sort((a, b) => rank(a) - rank(b))[0]; // stable: the catalogue's order among equals
}

/** The checkpoint of this name, or the best of the network of this name. */
export function findReleased(name: string): ReleasedWeights | undefined {
  return RELEASED_WEIGHTS.find((entry) => entry.name === name) ?? bestWeights(name);
}

/** The backbone of the network that a checkpoint fits; undefined: none. */
export function backboneOf(entry: ReleasedWeights): BackboneArch | undefined {
  const network = networkOf(entry);
  if (network === null) return undefined;
  return 'preset' in network ? PRESETS[network.preset].backbone.arch : network.backbone;
}

/** What `weights: imagenet` and `weights: coco` are short for. */
export const GENERAL_WEIGHTS = { imagenet: 'classification', coco: 'detection' } as const;

/** Name of published weights. */
export type PublishedName = WeightsName | ReleasedName | keyof typeof GENERAL_WEIGHTS;

/** Published weights by name, which editors complete, or any other text: a file, or the name of a network. */
export type WeightsSource = PublishedName | (string & Readonly<Record<never, never>>);

/** The best checkpoint of a task whose backbone is this one. */
const FITTING = {
  classification: bestWeights,
  detection: (backbone: string) =>
    releasedWeights({ task: 'detection' }).find((entry) => backboneOf(entry) === backbone),
} as const;

/**
 * The checkpoint that starts a network on this backbone.
 *
 * @param name     of a checkpoint, of a network (its best one), or `imagenet` or `coco`: the best that the backbone fits
 * @param backbone our name of the network's backbone
 * @throws ConfigError when there is none
 */
export function startingWeights(name: string, backbone: string): ReleasedWeights {
  const task = Object.hasOwn(GENERAL_WEIGHTS, name) ? GENERAL_WEIGHTS[name as keyof typeof GENERAL_WEIGHTS] : undefined;
  if (task === undefined) {
    const found = findReleased(name);
    if (found) return found;
    throw new ConfigError(`there are no weights '${name}': 'espalier weights list' names all there are`);
  }
  const fitting = FITTING[task](backbone);
  if (fitting) return fitting;
  throw new ConfigError(`no published ${name} weights fit ${backbone}: 'espalier weights list' names all there are`);
}
