import { z } from 'zod';
import type { FeatureSpec, Level } from '../backbones/features.js';
import { createBiFPN } from './bifpn.js';
import { bifpnConfig, simplePyramidConfig } from './config.js';
import type { Neck } from './neck.js';
import { createSimplePyramid } from './simplePyramid.js';

export { type BiFPNOptions, createBiFPN } from './bifpn.js';
export { type BiFPNConfig, bifpnConfig, type SimplePyramidConfig, simplePyramidConfig } from './config.js';
export { bifpnGraph, describeNode, type FusionNode, type NodeName } from './graph.js';
export type { Neck } from './neck.js';
export { createSimplePyramid, type SimplePyramidOptions } from './simplePyramid.js';

/** Every neck as a config file writes it. */
export const neckConfig = z.discriminatedUnion('kind', [bifpnConfig, simplePyramidConfig]);
export type NeckConfig = z.infer<typeof neckConfig>;

/** Every neck there is, by the `kind` of its config. */
export const NECKS = { bifpn: createBiFPN, 'simple-pyramid': createSimplePyramid } satisfies {
  readonly [K in NeckConfig['kind']]: (config: Extract<NeckConfig, { kind: K }>, features: FeatureSpec) => Neck;
};

/** Builds the neck that a config describes on a backbone's features. */
export function createNeck(config: NeckConfig, features: Partial<FeatureSpec>): Neck {
  const spec = features as FeatureSpec<Level>;
  return config.kind === 'bifpn' ? NECKS.bifpn(config, spec) : NECKS['simple-pyramid'](config, spec);
}
