import * as z from 'zod';

const length = z.number().positive().max(1e6);

/** How figures per case are measured, in a config file; an unknown key is an error. */
export const casesConfig = z.strictObject({
  of: z
    .enum(['image', 'folder'])
    .default('image')
    .describe('image: every image is a case; folder: the images of a folder, in their order, are the slices of one'),
  classes: z
    .array(z.string().min(1))
    .readonly()
    .nullable()
    .default(null)
    .describe('Names of the classes that are measured; null: all but one called background'),
  spacing: z
    .union([z.tuple([length, length]), z.tuple([length, length, length])])
    .nullable()
    .default(null)
    .describe(
      'Millimetres between rows and columns, or between slices, rows and columns; null: as the images say, and pixels where they say nothing',
    ),
  tolerance: z
    .number()
    .min(0)
    .max(1e6)
    .default(1)
    .describe('Distance up to which surfaces agree in surfaceDice: millimetres, pixels where the spacing is unknown'),
  bothEmpty: z
    .enum(['leaveOut', 'perfect'])
    .default('leaveOut')
    .describe('Neither truth nor answer has the class. leaveOut: no figure; perfect: shares are 1, distances 0'),
  oneEmpty: z
    .enum(['diagonal', 'leaveOut'])
    .default('diagonal')
    .describe("Only one of them has the class: shares are 0. Distances: the grid's diagonal, or no figure"),
  connectivity: z
    .enum(['faces', 'full'])
    .default('full')
    .describe('What makes one lesion. faces: 4 neighbours in an image, 6 in a stack; full: 8 and 26'),
  lesionOverlap: z
    .number()
    .min(0)
    .max(1)
    .default(0)
    .describe('Share of a lesion that the other map must cover for a hit, 0..1; 0: any pixel'),
  largest: z
    .array(z.string().min(1))
    .max(255)
    .readonly()
    .default([])
    .describe(
      'Classes of which only the largest component of a case is kept: in figures per case, and in what predict says and writes; `evaluate --keep-largest` finds those that it helps',
    ),
  seed: z.int().min(0).max(4_294_967_295).default(0).describe('Of the 95 % intervals: cases drawn again 1000 times'),
});
export type CasesConfig = z.output<typeof casesConfig>;
