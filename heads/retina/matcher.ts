/** No truth: the anchor learns background. */
export const BACKGROUND = -1;
/** The anchor takes no part in the loss. */
export const EXCLUDED = -2;

/** Objects of one image, in pixels of the network input. */
export interface MatchableTruth {
  /** [M, 4] x1 y1 x2 y2. */
  readonly boxes: Float64Array;
  /** [M] 1: never matched; background anchors lying in it are excluded. */
  readonly ignored: Uint8Array;
}

/** Matches anchors with truths; keeps its scratch memory from call to call. */
export interface Matcher {
  /**
   * @param into [A] int32, written: truth index, BACKGROUND or EXCLUDED
   * @returns    number of matched anchors
   */
  match(truth: MatchableTruth, into: Int32Array): number;
}

/**
 * An anchor belongs to the truth it overlaps most when their IoU is at least `threshold`; the best anchor of each truth
 * belongs to it whatever its IoU, if they overlap at all. Of equals the first wins. There is no band between
 * foreground and background. Anchors that match nothing and lie by `threshold` of their area in an ignored truth are excluded.
 *
 * @param anchors [A, 4] x1 y1 x2 y2, input pixels
 * @source Lin et al. 2017, arXiv:1708.02002, section 4, with the thresholds and forced matches of the EfficientDet release
 */
export function createMatcher(anchors: Float32Array, threshold: number): Matcher {
  const count = anchors.length / 4;
  const areas = Float64Array.from({ length: count }, (_, i) => boxArea(anchors, i));
  const best = new Float32Array(count);
  return {
    match: (truth, into) => {
      into.fill(BACKGROUND);
      best.fill(0);
      const forced: number[] = [];
      for (let m = 0; m < truth.ignored.length; m++) {
        forced.push(truth.ignored[m] === 1 ? -1 : claim(anchors, areas, truth.boxes, m, best, into));
      }
      let positives = 0;
      for (let i = 0; i < count; i++) {
        if (into[i]! < 0) continue;
        if (best[i]! >= threshold) positives++;
        else into[i] = BACKGROUND;
      }
      for (let m = forced.length - 1; m >= 0; m--) {
        const anchor = forced[m]!;
        if (anchor < 0) continue;
        if (into[anchor] === BACKGROUND) positives++;
        into[anchor] = m;
      }
      for (let m = 0; m < truth.ignored.length; m++) {
        if (truth.ignored[m] === 1) exclude(anchors, areas, truth.boxes, m, threshold, into);
      }
      return positives;
    },
  };
}

/** Gives truth `m` every anchor it overlaps more than the truths before it; returns its best anchor, -1 without overlap. */
function claim(
  anchors: Float32Array,
  areas: Float64Array,
  boxes: Float64Array,
  m: number,
  best: Float32Array,
  into: Int32Array,
): number {
  const x1 = boxes[m * 4]!;
  const y1 = boxes[m * 4 + 1]!;
  const x2 = boxes[m * 4 + 2]!;
  const y2 = boxes[m * 4 + 3]!;
  const area = boxArea(boxes, m);
  let top = 0;
  let topAnchor = -1;
  for (let i = 0, a = 0; i < areas.length; i++, a += 4) {
    const width = Math.min(x2, anchors[a + 2]!) - Math.max(x1, anchors[a]!);
    if (width <= 0) continue;
    const height = Math.min(y2, anchors[a + 3]!) - Math.max(y1, anchors[a + 1]!);
    if (height <= 0) continue;
    const intersection = width * height;
    const iou = Math.fround(intersection / (area + areas[i]! - intersection));
    if (iou > best[i]!) {
      best[i] = iou;
      into[i] = m;
    }
    if (iou > top) {
      top = iou;
      topAnchor = i;
    }
  }
  return topAnchor;
}

function exclude(
  anchors: Float32Array,
  areas: Float64Array,
  boxes: Float64Array,
  m: number,
  share: number,
  into: Int32Array,
): void {
  const x1 = boxes[m * 4]!;
  const y1 = boxes[m * 4 + 1]!;
  const x2 = boxes[m * 4 + 2]!;
  const y2 = boxes[m * 4 + 3]!;
  for (let i = 0, a = 0; i < areas.length; i++, a += 4) {
    if (into[i] !== BACKGROUND) continue;
    const width = Math.min(x2, anchors[a + 2]!) - Math.max(x1, anchors[a]!);
    const height = Math.min(y2, anchors[a + 3]!) - Math.max(y1, anchors[a + 1]!);
    if (width > 0 && height > 0 && width * height >= share * areas[i]!) into[i] = EXCLUDED;
  }
}

function boxArea(boxes: ArrayLike<number>, index: number): number {
  const b = index * 4;
  return (boxes[b + 2]! - boxes[b]!) * (boxes[b + 3]! - boxes[b + 1]!);
}
