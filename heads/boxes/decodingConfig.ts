import * as z from 'zod';
import { type DecodeOptions, SUPPRESSIONS } from './suppression.js';

const fraction = z.number().min(0).max(1);

/** Settings of decoding that every detection head has; `defaults` are the head's own. */
export const decodingConfig = (defaults: DecodeOptions) =>
  z.strictObject({
    maxCandidates: z
      .int()
      .min(1)
      .max(100_000)
      .default(defaults.maxCandidates)
      .describe('Pairs of a place and a class that are looked at, best first, 1..100000'),
    maxDetections: z
      .int()
      .min(1)
      .max(10_000)
      .default(defaults.maxDetections)
      .describe('Boxes kept per image, 1..10000'),
    scoreThreshold: fraction.default(defaults.scoreThreshold).describe('Pairs that score less are left out, 0..1'),
    suppression: z
      .enum(SUPPRESSIONS)
      .default(defaults.suppression)
      .describe(
        'Of overlapping boxes of a class: hard drops the weaker, soft lowers its score (Gaussian), one by one, matrix lowers all at once; agnostic: hard among boxes of any class',
      ),
    iouThreshold: fraction
      .default(defaults.iouThreshold)
      .describe('suppression hard and agnostic: IoU above which the weaker of two boxes is dropped, 0..1; 1: none is'),
  });
