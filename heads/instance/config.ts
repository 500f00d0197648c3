import * as z from 'zod';
import { alignedSettings } from '../aligned/config.js';

const pixels = z
  .union([z.literal(1), z.literal(2), z.literal(4), z.literal(8)])
  .nullable()
  .default(null);

/** Masks of the objects: prototypes of the image, and a small network per object that reads them. */
const masksConfig = z.strictObject({
  prototypes: z.int().min(1).max(64).default(8).describe('Maps that the masks of all objects are made of, 1..64'),
  repeats: z.int().min(0).max(16).default(4).describe('Separable convolutions before the prototypes, 0..16'),
  prototypeStride: pixels.describe(
    'Pixels of the input between prototypes, 1, 2, 4 or 8: finer ones show smaller objects, and are made by doubling the finest map with a separable convolution each time; null: those of the finest map',
  ),
  stride: pixels.describe(
    'Pixels of the input between the points at which masks are compared with the truth: 1, 2, 4 or 8; null: 4, or those of the prototypes where they are fewer',
  ),
  places: z
    .int()
    .min(1)
    .max(1000)
    .default(64)
    .describe('Places of an image whose masks are taught in a step, the best, 1..1000'),
  learnFrom: z
    .enum(['masks', 'boxes'])
    .default('masks')
    .describe(
      'What masks are learned from: masks, or boxes alone, where nothing else is annotated: by the projections of a mask on the sides of its box, and by pixels of about the same colour (BoxInst)',
    ),
  pairs: z
    .strictObject({
      similarity: z
        .number()
        .gt(0)
        .max(1)
        .default(0.3)
        .describe('Least similarity of the colours of neighbours that are taken for alike, above 0 to 1'),
      weight: z.number().min(0).max(1000).default(1).describe('Factor of their loss in the total, 0..1000'),
      warmupShare: z
        .number()
        .min(0)
        .max(1)
        .default(0.1)
        .describe('Share of the steps in which the factor grows from 0, 0..1'),
    })
    .prefault({})
    .describe('learnFrom: boxes: neighbouring pixels of about the same colour are of one object'),
  weight: z.number().min(0).max(1000).default(2).describe('Factor of the Dice loss in the total, 0..1000'),
  threshold: z.number().min(0.01).max(0.99).default(0.5).describe('Least probability of a pixel of a mask, 0.01..0.99'),
});

/** The settings of objects with masks, whatever else a head predicts. */
export const instanceSettings = {
  ...alignedSettings,
  masks: masksConfig.prefault({}).describe('Masks of the objects'),
} as const;

/** The head of instance masks in a config file; an unknown key is an error. */
export const instanceConfig = z.strictObject({ kind: z.literal('instance'), ...instanceSettings });
export type InstanceConfig = z.infer<typeof instanceConfig>;
