import * as z from 'zod';
import type { FeatureSpec } from '../backbones/features.js';
import { readSettings } from '../backbones/settings.js';
import { createModuleTable, type ModulePart, modulePart, ownSettings } from '../datasets/outside.js';
import { bifpn } from './bifpn.js';
import { channelMapper } from './channelMapper.js';
import { fpn } from './fpn.js';
import { nasFpn } from './nasFpn.js';
import type { Neck, NeckDefinition } from './neck.js';
import { none } from './none.js';
import { pan } from './pan.js';
import { simplePyramid } from './simplePyramid.js';

export { type BiFPNConfig, type BiFPNOptions, bifpnConfig, createBiFPN } from './bifpn.js';
export {
  type ChannelMapperConfig,
  type ChannelMapperOptions,
  channelMapperConfig,
  createChannelMapper,
} from './channelMapper.js';
export { createFPN, type FPNConfig, type FPNOptions, fpnConfig } from './fpn.js';
export {
  bifpnGraph,
  channelMapperGraph,
  describeNode,
  type FusionNode,
  fpnGraph,
  type NodeName,
  nasFpnGraph,
  panGraph,
} from './graph.js';
export { createNasFPN, type NasFPNConfig, type NasFPNOptions, nasFpnConfig } from './nasFpn.js';
export { defineNeck, type Neck, type NeckDefinition } from './neck.js';
export { createIdentityNeck } from './none.js';
export { createPAN, type PANConfig, type PANOptions, panConfig } from './pan.js';
export {
  createSimplePyramid,
  type SimplePyramidConfig,
  type SimplePyramidOptions,
  simplePyramidConfig,
} from './simplePyramid.js';

/** Every neck there is, by the `kind` of its config. */
export const NECKS = {
  bifpn,
  fpn,
  pan,
  'nas-fpn': nasFpn,
  'channel-mapper': channelMapper,
  'simple-pyramid': simplePyramid,
  none,
} as const;
export type NeckKind = keyof typeof NECKS;
export const NECK_KINDS = Object.keys(NECKS) as readonly NeckKind[];

type AnyNeckConfig = (typeof NECKS)[NeckKind]['config'];
/** Every neck as a config file writes it. */
export const neckConfig = z.discriminatedUnion(
  'kind',
  Object.values(NECKS).map(({ config }) => config) as unknown as readonly [AnyNeckConfig, ...AnyNeckConfig[]],
);
export type NeckConfig = z.infer<typeof neckConfig>;

type PartialOf<Schema> = Schema extends z.ZodType ? Partial<z.input<Schema>> : never;
/** Settings of a neck, those of its defaults left out. */
export type NeckInput = PartialOf<AnyNeckConfig>;

/** Necks of modules. */
const OWN = createModuleTable<NeckDefinition>('neck');
export const addNeck = OWN.add;

/** Whether there is a neck of this kind. */
const isNeckKind = (kind: string): kind is NeckKind => NECK_KINDS.some((each) => each === kind);

/** Every neck as a config file writes it, those of modules included. */
export const anyNeckConfig = z.discriminatedUnion('kind', [...neckConfig.options, modulePart]);

/**
 * What a neck is, and its settings as its own schema reads them.
 *
 * @throws ConfigError for settings that a neck of a module does not have
 */
export function neckOf(config: NeckConfig | ModulePart): {
  readonly definition: NeckDefinition;
  readonly settings: { readonly [key: string]: unknown };
} {
  if (isNeckKind(config.kind)) return { definition: NECKS[config.kind], settings: config };
  const definition = OWN.of(config);
  return {
    definition,
    settings: readSettings(definition.config, ownSettings(config, definition.config), 'model.neck'),
  };
}

/** Builds the neck that a config describes on a backbone's features. */
export function createNeck(config: NeckConfig | ModulePart, features: Partial<FeatureSpec>): Neck {
  const { definition, settings } = neckOf(config);
  return definition.create(settings, features as FeatureSpec);
}
