import * as z from 'zod';
import { type Family, OUTPUT_STRIDES } from './family.js';
import type { Level } from './features.js';
import { FROZEN } from './frozen.js';

/**
 * The schema of a family in a config file; an unknown key is an error.
 *
 * @param kind     name of the family
 * @param defaults levels given unless others are named
 */
export function familyConfig<Kind extends string, Arch extends string, L extends Level>(
  kind: Kind,
  { archs, levels }: Family<Arch, L>,
  defaults: readonly L[],
) {
  return z.strictObject({
    kind: z.literal(kind),
    arch: z.enum(archs),
    levels: z
      .array(z.enum(levels))
      .min(1)
      .default([...defaults] as never),
    /** Everything up to and including this, or below these state-dict paths, is not trained, batch norm included. */
    frozen: z.union([z.enum(FROZEN), z.array(z.string().min(1)).min(1)]).default('none'),
    /** Channels of the image, 1 to 64. */
    inChannels: z.int().min(1).max(64).default(3),
    /** Input pixels per cell of the deepest map. */
    outputStride: z.literal(OUTPUT_STRIDES).default(32),
    /** Rate of stochastic depth of the last block, from 0 up to below 1. */
    dropPath: z.number().min(0).lt(1).default(0),
    /** Of the random initial weights. */
    seed: z.int().min(0).default(1),
  });
}
