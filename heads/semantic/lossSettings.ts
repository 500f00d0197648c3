import * as z from 'zod';

const weight = z.number().min(0).max(100);

/** Settings of the loss that every semantic head has. */
export const semanticLossSettings = {
  crossEntropyWeight: weight.default(1).describe('Factor of the cross-entropy in the total, 0..100'),
  diceWeight: weight.default(1).describe('Factor of the soft Dice loss in the total, 0..100'),
  classWeights: z
    .array(z.number().min(0))
    .readonly()
    .nullable()
    .default(null)
    .describe('Weights of the classes in the cross-entropy, one per class; null: all alike'),
} as const;
