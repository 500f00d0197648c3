import * as z from 'zod/mini';
import type { Placement } from '../../datasets/placement.js';
import type { ClassMap } from '../../datasets/sample.js';
import { decodeClassMap } from '../semantic/decode.js';
import type { HostOutput } from './answers.js';

const side = z.int().check(z.minimum(1), z.maximum(65_536));

/**
 * A class for every pixel: output `scores` [N, h, w, K] on a grid over `covered` pixels of the network's input; the best wins, or of
 * classes that overlap each whose score is above 0.
 */
export const classMapReading = z.strictObject({
  kind: z.literal('classMap'),
  /** [height, width], pixels. */
  covered: z.readonly(z.tuple([side, side])),
  /** Absent: a pixel is of one class. */
  overlaps: z.optional(z.literal(true)),
});

/** The reading of a head. */
export const classMapReadingOf = (covered: readonly [number, number], overlaps: boolean) =>
  ({ kind: 'classMap', covered, ...(overlaps && { overlaps: true as const }) }) as const;

/** The classes of every pixel of one image. */
export function readClassMap(
  { covered, overlaps }: z.output<typeof classMapReading>,
  { values, shape: [height = 0, width = 0, classes = 0] }: HostOutput,
  placement: Placement,
): ClassMap {
  return decodeClassMap({ scores: values, height, width, classes, overlaps: overlaps === true }, covered, placement);
}
