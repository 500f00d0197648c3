import * as z from 'zod/mini';
import type { ClassScores } from '../../datasets/sample.js';
import type { HostOutput } from './answers.js';

/** The classes of the whole image: output `probabilities` [N, K], in 0..1. */
export const classScoresReading = z.strictObject({
  kind: z.literal('classScores'),
  /** True: one class is right, and the probabilities add up to 1. */
  isExclusive: z.boolean(),
});

/** The probabilities of one image. */
export const readClassScores = (
  { isExclusive }: z.output<typeof classScoresReading>,
  { values }: HostOutput,
): ClassScores => ({ probabilities: values.slice(), isExclusive });
