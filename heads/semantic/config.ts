import * as z from 'zod';
import { ACTIVATION_NAMES } from '../../backbones/layers/index.js';
import { semanticLossSettings } from './lossSettings.js';

/** The pyramid that the head reads, by pixels per cell of its finest map. */
export const SEMANTIC_LEVELS = { 2: ['P1', 'P2', 'P3', 'P4', 'P5'], 4: ['P2', 'P3', 'P4', 'P5'] } as const;

/** A semantic segmentation head in a config file; an unknown key is an error. */
export const semanticConfig = z.strictObject({
  kind: z.literal('semantic'),
  stride: z
    .literal([2, 4])
    .default(4)
    .describe('Pixels per cell of the finest map it reads, 2 or 4; logits are resized to the image'),
  channels: z.int().min(1).max(1024).default(64).describe('Channels between pyramid and prediction, 1..1024'),
  activation: z.enum(ACTIVATION_NAMES).default('relu').describe('Activation after every convolution'),
  ...semanticLossSettings,
  frozen: z.boolean().default(false).describe('true: not trained, batch norm included'),
  seed: z.int().min(0).optional().describe('Seed of the random initial weights. Defaults to that of the network'),
});
export type SemanticConfig = z.infer<typeof semanticConfig>;
