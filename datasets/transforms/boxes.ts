import { boxAt } from '../boxAt.js';
import type { Placement } from '../placement.js';
import type { DetectionTruth, ObjectsTruth } from '../sample.js';
import { type Affine, areaScaleAt, hullOf } from './affine.js';
import { bentHull, type Deformation } from './deformation.js';

/** Input pixels; a box with a shorter side carries no signal and breaks the logarithm of the box coder. */
const SHORTEST_SIDE = 1;

/**
 * Moves boxes (all four corners), clips them to the input, and drops what is under 1 pixel a side or hardly visible.
 * Ignored boxes stay at any visible fraction: what is left of them must not count as background. Areas scale along.
 *
 * @param size       [height, width] of the input, pixels
 * @param minVisible smallest kept share of a box's area, fraction
 */
export function transformBoxes(
  truth: DetectionTruth,
  affine: Affine,
  size: readonly [number, number],
  minVisible: number,
  deformation?: Deformation,
): DetectionTruth {
  const { kept: _, ...objects } = moveObjects(truth, affine, size, minVisible, deformation);
  return { kind: 'boxes', ...objects };
}

/** The same of any objects, and which of them stay: rows of the truth. */
export function moveObjects(
  truth: ObjectsTruth,
  affine: Affine,
  size: readonly [number, number],
  minVisible: number,
  deformation?: Deformation,
): ObjectsTruth & { readonly kept: readonly number[] } {
  const count = truth.labels.length;
  const boxes = new Float64Array(count * 4);
  const areas = new Float64Array(count);
  const kept: number[] = [];
  for (let i = 0; i < count; i++) {
    const at = kept.length;
    const visible = moveBox(truth.boxes, i * 4, affine, size, boxes, at * 4, deformation);
    if (visible === 0 || (visible < minVisible && !truth.ignored[i])) continue;
    const [x1, y1, x2, y2] = boxAt(truth.boxes, i);
    areas[at] = (truth.areas[i] ?? 0) * areaScaleAt(affine, (x1 + x2) / 2, (y1 + y2) / 2) * visible;
    kept.push(i);
  }
  return {
    kept,
    boxes: boxes.slice(0, kept.length * 4),
    labels: Int32Array.from(kept, (i) => truth.labels[i] ?? 0),
    ignored: Uint8Array.from(kept, (i) => truth.ignored[i] ?? 0),
    areas: areas.slice(0, kept.length),
  };
}

/** Writes the moved, clipped box; returns the share of its area left inside, 0 when a side is too short. */
function moveBox(
  from: Float64Array,
  source: number,
  affine: Affine,
  [height, width]: readonly [number, number],
  into: Float64Array,
  target: number,
  deformation: Deformation | undefined,
): number {
  const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = from.subarray(source, source + 4);
  const hull = hullOf(affine, [x1, y1, x2, y2]);
  const [left, top, right, bottom] = deformation ? bentHull(deformation, hull) : hull;
  const clipped = [clamp(left, width), clamp(top, height), clamp(right, width), clamp(bottom, height)] as const;
  into.set(clipped, target);
  const across = clipped[2] - clipped[0];
  const down = clipped[3] - clipped[1];
  if (across < SHORTEST_SIDE || down < SHORTEST_SIDE) return 0;
  return (across * down) / ((right - left) * (bottom - top));
}

const clamp = (value: number, high: number): number => Math.min(Math.max(value, 0), high);

/**
 * Boxes of the network's input back in pixels of the original image, clipped to it.
 *
 * @param boxes [D, 4] x1 y1 x2 y2, input pixels
 * @returns     [D, 4] x1 y1 x2 y2, original pixels
 */
export function restoreBoxes(boxes: Float32Array | Float64Array, placement: Placement): Float64Array {
  const { scaleX, scaleY, offsetX, offsetY, width, height } = placement;
  return Float64Array.from(boxes, (value, i) =>
    i % 2 === 0 ? clamp((value - offsetX) / scaleX, width) : clamp((value - offsetY) / scaleY, height),
  );
}
