import * as z from 'zod';
import { LEVELS } from '../backbones/features.js';
import { ACTIVATION_NAMES } from '../backbones/layers/index.js';

/** A BiFPN in a config file; an unknown key is an error. */
export const bifpnConfig = z.strictObject({
  kind: z.literal('bifpn'),
  /** Levels without a gap; those deeper than the backbone's are made by pooling. */
  levels: z.array(z.enum(LEVELS)).min(2).readonly().default(['P3', 'P4', 'P5', 'P6', 'P7']),
  /** Of every map, 1 to 1024. */
  channels: z.int().min(1).max(1024).default(64),
  /** Cells, 1 to 16. */
  repeats: z.int().min(1).max(16).default(3),
  /** `fast`: learned weights, normalised by their sum. `sum`: plain sum. */
  fusion: z.enum(['fast', 'sum']).default('fast'),
  activation: z.enum(ACTIVATION_NAMES).default('swish'),
  /** True: not trained, batch norm included. */
  frozen: z.boolean().default(false),
  /** Of the random initial weights. */
  seed: z.int().min(0).default(1),
});
export type BiFPNConfig = z.infer<typeof bifpnConfig>;

/** A simple feature pyramid in a config file; an unknown key is an error. */
export const simplePyramidConfig = z.strictObject({
  kind: z.literal('simple-pyramid'),
  /** Any; finer than the backbone's map by doubling it, coarser by pooling. */
  levels: z.array(z.enum(LEVELS)).min(1).readonly().default(['P2', 'P3', 'P4', 'P5']),
  /** Of every map, 1 to 1024. */
  channels: z.int().min(1).max(1024).default(256),
  /** True: not trained. */
  frozen: z.boolean().default(false),
  /** Of the random initial weights. */
  seed: z.int().min(0).default(1),
});
export type SimplePyramidConfig = z.infer<typeof simplePyramidConfig>;
