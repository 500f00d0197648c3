import * as z from 'zod';
import { moduleKeys } from '../datasets/outside.js';
import { EspalierError } from '../engine/errors.js';
import type { Backbone } from './backbone.js';
import { featuresOf } from './build.js';
import { architectureOf, BACKBONE_ARCHS, createBackbone, isBackboneArch, namedArchitecture } from './families/index.js';
import type { OwnArchitecture } from './family.js';
import { OUTPUT_STRIDES } from './family.js';
import { LEVELS, type Level, levelsOf } from './features.js';
import { FROZEN } from './frozen.js';

/** A backbone of any family in a config file; an unknown key is an error. */
export const backboneConfig = z
  .strictObject({
    arch: z
      .string()
      .meta({ enum: BACKBONE_ARCHS })
      .describe('Architecture by its timm name, e.g. tf_efficientnet_b0 or resnet50'),
    module: moduleKeys.module
      .optional()
      .describe('Path of an ES module with a family of backbones, relative to this file'),
    sha256: moduleKeys.sha256,
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
    const { arch, module } = value;
    if (module === undefined && !isBackboneArch(arch)) {
      issues.push({ code: 'invalid_value', values: [...BACKBONE_ARCHS], path: ['arch'], input: arch });
      return;
    }
    const own = ownArchitecture(value);
    if (typeof own === 'string') {
      issues.push({ code: 'custom', path: ['arch'], message: own, input: arch });
      return;
    }
    const offered = levelsOf(featuresOf(architectureOf(own).stages));
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
export function backboneFromConfig({
  levels,
  seed = 1,
  arch,
  module,
  sha256: _,
  ...options
}: BackboneConfig): Backbone {
  const chosen: { readonly levels?: readonly Level[] } = levels ? { levels } : {}; // checked by the schema
  return createBackbone({ ...options, ...chosen, arch: namedArchitecture(arch, module), seed });
}

/** The architecture that a config names. @throws ConfigError when there is none */
export const architectureFromConfig = ({ arch, module }: Pick<BackboneConfig, 'arch' | 'module'>): OwnArchitecture =>
  namedArchitecture(arch, module);

/** The architecture of a config, or why there is none. */
function ownArchitecture({ arch, module }: { readonly arch: string; readonly module?: string | undefined }) {
  try {
    return namedArchitecture(arch, module);
  } catch (error) {
    if (error instanceof EspalierError) return error.message;
    throw error;
  }
}
