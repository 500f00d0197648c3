import * as z from 'zod';

/** Where a head of pooled features gets them from. */
export const POOLINGS = ['own', 'avg', 'max'] as const;

/** A classification head in a config file; an unknown key is an error. */
export const classificationConfig = z.strictObject({
  kind: z.literal('classification'),
  pooling: z
    .enum(POOLINGS)
    .default('own')
    .describe(
      "own: the layers that end the backbone's published classifier, which its weights fill; avg, max: mean or largest value of the deepest map",
    ),
  multiLabel: z
    .boolean()
    .default(false)
    .describe(
      'true: an image may have any number of the classes, each with a probability of its own; false: exactly one',
    ),
  dropout: z
    .number()
    .min(0)
    .lt(1)
    .default(0.2)
    .describe('Share of the pooled features dropped in training, 0 to below 1'),
  labelSmoothing: z
    .number()
    .min(0)
    .lt(1)
    .default(0.1)
    .describe('Share of the label given to all classes alike, 0 to below 1'),
  classWeights: z
    .array(z.number().min(0))
    .readonly()
    .nullable()
    .default(null)
    .describe('Weights of the classes in the loss, one per class; null: all alike'),
  frozen: z.boolean().default(false).describe('true: not trained, batch norm included'),
  seed: z.int().min(0).optional().describe('Seed of the random initial weights. Defaults to that of the network'),
});
export type ClassificationConfig = z.infer<typeof classificationConfig>;
