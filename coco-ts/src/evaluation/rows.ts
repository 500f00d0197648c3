import type { Id } from '../annotation.js';
import { valueAt } from '../checked.js';
import type { Masks } from '../mask/pool.js';
import type { Numbers } from '../scan/table.js';

/** Annotations of one side as columns: what matching reads and nothing else. Row r of every column is one annotation. */
export interface Rows {
  readonly count: number;
  readonly id: Float64Array;
  /** The ids as they stand in the file, where they are no numbers or were replaced. */
  readonly names: readonly Id[] | null;
  /** Position of the image in the sorted imgIds, -1 for one that is not evaluated. */
  readonly image: Int32Array;
  /** Position of the category in catIds, -1 for one that is not evaluated. */
  readonly category: Int32Array;
  readonly area: Float64Array;
  readonly score: Float64Array;
  readonly crowd: Uint8Array;
  readonly ignore: Uint8Array;
  /** x, y, width, height per row; empty for keypoints of detections. */
  readonly boxes: Float64Array;
  readonly masks: Masks | null;
  /** Inner boundaries of the masks, for boundary IoU. */
  readonly edges: Masks | null;
  /** x, y, visibility of every point, `3 * points` numbers per row; of detections x and y only. */
  readonly keypoints: Numbers | null;
}

/** The columns from which truths are counted. */
export type TruthColumns = Pick<Rows, 'count' | 'image' | 'category' | 'area' | 'ignore'>;

export type Side = 'truth' | 'detection';

/** Keypoint numbers without every third, the visibility. */
export const coordinates = <A extends Numbers>(points: A): A => points.filter((_, i) => i % 3 < 2) as A;

/** Positions of ids; of an id given twice the first. */
export function positions(ids: readonly Id[]): Map<Id, number> {
  const out = new Map<Id, number>();
  for (let i = 0; i < ids.length; i++) if (!out.has(valueAt(ids, i))) out.set(valueAt(ids, i), i);
  return out;
}
