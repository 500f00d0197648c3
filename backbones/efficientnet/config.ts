import { z } from 'zod';
import { EFFICIENTNET_ARCHS } from './architecture.js';
import { FROZEN } from './trunk.js';

/** A backbone in a config file; an unknown key is an error. */
export const efficientNetConfig = z.strictObject({
  kind: z.literal('efficientnet'),
  /** `tf_efficientnet_*` as released by Google, `efficientnet_*` as retrained in PyTorch. */
  arch: z.enum(EFFICIENTNET_ARCHS),
  levels: z
    .array(z.enum(['P1', 'P2', 'P3', 'P4', 'P5']))
    .min(1)
    .default(['P3', 'P4', 'P5']),
  /** Everything up to and including this is not trained, batch norm included. */
  frozen: z.enum(FROZEN).default('none'),
  /** Channels of the image, 1 to 64. */
  inChannels: z.int().min(1).max(64).default(3),
  /** Of the random initial weights. */
  seed: z.int().min(0).default(1),
});
