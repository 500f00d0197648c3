import * as z from 'zod';
import type { FeatureSpec, Level } from '../backbones/features.js';
import type { Activation } from '../backbones/layers/index.js';
import { readSettings } from '../backbones/settings.js';
import { createBiFPN } from './bifpn.js';
import { type BiFPNConfig, bifpnConfig, simplePyramidConfig } from './config.js';
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
export type NeckKind = NeckConfig['kind'];

/** Every neck there is, by the `kind` of its config. */
export const NECKS = {
  bifpn: { config: bifpnConfig, create: createBiFPN, reads: wanted },
  'simple-pyramid': { config: simplePyramidConfig, create: createSimplePyramid, reads: deepest },
} as const satisfies {
  readonly [K in NeckKind]: {
    readonly config: z.ZodObject;
    readonly create: (config: Extract<NeckConfig, { kind: K }>, features: FeatureSpec) => Neck;
    /** Of the levels that a backbone can give, those a neck for `levels` is made from. */
    readonly reads: (levels: readonly Level[], offered: readonly Level[]) => readonly Level[];
  };
};
export const NECK_KINDS = Object.keys(NECKS) as readonly NeckKind[];

/** What a model asks of its neck, whatever its kind: each takes the settings that it knows. */
export interface NeckSettings {
  readonly levels: readonly Level[];
  /** Of every map. */
  readonly channels?: number | undefined;
  /** Cells of a BiFPN. */
  readonly repeats?: number | undefined;
  readonly fusion?: BiFPNConfig['fusion'] | undefined;
  readonly activation?: Activation | undefined;
  readonly seed?: number | undefined;
}

/**
 * The config of a neck; settings that its kind does not have are left out, those that are left open have its defaults.
 *
 * @throws ConfigError naming every setting that is out of range
 */
export function neckConfigOf(kind: NeckKind, settings: NeckSettings): NeckConfig {
  return readSettings(z.object(NECKS[kind].config.shape), { ...settings, kind }, kind) as NeckConfig;
}

/** Builds the neck that a config describes on a backbone's features. */
export function createNeck(config: NeckConfig, features: Partial<FeatureSpec>): Neck {
  const { create } = NECKS[config.kind];
  return create(config as never, features as FeatureSpec); // the table joins the config and its function
}

function wanted(levels: readonly Level[], offered: readonly Level[]): readonly Level[] {
  return offered.filter((level) => levels.includes(level));
}

function deepest(_levels: readonly Level[], offered: readonly Level[]): readonly Level[] {
  return offered.slice(-1);
}
