import type { MatchInput } from '../evaluation/matched.js';
import { pairIou } from '../evaluation/similarity.js';
import type { Masks } from '../mask/pool.js';
import type { Kernels, MaskHost } from './kernels.js';
import { AT, IMAGE_ROWS } from './layout.js';

/** One of the lists of wasm/overlap.ts, with the rows that an image has of it. */
interface List {
  readonly masks: Masks;
  readonly order: Int32Array;
  readonly start: Int32Array;
}

/** Masks of the images of an evaluation, decoded when `matchImage` first compares them. */
export interface ImageMasks extends MaskHost {
  /** Forgets the masks of the image before. */
  nextImage(image: number): void;
}

const UNREAD = -2;
const WITHOUT_INTERVALS = -1;

export function imageMasks(module: Kernels, { gt, dt, gtByImage, dtByImage }: MatchInput): ImageMasks {
  const { MASK_HEIGHTS, MASK_WIDTHS, MASK_BEGINS, MASK_ENDS, MASK_AREAS, INTERVALS, STATE } = module.views;
  const lists: List[] = [];
  for (const [found, truths] of [[dt.masks, gt.masks] as const, [dt.edges, gt.edges] as const])
    if (found && truths) lists.push({ masks: found, ...dtByImage }, { masks: truths, ...gtByImage });
  const limit = AT.INTERVALS + INTERVALS.byteLength;
  let next = AT.INTERVALS;
  let first = 0;
  const rowOf = (list: number, row: number): number => lists[list]!.order[lists[list]!.start[first]! + row]!;
  return {
    nextImage(image) {
      first = image;
      next = AT.INTERVALS;
      for (let l = 0; l < lists.length; l++) {
        const { masks, order, start } = lists[l]!;
        const begin = start[image]!;
        const n = start[image + 1]! - begin;
        const at = l * IMAGE_ROWS;
        for (let i = 0; i < n; i++) {
          MASK_HEIGHTS[at + i] = masks.height[order[begin + i]!]!;
          MASK_WIDTHS[at + i] = masks.width[order[begin + i]!]!;
        }
        MASK_AREAS.fill(UNREAD, at, at + n);
      }
    },
    loadMask(list, row) {
      const { masks } = lists[list]!;
      const r = rowOf(list, row);
      const at = list * IMAGE_ROWS + row;
      MASK_AREAS[at] = WITHOUT_INTERVALS;
      const n = masks.place(r, module);
      if (n < 0 || next + 4 * n + 8 > limit) return;
      const end = module.intervals(n, next);
      if (end === 0 || STATE[1] !== masks.height[r]! * masks.width[r]!) return;
      MASK_BEGINS[at] = next;
      MASK_ENDS[at] = end;
      MASK_AREAS[at] = STATE[0]!;
      next = end;
    },
    compareRuns: (list, found, truth, crowd) =>
      pairIou(lists[list]!.masks, rowOf(list, found), lists[list + 1]!.masks, rowOf(list + 1, truth), crowd === 1),
  };
}
