import * as z from 'zod';
import { type FeatureSpec, LEVELS, type Level } from '../backbones/features.js';
import { defineNeck, type Neck, wantedLevels } from './neck.js';

/** No neck in a config file: the head reads the backbone's maps. */
export const noneConfig = z.strictObject({
  kind: z.literal('none'),
  levels: z
    .array(z.enum(LEVELS))
    .min(1)
    .readonly()
    .default(['P1', 'P2', 'P3', 'P4', 'P5'])
    .describe('Levels to give, as far as the backbone has them'),
});

/** Gives a backbone's maps as they are. */
export function createIdentityNeck<L extends Level>(features: FeatureSpec<L>): Neck<L, L> {
  return { inputs: features, features, parameters: new Map(), dispose: () => {}, forward: (maps) => maps };
}

/** The neck as the table of `necks/index.ts` lists it. */
export const none = defineNeck({
  config: noneConfig,
  create: (_config, features) => createIdentityNeck(features),
  reads: wantedLevels,
});
