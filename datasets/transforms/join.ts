import { boxAt } from '../boxAt.js';
import {
  IGNORED,
  type InstanceTruth,
  type LabelTruth,
  type MaskPatch,
  type ObjectsTruth,
  type SemanticTruth,
  type Truth,
} from '../sample.js';
import { boxOf, cropped, NO_PATCH } from './patches.js';
import type { Region } from './region.js';

/** A truth, where its pixels begin, and what part of the whole it stands for. */
export interface Part<T extends Truth = Truth> {
  readonly truth: T;
  readonly left: number;
  readonly top: number;
  /** Share of a label. Defaults to 1. */
  readonly share?: number;
}

type Size = readonly [height: number, width: number];
type Kind<K extends Truth['kind']> = Extract<Truth, { readonly kind: K }>;

/** Truths of one kind as one; of class maps the later ones are on top. */
const JOINS: { readonly [K in Truth['kind']]: (parts: readonly Part<Kind<K>>[], size: Size) => Kind<K> } = {
  boxes: (parts) => ({ kind: 'boxes', ...joinObjects(parts) }),
  instances: (parts) => ({ kind: 'instances', ...joinObjects(parts), masks: joinMasks(parts) }),
  classMap: (parts, size) => ({ kind: 'classMap', ...joinMaps(parts, size) }),
  panoptic: (parts, size) => {
    return { kind: 'panoptic', ...joinObjects(parts), masks: joinMasks(parts), ...joinMaps(parts, size) };
  },
  labels: joinLabels,
};

type Masks = Pick<InstanceTruth, 'masks'>;
function joinMasks(parts: readonly Part<Truth & Masks>[]): readonly MaskPatch[] {
  return parts.flatMap(({ truth, left, top }) =>
    truth.masks.map((mask) => ({ ...mask, left: mask.left + left, top: mask.top + top })),
  );
}

type ClassMapOf = Omit<SemanticTruth, 'kind'>;

/** @param parts at least one, all of one kind */
export function joinTruths(parts: readonly Part[], size: Size): Truth {
  const [first] = parts;
  if (first === undefined) throw new RangeError('there is no truth to join');
  // Kind and truths belong together, which the compiler cannot see across a lookup.
  const join = JOINS[first.truth.kind] as (parts: readonly Part[], size: Size) => Truth;
  return join(parts, size);
}

function joinObjects(parts: readonly Part<Truth & ObjectsTruth>[]): ObjectsTruth {
  return {
    boxes: Float64Array.from(
      parts.flatMap(({ truth, left, top }) => Array.from(truth.boxes, (edge, i) => edge + (i % 2 === 0 ? left : top))),
    ),
    labels: Int32Array.from(parts.flatMap(({ truth }) => [...truth.labels])),
    ignored: Uint8Array.from(parts.flatMap(({ truth }) => [...truth.ignored])),
    areas: Float64Array.from(parts.flatMap(({ truth }) => [...truth.areas])),
  };
}

function joinMaps(parts: readonly Part<Truth & ClassMapOf>[], [height, width]: Size): ClassMapOf {
  const mask = new Uint8Array(height * width).fill(IGNORED);
  for (const { truth, left, top } of parts) {
    for (let y = 0; y < truth.height; y++) {
      mask.set(truth.mask.subarray(y * truth.width, (y + 1) * truth.width), (top + y) * width + left);
    }
  }
  return { mask, width, height, ...(parts[0]?.truth.overlaps && { overlaps: true }) };
}

function joinLabels(parts: readonly Part<LabelTruth>[]): LabelTruth {
  const shares = new Map<number, number>();
  for (const { truth, share = 1 } of parts) {
    truth.labels.forEach((label, i) => {
      shares.set(label, (shares.get(label) ?? 0) + share * (truth.shares?.[i] ?? 1));
    });
  }
  const labels = Int32Array.from([...shares.keys()].sort((a, b) => a - b));
  return { kind: 'labels', labels, shares: Float32Array.from(labels, (label) => shares.get(label) ?? 0) };
}

/**
 * What is left of a truth under a rectangle that shows something else. A box stays as it is unless the rectangle takes a
 * whole side of it.
 *
 * @param minVisible objects with a smaller share left are dropped, fraction
 */
export function eraseRectangle(truth: Truth, hidden: Region, minVisible: number): Truth {
  if (truth.kind === 'instances') return eraseMasks(truth, [filledPatch(hidden)], minVisible);
  if (truth.kind !== 'boxes') return truth;
  const visible = Array.from(truth.labels, (_, i) => visibleShare(truth.boxes, i, hidden));
  const kept = visible.flatMap((share, i) => (share > 0 && (share >= minVisible || truth.ignored[i]) ? [i] : []));
  return {
    ...pick(truth, kept),
    kind: 'boxes',
    boxes: Float64Array.from(kept.flatMap((i) => cutBox(truth.boxes, i, hidden))),
    areas: Float64Array.from(kept, (i) => (truth.areas[i] ?? 0) * (visible[i] ?? 1)),
  };
}

function visibleShare(boxes: Float64Array, i: number, { left, top, right, bottom }: Region): number {
  const [x1, y1, x2, y2] = boxAt(boxes, i);
  const across = Math.max(0, Math.min(right, x2) - Math.max(left, x1));
  const down = Math.max(0, Math.min(bottom, y2) - Math.max(top, y1));
  return 1 - (across * down) / ((x2 - x1) * (y2 - y1));
}

function cutBox(boxes: Float64Array, i: number, { left, top, right, bottom }: Region): number[] {
  let [x1, y1, x2, y2] = boxAt(boxes, i);
  const isOver = right > x1 && left < x2 && bottom > y1 && top < y2;
  if (isOver && top <= y1 && bottom >= y2) {
    if (left <= x1) x1 = right;
    else if (right >= x2) x2 = left;
  } else if (isOver && left <= x1 && right >= x2) {
    if (top <= y1) y1 = bottom;
    else if (bottom >= y2) y2 = top;
  }
  return [x1, y1, x2, y2];
}

const filledPatch = ({ left, top, right, bottom }: Region): MaskPatch => {
  const [width, height] = [right - left, bottom - top];
  return { left, top, width, height, data: new Uint8Array(width * height).fill(1) };
};

/** What is left of objects under the pixels of others; boxes are those of what is left. */
export function eraseMasks(truth: InstanceTruth, hiding: readonly MaskPatch[], minVisible: number): InstanceTruth {
  const left = truth.masks.map((mask) => subtract(mask, hiding));
  const kept = left.flatMap(({ share }, i) => (share >= minVisible || truth.ignored[i] ? [i] : []));
  return {
    kind: 'instances',
    ...pick(truth, kept),
    boxes: Float64Array.from(
      kept.flatMap((i) => {
        const { patch, share } = left[i] ?? { patch: null, share: 1 };
        return patch === null || share === 1 ? [...boxAt(truth.boxes, i)] : [...boxOf(patch)];
      }),
    ),
    ignored: Uint8Array.from(kept, (i) => (left[i]?.patch === null ? 1 : (truth.ignored[i] ?? 0))),
    areas: Float64Array.from(kept, (i) => (truth.areas[i] ?? 0) * (left[i]?.share ?? 1)),
    masks: kept.map((i) => left[i]?.patch ?? NO_PATCH),
  };
}

/** The rows of a truth that are named. */
export const pick = (truth: ObjectsTruth, rows: readonly number[]): ObjectsTruth => ({
  boxes: Float64Array.from(rows.flatMap((i) => boxAt(truth.boxes, i))),
  labels: Int32Array.from(rows, (i) => truth.labels[i] ?? 0),
  ignored: Uint8Array.from(rows, (i) => truth.ignored[i] ?? 0),
  areas: Float64Array.from(rows, (i) => truth.areas[i] ?? 0),
});

/** A patch without the pixels of others, and the share of its pixels that is left; itself where there is nothing to take. */
function subtract(
  mask: MaskPatch,
  hiding: readonly MaskPatch[],
): { readonly patch: MaskPatch | null; readonly share: number } {
  if (mask.data.length === 0) return { patch: null, share: 1 };
  const data = mask.data.slice();
  for (const other of hiding) {
    const top = Math.max(mask.top, other.top);
    const bottom = Math.min(mask.top + mask.height, other.top + other.height);
    const left = Math.max(mask.left, other.left);
    const right = Math.min(mask.left + mask.width, other.left + other.width);
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        if (other.data[(y - other.top) * other.width + x - other.left]) {
          data[(y - mask.top) * mask.width + x - mask.left] = 0;
        }
      }
    }
  }
  const count = (pixels: Uint8Array): number => pixels.reduce((sum, value) => sum + value, 0);
  const before = count(mask.data);
  const after = count(data);
  if (after === before) return { patch: mask, share: 1 };
  return { patch: cropped({ ...mask, data }), share: after / before };
}
