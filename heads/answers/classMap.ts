import * as z from 'zod';
import type { Placement } from '../../datasets/placement.js';
import type { ClassMap } from '../../datasets/sample.js';
import { decodeClassMap } from '../semantic/decode.js';
import type { HostOutput } from './answers.js';

/** A class for every pixel: output `scores` [N, h, w, K] on a grid over `covered` pixels of the network's input; the best wins. */
export const classMapReading = z.strictObject({
  kind: z.literal('classMap'),
  /** [height, width], pixels. */
  covered: z.tuple([z.int().min(1).max(65_536), z.int().min(1).max(65_536)]).readonly(),
});

/** The best class of every pixel of one image. */
export function readClassMap(
  { covered }: z.output<typeof classMapReading>,
  { values, shape: [height = 0, width = 0, classes = 0] }: HostOutput,
  placement: Placement,
): ClassMap {
  return decodeClassMap({ scores: values, height, width, classes }, covered, placement);
}
