import * as z from 'zod';
import { decoderConfig } from './decoders/index.js';

const side = z.int().min(1).max(8192);
const weight = z.number().min(0).max(100);

/** An answer per image beside the class map, from the deepest map that the decoder reads. */
const auxiliaryConfig = z.strictObject({
  /** Width of its logits, 1 to 4096. */
  classes: z.int().min(1).max(4096),
  /** Of the whole map: its mean or its largest value. */
  pooling: z.enum(['avg', 'max']).default('avg'),
  /** Share of the pooled features dropped while training, from 0 up to below 1. */
  dropout: z.number().min(0).lt(1).default(0.2),
  /** Weight of its loss, 0 to 100. */
  weight: weight.default(0.2),
});

/** A semantic segmentation head with a decoder of its own as plain data; an unknown key is an error. */
export const semanticDecoderConfig = z.strictObject({
  kind: z.literal('semantic-decoder'),
  /** What makes one map of the backbone's. */
  decoder: decoderConfig,
  /** K, 1 to 255: class maps are bytes, 255 means ignored; 1: one logit, class 1 against the background 0. */
  classes: z.int().min(1).max(255),
  /** [height, width] of the network input, pixels. */
  inputSize: z.tuple([side, side]).readonly(),
  /** Factor that the decoder's logits are resized by, 1 to 64; null: to the input's own size. */
  upsampling: z.int().min(1).max(64).nullable().default(null),
  /** An answer per image; null: none. */
  auxiliary: auxiliaryConfig.nullable().default(null),
  /** True: while training the loss is also taken of predictions from the decoder's coarser maps. */
  deepSupervision: z.boolean().default(false),
  /** Weight of the cross-entropy, 0 to 100. */
  crossEntropyWeight: weight.default(1),
  /** Weight of the soft Dice loss, 0 to 100. */
  diceWeight: weight.default(1),
  /** One per class in the cross-entropy; null: all alike. */
  classWeights: z.array(z.number().min(0)).readonly().nullable().default(null),
  /** True: not trained, batch norm included. */
  frozen: z.boolean().default(false),
  /** Of the random initial weights. */
  seed: z.int().min(0).default(1),
});
export type SemanticDecoderConfig = z.infer<typeof semanticDecoderConfig>;
