import { boxIou } from './boxes';
import { sharedPixels } from './rle';

/** Area of a mask that has not been asked for yet; one whose runs do not fill it, or that there is no room for, has -1. */
const UNREAD: f64 = -2;

/** Leaves room for the rounding of the bound below. */
const CERTAIN: f64 = 1 - 1e-9;

/** Puts the intervals of a mask in place: of list 0 (detections), 1 (truths), 2 and 3 (their boundaries). */
declare function loadMask(list: i32, row: i32): void;

/** The IoU of masks that have no intervals. */
declare function compareRuns(list: i32, found: i32, truth: i32, crowd: i32): f64;

/**
 * IoU of the masks of a detection and a truth of the image, of their boundaries too if that is less, as evaluation/similarity.ts; what
 * is certainly below `least` may be 0.
 */
export function maskIou(d: i32, g: i32, boundary: i32, least: f64): f64 {
  const boxes = boxIou(d, g);
  if (!(boxes > 0)) return boxes;
  const crowd = i32(i32.load8_u(TRUTH_CROWD + g) === 1);
  const masks = pairIou(0, d, g, crowd, least);
  if (!boundary || crowd || masks < least) return masks;
  return f64.min(masks, pairIou(2, d, g, 0, least));
}

/** The union follows from areas and intersection, so that only foreground is walked. */
function pairIou(list: i32, d: i32, g: i32, crowd: i32, least: f64): f64 {
  const found = list * IMAGE_ROWS + d;
  const truth = (list + 1) * IMAGE_ROWS + g;
  if (i32.load(MASK_HEIGHTS + 4 * found) !== i32.load(MASK_HEIGHTS + 4 * truth)) return -1;
  if (i32.load(MASK_WIDTHS + 4 * found) !== i32.load(MASK_WIDTHS + 4 * truth)) return -1;
  if (f64.load(MASK_AREAS + 8 * found) === UNREAD) loadMask(list, d);
  if (f64.load(MASK_AREAS + 8 * truth) === UNREAD) loadMask(list + 1, g);
  const da = f64.load(MASK_AREAS + 8 * found);
  const ga = f64.load(MASK_AREAS + 8 * truth);
  if (da < 0 || ga < 0) return compareRuns(list, d, g, crowd);
  const w = overlapAlong(FOUND_BOXES + 32 * d, TRUTH_BOXES + 32 * g);
  const h = overlapAlong(FOUND_BOXES + 32 * d + 8, TRUTH_BOXES + 32 * g + 8);
  const most = f64.min(f64.min(w * h, da), ga);
  if (most / (crowd ? da : da + ga - most) < least * CERTAIN) return 0;
  const begin = i32.load(MASK_BEGINS + 4 * truth);
  const end = i32.load(MASK_ENDS + 4 * truth);
  const both = f64(sharedPixels(i32.load(MASK_BEGINS + 4 * found), i32.load(MASK_ENDS + 4 * found), begin, end));
  if (both === 0) return 0;
  return both / (crowd ? da : da + ga - both);
}

/** What two boxes share along the axis at these addresses. */
function overlapAlong(a: i32, b: i32): f64 {
  const from = f64.load(a);
  const other = f64.load(b);
  return f64.min(from + f64.load(a, 16), other + f64.load(b, 16)) - f64.max(from, other);
}
