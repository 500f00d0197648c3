import * as z from 'zod';
import { decoderConfig } from './decoders/index.js';
import { semanticLossSettings } from './lossSettings.js';

/** A prediction per image beside the class map, from the deepest map that the decoder reads. */
const auxiliaryConfig = z.strictObject({
  classes: z.int().min(1).max(4096).describe('Width of its logits, 1..4096'),
  pooling: z.enum(['avg', 'max']).default('avg').describe('Of the whole map: its mean or its largest value'),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0.2)
    .describe('Share of the pooled features dropped in training, 0 to below 1'),
  weight: z.number().min(0).max(100).default(0.2).describe('Factor of its loss in the total, 0..100'),
});

/** A semantic segmentation head with a decoder of its own in a config file; an unknown key is an error. */
export const semanticDecoderConfig = z.strictObject({
  kind: z.literal('semantic-decoder'),
  decoder: decoderConfig.describe("What makes one map of the backbone's"),
  upsampling: z
    .int()
    .min(1)
    .max(64)
    .nullable()
    .default(null)
    .describe("Factor that the decoder's logits are resized by, 1..64; null: to the input's own size"),
  auxiliary: auxiliaryConfig
    .nullable()
    .default(null)
    .describe('A prediction per image beside the class map; null: none'),
  deepSupervision: z
    .boolean()
    .default(false)
    .describe("true: in training the loss is also taken of predictions from the decoder's coarser maps"),
  stageWeights: z
    .array(z.number().min(0).max(100))
    .min(2)
    .max(8)
    .readonly()
    .nullable()
    .default(null)
    .describe(
      "deepSupervision: weights of the class map's loss and of each coarser prediction's, finest first, scaled to the sum 1; 0: not predicted; null: halved from stage to stage, 0 for the coarsest of several",
    ),
  ...semanticLossSettings,
  frozen: z.boolean().default(false).describe('true: not trained, batch norm included'),
  seed: z.int().min(0).optional().describe('Seed of the random initial weights. Defaults to that of the network'),
});
export type SemanticDecoderConfig = z.infer<typeof semanticDecoderConfig>;
