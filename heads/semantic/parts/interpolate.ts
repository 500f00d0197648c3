import type { Tensor4D } from '@tensorflow/tfjs';
import * as z from 'zod';
import { adaptiveMean } from '../../../backbones/layers/index.js';
import { keysOf } from '../../../engine/checked.js';
import { resizeBicubic, resizeBilinear, resizeNearest, resizeNearestExact } from '../../../engine/kernels/index.js';

type Resize = (map: Tensor4D, height: number, width: number) => Tensor4D;

/** Ways to bring a map to another grid, by PyTorch's names; centres are half-pixel ones. */
export const INTERPOLATIONS = {
  nearest: resizeNearest,
  'nearest-exact': resizeNearestExact,
  bilinear: resizeBilinear,
  bicubic: resizeBicubic,
  area: (map, height, width) => adaptiveMean(map, [height, width]),
} as const satisfies { readonly [name: string]: Resize };
export type Interpolation = keyof typeof INTERPOLATIONS;

export const interpolationConfig = z.enum(keysOf(INTERPOLATIONS));

/** The map itself where it has the size already. */
export function resizeTo(map: Tensor4D, [height, width]: readonly [number, number], resize: Resize): Tensor4D {
  return map.shape[1] === height && map.shape[2] === width ? map : resize(map, height, width);
}

/** [height, width] of a map, cells. */
export function gridOf(map: Tensor4D): readonly [height: number, width: number] {
  return [map.shape[1], map.shape[2]];
}
