/** Keeps the logarithm finite for boxes without width or height. */
const EPSILON = 1e-8;

/**
 * Writes one box as the offsets the head regresses: dy, dx in anchor sizes, then log of the height and width ratios.
 *
 * @param into    offsets, written at `row * 4`
 * @param row     anchor index
 * @param anchors [A, 4] x1 y1 x2 y2, pixels
 * @param boxes   [M, 4] x1 y1 x2 y2, pixels
 * @param box     truth index
 * @source Ren et al. 2015, arXiv:1506.01497, equation 2; order ty tx th tw of the released EfficientDet weights
 */
export function encodeBox(
  into: Float32Array,
  row: number,
  anchors: ArrayLike<number>,
  boxes: ArrayLike<number>,
  box: number,
): void {
  const a = row * 4;
  const b = box * 4;
  const anchorWidth = size(anchors[a]!, anchors[a + 2]!);
  const anchorHeight = size(anchors[a + 1]!, anchors[a + 3]!);
  const width = size(boxes[b]!, boxes[b + 2]!);
  const height = size(boxes[b + 1]!, boxes[b + 3]!);
  into[a] = (centre(boxes[b + 1]!, height) - centre(anchors[a + 1]!, anchorHeight)) / (anchorHeight + EPSILON);
  into[a + 1] = (centre(boxes[b]!, width) - centre(anchors[a]!, anchorWidth)) / (anchorWidth + EPSILON);
  into[a + 2] = Math.log((height + EPSILON) / (anchorHeight + EPSILON));
  into[a + 3] = Math.log((width + EPSILON) / (anchorWidth + EPSILON));
}

/**
 * The inverse of `encodeBox`.
 *
 * @param into    boxes, x1 y1 x2 y2 in pixels, written at `at * 4`
 * @param offsets [A, 4] ty tx th tw
 * @param row     anchor index
 */
export function decodeBox(
  into: Float32Array | Float64Array,
  at: number,
  anchors: ArrayLike<number>,
  offsets: ArrayLike<number>,
  row: number,
): void {
  const a = row * 4;
  const anchorWidth = anchors[a + 2]! - anchors[a]!;
  const anchorHeight = anchors[a + 3]! - anchors[a + 1]!;
  const centreY = offsets[a]! * anchorHeight + (anchors[a + 1]! + anchors[a + 3]!) / 2;
  const centreX = offsets[a + 1]! * anchorWidth + (anchors[a]! + anchors[a + 2]!) / 2;
  const halfHeight = (Math.exp(offsets[a + 2]!) * anchorHeight) / 2;
  const halfWidth = (Math.exp(offsets[a + 3]!) * anchorWidth) / 2;
  into[at * 4] = centreX - halfWidth;
  into[at * 4 + 1] = centreY - halfHeight;
  into[at * 4 + 2] = centreX + halfWidth;
  into[at * 4 + 3] = centreY + halfHeight;
}

// In float32 like the boxes of the anchors, so that a box centred on an anchor has a shift of exactly 0.
const size = (low: number, high: number): number => Math.fround(Math.fround(high) - Math.fround(low));
const centre = (low: number, length: number): number => Math.fround(Math.fround(low) + length / 2);
