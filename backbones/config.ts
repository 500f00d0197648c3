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
    arch: z
      .enum(BACKBONE_ARCHS as [...typeof BACKBONE_ARCHS])
      .describe('Architecture by its timm name, e.g. tf_efficientnet_b0 or resnet50'),
    levels: z
      .array(z.enum(LEVELS))
      .min(1)
      .readonly()
      .optional()
      .describe('Maps to give. Defaults to those that are read'),
    frozen: z
      .union([z.enum(FROZEN), z.array(z.string().min(1)).min(1).readonly()])
      .default('none')
      .describe(
        'What is not trained, batch norm included: none, stem, all, a level (everything up to and with it), or a list of parameter paths',
      ),
    inChannels: z.int().min(1).max(64).default(3).describe('Channels of the image, 1..64'),
    outputStride: z
      .literal(OUTPUT_STRIDES)
      .default(32)
      .describe('Input pixels per cell of the deepest map; below 32 convolutions are dilated instead of strided'),
    dropPath: z
      .number()
      .min(0)
      .lt(1)
      .default(0)
      .describe(
        'Stochastic depth: share of images whose last residual branch is left out in training, 0 to below 1; earlier branches grow from 0',
      ),
    seed: z.int().min(0).optional().describe('Seed of the random initial weights. Defaults to that of the network'),
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
export function backboneFromConfig({ levels, seed = 1, ...options }: BackboneConfig): Backbone {
  const chosen = levels ? { levels: levels as readonly LevelsOf<BackboneArch>[] } : {}; // checked by the schema
  return createBackbone({ ...options, ...chosen, seed });
}
