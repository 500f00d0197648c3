import { boxAt } from '../../datasets/boxAt.js';
import { packPatch } from '../../datasets/packedMasks.js';
import type { Placement } from '../../datasets/placement.js';
import type { Detections, Instances, MaskPatch } from '../../datasets/sample.js';
import { type AlignedOutputs, detectAligned } from '../aligned/decode.js';
import type { DecodeOptions } from '../boxes/suppression.js';
import { type HostPrototypes, hostMask } from './mask.js';

/** Network outputs of one image on the host. */
export interface InstanceOutputs extends AlignedOutputs {
  /** [A, countKernel(P)]. */
  readonly kernels: Float32Array;
  readonly prototypes: HostPrototypes;
}

/** Input pixels beyond a box in which pixels of its object may lie. */
const AROUND = 4;

/**
 * Outputs of one image -> detections of the original image with masks of its size: suppression first, then the masks of those that stay,
 * bilinear between the prototypes, in the box and a few pixels around it. A pixel's logit
 * is where its own was taught: `shift` pixels before it.
 *
 * @param points    [A, 3] of `createPoints`
 * @param threshold least probability of a pixel
 * @source Lyu et al. 2022, arXiv:2212.07784, section 3.4
 */
export function decodeInstances(
  { kernels, prototypes, ...boxes }: InstanceOutputs,
  points: Float32Array,
  placement: Placement,
  options: DecodeOptions,
  threshold: number,
): Instances {
  const { detections, places } = detectAligned(boxes, points, placement, options);
  const length = (kernels.length * 3) / points.length;
  const maskOf = (place: number) => {
    const [x, y, cell] = [points[place * 3]!, points[place * 3 + 1]!, points[place * 3 + 2]!];
    return hostMask(prototypes, kernels.subarray(place * length, (place + 1) * length), [x, y, cell]);
  };
  return withMasks(detections, places, maskOf, prototypes, placement, threshold);
}

/**
 * Detections with their masks.
 *
 * @param places    where each detection comes from
 * @param maskOf    the logits of the mask of a place, at each prototype
 * @param threshold least probability of a pixel
 */
export function withMasks(
  detections: Detections,
  places: Int32Array,
  maskOf: (place: number) => (row: number, column: number) => number,
  prototypes: HostPrototypes,
  placement: Placement,
  threshold: number,
): Instances {
  const least = Math.log(threshold / (1 - threshold));
  const masks = Array.from(places, (place, d) => {
    return packPatch(drawMask(maskOf(place), prototypes, placement, boxAt(detections.boxes, d), least), placement);
  });
  return { ...detections, masks };
}

/** The pixels of the original image, in and around a box, at which the logit is `least` or more. */
function drawMask(
  logitAt: (row: number, column: number) => number,
  { height, width, stride, shift }: HostPrototypes,
  { scaleX, scaleY, offsetX, offsetY, ...image }: Placement,
  [x1, y1, x2, y2]: readonly [number, number, number, number],
  least: number,
): MaskPatch {
  const left = Math.max(0, Math.floor(x1 - AROUND / scaleX));
  const top = Math.max(0, Math.floor(y1 - AROUND / scaleY));
  const right = Math.min(image.width, Math.ceil(x2 + AROUND / scaleX));
  const bottom = Math.min(image.height, Math.ceil(y2 + AROUND / scaleY));
  const columns = tapsOf(left, right, (x) => ((x + 0.5) * scaleX + offsetX - shift) / stride - 0.5, width);
  const rows = tapsOf(top, bottom, (y) => ((y + 0.5) * scaleY + offsetY - shift) / stride - 0.5, height);
  const known = new Map<number, number>();
  const logit = (row: number, column: number): number => {
    const key = row * width + column;
    const found = known.get(key) ?? logitAt(row, column);
    known.set(key, found);
    return found;
  };
  const patch = { left, top, width: right - left, height: bottom - top };
  const data = new Uint8Array(patch.width * patch.height);
  rows.forEach((row, i) => {
    columns.forEach((column, j) => {
      const upper = mix(logit(row.low, column.low), logit(row.low, column.high), column.share);
      const lower = mix(logit(row.high, column.low), logit(row.high, column.high), column.share);
      if (mix(upper, lower, row.share) >= least) data[i * patch.width + j] = 1;
    });
  });
  return { ...patch, data };
}

const mix = (first: number, second: number, share: number): number => first + (second - first) * share;

/** Between which two prototypes each pixel lies. */
function tapsOf(from: number, to: number, positionOf: (pixel: number) => number, count: number) {
  return Array.from({ length: to - from }, (_, i) => {
    const position = Math.min(Math.max(positionOf(from + i), 0), count - 1);
    const low = Math.floor(position);
    return { low, high: Math.min(low + 1, count - 1), share: position - low };
  });
}
