import * as z from 'zod';

/** How grey values become what a network sees. */
export const intensityRule = z.union([
  z.enum(['auto', 'rgb', 'ct', 'zscore', 'percentile', 'range', 'none']),
  z.strictObject({
    window: z
      .tuple([z.number(), z.number().positive()])
      .describe('Centre and width, in units of the values, e.g. [40, 400] of Hounsfield units'),
  }),
]);
export type IntensityRule = z.infer<typeof intensityRule>;
