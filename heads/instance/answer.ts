import { alignedAnswer } from '../aligned/answer.js';
import { placelessKernels } from './kernels.js';
import type { InstanceRaw } from './loss.js';

/**
 * The outputs of a network as boxes, scores and what their masks are made of: what `decodeInstances` reads, as tensors.
 *
 * @param points [A, 3] x, y, pixels per cell
 * @returns      boxes [N, A, 4] x1 y1 x2 y2, input pixels, scores [N, A, K] in 0..1, kernels [N, A, countKernel(P)] of
 * `placelessKernels`, and prototypes [N, h, w, P]
 */
export const instanceAnswer = ({ kernels, prototypes, ...boxes }: InstanceRaw, points: Float32Array) => ({
  ...alignedAnswer(boxes, points),
  kernels: placelessKernels(kernels, points, prototypes.shape[3]),
  prototypes,
});
