import * as z from 'zod';
import { instanceSettings } from '../instance/config.js';
import { semanticLossSettings } from '../semantic/lossSettings.js';

/** What the classes without objects are predicted by. */
const stuffConfig = z.strictObject({
  channels: z.int().min(1).max(1024).default(64).describe('Channels between pyramid and prediction, 1..1024'),
  ...semanticLossSettings,
  weight: z.number().min(0).max(1000).default(0.5).describe('Factor of its loss in the total, 0..1000'),
});

/** How objects and classes become one answer. */
const mergeConfig = z.strictObject({
  scoreThreshold: z.number().min(0).max(1).default(0.3).describe('Objects that score less are left out, 0..1'),
  visible: z
    .number()
    .min(0)
    .max(1)
    .default(0.5)
    .describe('Objects of which better ones leave a smaller share are left out, 0..1'),
  stuffShare: z
    .number()
    .min(0)
    .max(1)
    .default(0.01)
    .describe('Classes without objects that cover a smaller share of the image are left out of it, 0..1'),
});
export type MergeConfig = z.infer<typeof mergeConfig>;

/** The panoptic head in a config file; an unknown key is an error. */
export const panopticConfig = z.strictObject({
  kind: z.literal('panoptic'),
  ...instanceSettings,
  stuff: stuffConfig.prefault({}).describe('What the classes without objects are predicted by'),
  merge: mergeConfig.prefault({}).describe('How objects and classes become one answer'),
});
