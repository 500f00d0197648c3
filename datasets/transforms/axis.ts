import { ShapeError } from '../../engine/errors.js';
import type { Affine } from './affine.js';

/** One output axis read from one source axis: output = source * scale + offset, pixel edges; negative scale mirrors. */
export interface Axis {
  readonly scale: number;
  readonly offset: number;
  /** Source pixels along the axis. */
  readonly length: number;
}

/** The two output axes of an axis-aligned map; `transposed`: output x runs along source y. */
export interface Axes {
  readonly x: Axis;
  readonly y: Axis;
  readonly transposed: boolean;
}

/** @throws ShapeError when the map is not made of scales, mirrors, quarter turns and shifts */
export function axesOf([a, b, c, d, e, f]: Affine, width: number, height: number): Axes {
  if (b === 0 && d === 0 && a !== 0 && e !== 0) {
    return {
      x: { scale: a, offset: c, length: width },
      y: { scale: e, offset: f, length: height },
      transposed: false,
    };
  }
  if (a === 0 && e === 0 && b !== 0 && d !== 0) {
    return { x: { scale: b, offset: c, length: height }, y: { scale: d, offset: f, length: width }, transposed: true };
  }
  throw new ShapeError(`the map [${[a, b, c, d, e, f].join(', ')}] shears or collapses the image: use quarter turns`);
}

/** Source coordinate of the centre of output pixel `index`; the one sampling grid of images and masks. */
export const centre = (axis: Axis, index: number): number => (index + 0.5 - axis.offset) / axis.scale;

/** Output pixels whose centres lie on the image: [first, end). */
export function insideRange(axis: Axis, outputs: number): readonly [first: number, end: number] {
  const isInside = (index: number): boolean => {
    const at = centre(axis, index);
    return at >= 0 && at < axis.length;
  };
  let first = 0;
  while (first < outputs && !isInside(first)) first++;
  let end = first;
  while (end < outputs && isInside(end)) end++;
  return [first, end];
}

/** Which source pixels make each inside output pixel, as fixed-point weights. */
export interface Taps {
  readonly first: number;
  readonly end: number;
  /** Source pixels read by any output: [low, high). */
  readonly low: number;
  readonly high: number;
  /** Per inside output: first source pixel and number of pixels. */
  readonly starts: Int32Array;
  readonly counts: Int32Array;
  /** [outputs, stride], units of 2 ** -WEIGHT_BITS; the used ones of a row sum to 1. */
  readonly weights: Int32Array;
  readonly stride: number;
}

/** 255 * 2 ** 22 stays below 2 ** 31. */
export const WEIGHT_BITS = 22;

/** Weight of a pixel by its distance, 0 beyond `reach`. @source cubic: Keys 1981 with a = -0.5, as Pillow's BICUBIC */
const KERNELS = {
  linear: { reach: 1, weight: (distance: number) => 1 - distance },
  cubic: {
    reach: 2,
    weight: (distance: number) =>
      distance < 1
        ? (1.5 * distance - 2.5) * distance * distance + 1
        : ((-0.5 * distance + 2.5) * distance - 4) * distance + 2,
  },
} as const;
/** How pixels between those of an image are made. */
export type Kernel = keyof typeof KERNELS;

/**
 * Weights with half-pixel centres: bilinear or bicubic when enlarging; when shrinking the support grows with the factor,
 * so that nothing aliases. Taps beyond the border are left out and the rest renormalised, as Pillow does.
 */
export function tapsOf(axis: Axis, outputs: number, kernel: Kernel = 'linear'): Taps {
  const [first, end] = insideRange(axis, outputs);
  const stretch = Math.max(1, 1 / Math.abs(axis.scale));
  const support = KERNELS[kernel].reach * stretch;
  const stride = Math.min(Math.ceil(support) * 2 + 1, axis.length);
  const starts = new Int32Array(end - first);
  const counts = new Int32Array(end - first);
  const weights = new Int32Array((end - first) * stride);
  let low = axis.length;
  let high = 0;
  for (let i = 0; i < end - first; i++) {
    const at = centre(axis, first + i);
    const start = firstTap(at, support);
    const stop = Math.min(axis.length, Math.trunc(at + support + 0.5));
    const row = weightsAt(at, stretch, kernel, [start, stop]);
    const skipped = row.findIndex((weight) => weight !== 0);
    const used = row.slice(skipped, row.findLastIndex((weight) => weight !== 0) + 1);
    starts[i] = start + skipped;
    counts[i] = used.length;
    weights.set(used, i * stride);
    low = Math.min(low, start + skipped);
    high = Math.max(high, start + skipped + used.length);
  }
  return { first, end, low, high, starts, counts, weights, stride };
}

const firstTap = (at: number, support: number): number => Math.max(0, Math.trunc(at - support + 0.5));

function weightsAt(at: number, stretch: number, kernel: Kernel, [start, stop]: readonly [number, number]): number[] {
  const { reach, weight } = KERNELS[kernel];
  const row: number[] = [];
  let total = 0;
  for (let i = start; i < stop; i++) {
    const distance = Math.abs(i + 0.5 - at) / stretch;
    const own = distance < reach ? weight(distance) : 0;
    row.push(own);
    total += own;
  }
  return row.map((own) => Math.round((own / total) * 2 ** WEIGHT_BITS));
}
