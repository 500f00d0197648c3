import * as z from 'zod';
import type { Backbone } from './backbone.js';
import { featuresOf } from './build.js';
import { architectureOf, BACKBONE_ARCHS, type BackboneArch, createBackbone, type LevelsOf } from './families/index.js';
import { OUTPUT_STRIDES } from './family.js';
import { LEVELS, levelsOf } from './features.js';
import { FROZEN } from './frozen.js';

/** A backbone of any family in a config file; an unknown key is an error. */
export const backboneConfig = z
  .strictObject({
    arch: z.enum(BACKBONE_ARCHS as [...typeof BACKBONE_ARCHS]),
    /** Maps to give. Defaults to all that the network has. */
    levels: z.array(z.enum(LEVELS)).min(1).readonly().optional(),
    /** Everything up to and including this, or below these state-dict paths, is not trained, batch norm included. */
    frozen: z.union([z.enum(FROZEN), z.array(z.string().min(1)).min(1).readonly()]).default('none'),
    /** Channels of the image, 1 to 64. */
    inChannels: z.int().min(1).max(64).default(3),
    /** Input pixels per cell of the deepest map. */
    outputStride: z.literal(OUTPUT_STRIDES).default(32),
    /** Rate of stochastic depth of the last block, from 0 up to below 1. */
    dropPath: z.number().min(0).lt(1).default(0),
    /** Seed of the random initial weights. */
    seed: z.int().min(0).default(1),
  })
  .check(({ value, issues }) => {
    const offered = levelsOf(featuresOf(architectureOf(value.arch).stages));
    for (const [index, level] of (value.levels ?? []).entries()) {
      if (offered.includes(level)) continue;
      const message = `${value.arch} has no ${level}: it gives ${offered.join(', ')}`;
      issues.push({ code: 'custom', path: ['levels', index], message, input: level });
    }
  });
export type BackboneConfig = z.infer<typeof backboneConfig>;

/**
 * Builds the backbone that a config describes; the caller disposes it. Which levels it gives is known at run time only.
 *
 * @throws ConfigError for an output stride that its family cannot have, and for paths that freeze nothing
 */
export function backboneFromConfig({ levels, ...options }: BackboneConfig): Backbone {
  return createBackbone({ ...options, ...(levels ? { levels: levels as readonly LevelsOf<BackboneArch>[] } : {}) }); // checked by the schema
}
