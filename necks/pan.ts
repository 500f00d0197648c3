import * as z from 'zod';
import type { FeatureSpec, Level } from '../backbones/features.js';
import { readSettings } from '../backbones/settings.js';
import { createConvolutionPyramid, fpnSettings } from './fpn.js';
import { panGraph } from './graph.js';
import { defineNeck, type Neck, wantedLevels } from './neck.js';

/** A path aggregation network in a config file; an unknown key is an error. */
export const panConfig = z.strictObject({ kind: z.literal('pan'), ...fpnSettings });
export type PANConfig = z.infer<typeof panConfig>;

/** The config's settings without its `kind`; those left out have the config's defaults. */
export type PANOptions<Out extends Level = Level> = Partial<Omit<PANConfig, 'kind' | 'levels'>> & {
  readonly levels: readonly Out[];
};

/**
 * Builds a path aggregation network: a feature pyramid network with a second, bottom-up path. Parameters are those of
 * `createFPN`, and `down_blocks.0.0.weight` (3x3, stride 2) and `pan_blocks.0.0.weight` (3x3) of the bottom-up path.
 *
 * @param features `backbone.features`
 * @returns        a neck whose maps have the sizes of the backbone's, and half of those above, rounded up, where it made them
 * @throws ConfigError for a setting out of range and for levels with a gap, ShapeError when the backbone lacks the finest level
 * @source Liu et al. 2018, arXiv:1803.01534, section 3.1
 */
export function createPAN<In extends Level, Out extends Level>(
  options: PANOptions<Out>,
  features: FeatureSpec<In>,
): Neck<Extract<In, Out>, Out> {
  const settings = readSettings(panConfig, { ...options, kind: 'pan' }, 'PAN');
  return createConvolutionPyramid('PAN', panGraph, settings, features);
}

/** The neck as the table of `necks/index.ts` lists it. */
export const pan = defineNeck({ config: panConfig, create: createPAN, reads: wantedLevels });
