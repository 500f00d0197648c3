import * as z from 'zod';
import { ACTIVATION_NAMES } from '../../backbones/layers/index.js';

const side = z.int().min(1).max(8192);

/** A semantic segmentation head as plain data; an unknown key is an error. */
export const semanticConfig = z.strictObject({
  kind: z.literal('semantic'),
  /** K, 2 to 255: class maps are bytes, 255 means ignored. */
  classes: z.int().min(2, 'a pixel is one of two classes at least: count the background').max(255),
  /** [height, width] of the network input, pixels. */
  inputSize: z.tuple([side, side]).readonly(),
  /** Between pyramid and prediction, 1 to 1024. */
  channels: z.int().min(1).max(1024).default(64),
  activation: z.enum(ACTIVATION_NAMES).default('relu'),
  /** Weight of the cross-entropy, 0 to 100. */
  crossEntropyWeight: z.number().min(0).max(100).default(1),
  /** Weight of the soft Dice loss, 0 to 100. */
  diceWeight: z.number().min(0).max(100).default(1),
  /** One per class in the cross-entropy; null: all alike. */
  classWeights: z.array(z.number().min(0)).readonly().nullable().default(null),
  /** True: not trained, batch norm included. */
  frozen: z.boolean().default(false),
  /** Of the random initial weights. */
  seed: z.int().min(0).default(1),
});
export type SemanticConfig = z.infer<typeof semanticConfig>;
