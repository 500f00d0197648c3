import type { Entry } from '../dataset.js';
import type { Placement } from '../placement.js';
import type { PixelData, Truth } from '../sample.js';
import type { Filled } from './fill.js';
import { imageRows, type SlotLayout, targetRows } from './slot.js';

/** A target of a whole batch. */
export interface BatchTarget {
  readonly data: Float32Array | Int32Array;
  /** [N, ...shape]. */
  readonly shape: readonly number[];
}

/** N images with their targets, in shared memory that is used again after `release`. */
export interface Batch {
  /** [N * height * width * channels]. */
  readonly images: PixelData;
  /** [N, height, width, channels]. */
  readonly shape: readonly [number, number, number, number];
  readonly targets: { readonly [name: string]: BatchTarget };
  /** [N] ids of the samples. */
  readonly ids: readonly string[];
  /** [N] how each image lies in its input; after flips and quarter turns, where there are any. */
  readonly placements: readonly Placement[];
  /** [N] in original pixels; empty unless asked for. */
  readonly truths: readonly Truth[];
  /** Gives the memory back: images and targets must not be read afterwards. */
  release(): void;
}

interface BatchParts {
  readonly slot: SharedArrayBuffer;
  readonly layout: SlotLayout;
  readonly size: readonly [number, number];
  readonly channels: number;
  readonly members: readonly Entry[];
  readonly filled: readonly Filled[];
  readonly release: () => void;
}

export function batchOf({ slot, layout, size, channels, members, filled, release }: BatchParts): Batch {
  const count = members.length;
  const arrays = targetRows(slot, layout, 0, count);
  let isReleased = false;
  return {
    images: imageRows(slot, layout, 0, count),
    shape: [count, size[0], size[1], channels],
    targets: Object.fromEntries(
      layout.targets.map(({ name, spec }) => [
        name,
        { data: arrays[name] as Float32Array | Int32Array, shape: [count, ...spec.shape] },
      ]),
    ),
    ids: members.map(({ id }) => id),
    placements: filled.map(({ placement }) => placement),
    truths: filled.flatMap(({ truth }) => (truth === null ? [] : [truth])),
    release: () => {
      if (isReleased) return;
      isReleased = true;
      release();
    },
  };
}
