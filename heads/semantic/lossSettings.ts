import { semanticLossConfig } from './losses/index.js';

/** Settings of the loss that every semantic head has. */
export const semanticLossSettings = {
  loss: semanticLossConfig.prefault({}).describe('What is minimised: the sum of its terms, each with its weight'),
} as const;
