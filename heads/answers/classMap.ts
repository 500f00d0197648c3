import * as z from 'zod/mini';
import type { Placement } from '../../datasets/placement.js';
import type { ClassMap } from '../../datasets/sample.js';
import { decodeClassMap } from '../semantic/decode.js';
import type { HostOutput } from './answers.js';

const side = z.int().check(z.minimum(1), z.maximum(65_536));

/** A class for every pixel: output `scores` [N, h, w, K] on a grid over `covered` pixels of the network's input; the best wins. */
export const classMapReading = z.strictObject({
  kind: z.literal('classMap'),
  /** [height, width], pixels. */
  covered: z.readonly(z.tuple([side, side])),
});

/** The best class of every pixel of one image. */
export function readClassMap(
  { covered }: z.output<typeof classMapReading>,
  { values, shape: [height = 0, width = 0, classes = 0] }: HostOutput,
  placement: Placement,
): ClassMap {
  return decodeClassMap({ scores: values, height, width, classes }, covered, placement);
}
