import * as z from 'zod';
import type { FeatureSpec } from '../backbones/features.js';
import { bifpn } from './bifpn.js';
import { fpn } from './fpn.js';
import type { Neck, NeckDefinition } from './neck.js';
import { none } from './none.js';
import { pan } from './pan.js';
import { simplePyramid } from './simplePyramid.js';

export { type BiFPNConfig, type BiFPNOptions, bifpnConfig, createBiFPN } from './bifpn.js';
export { createFPN, type FPNConfig, type FPNOptions, fpnConfig } from './fpn.js';
export { bifpnGraph, describeNode, type FusionNode, fpnGraph, type NodeName, panGraph } from './graph.js';
export type { Neck, NeckDefinition } from './neck.js';
export { createIdentityNeck } from './none.js';
export { createPAN, type PANConfig, type PANOptions, panConfig } from './pan.js';
export {
  createSimplePyramid,
  type SimplePyramidConfig,
  type SimplePyramidOptions,
  simplePyramidConfig,
} from './simplePyramid.js';

/** Every neck there is, by the `kind` of its config. */
export const NECKS = { bifpn, fpn, pan, 'simple-pyramid': simplePyramid, none } as const;
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

/** Builds the neck that a config describes on a backbone's features. */
export function createNeck(config: NeckConfig, features: Partial<FeatureSpec>): Neck {
  const { create }: NeckDefinition = NECKS[config.kind];
  return create(config, features as FeatureSpec);
}
