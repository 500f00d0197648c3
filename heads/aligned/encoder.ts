import { boxAt } from '../../datasets/boxAt.js';
import type { Encoder } from '../../datasets/encoder.js';
import type { DetectionTruth } from '../../datasets/sample.js';
import { valueAt } from '../../engine/checked.js';
import { createPoints, type PointConfig } from '../boxes/points.js';
import { createAtss, offsetOf, placesInside, reachOf } from './atss.js';

/** The objects of an image, which of them lie over each place, and what a place is taught while the network knows nothing. */
export type AlignedTargets = {
  readonly boxes: readonly ['float32', 2];
  readonly labels: readonly ['int32', 1];
  readonly owners: readonly ['int32', 2];
  readonly starts: readonly ['int32', 1];
  readonly fixed: readonly ['int32', 1];
  readonly ignored: readonly ['float32', 1];
};

export interface AlignedEncoderConfig extends PointConfig {
  /** Objects of an image that are learned: M. */
  readonly maxObjects: number;
  /** ATSS: candidates of an object on each map. */
  readonly atssTopK: number;
}

/** Objects over one place that are looked at, the smallest: P. */
export const OWNERS = 8;

/**
 * Truth in input pixels -> what the loss compares with: `boxes` [M, 4] float32 and `labels` [M] int32, -1: no object; `owners` [A, P]
 * int32, the objects over a place, the smallest first, -1: none; `starts` [M + 1] int32, how many of these pairs belong to the
 * objects before; `fixed` [A] int32, the object that ATSS gives a place to, -1: none; `ignored` [A] float32, 1: a place that
 * is no background though no object takes it.
 */
export function createEncoder({
  maxObjects,
  atssTopK,
  ...config
}: AlignedEncoderConfig): Encoder<DetectionTruth, AlignedTargets> {
  const { grids } = config;
  const points = createPoints(config);
  const count = points.length / 3;
  const finest = grids[0]?.stride ?? 0;
  const assign = createAtss(config, points, atssTopK);
  const inside = (boxes: Float64Array, m: number): number[] => {
    const [x1, y1, x2, y2] = [
      valueAt(boxes, m * 4),
      valueAt(boxes, m * 4 + 1),
      valueAt(boxes, m * 4 + 2),
      valueAt(boxes, m * 4 + 3),
    ];
    const reach = reachOf([x1, y1, x2, y2], finest);
    return grids.flatMap((grid, level) => placesInside(grid, offsetOf(grids, level), reach));
  };
  return {
    targets: {
      boxes: { shape: [maxObjects, 4], dtype: 'float32' },
      labels: { shape: [maxObjects], dtype: 'int32' },
      owners: { shape: [count, OWNERS], dtype: 'int32' },
      starts: { shape: [maxObjects + 1], dtype: 'int32' },
      fixed: { shape: [count], dtype: 'int32' },
      ignored: { shape: [count], dtype: 'float32' },
    },
    encode: (truth, { boxes, labels, owners, starts, fixed, ignored }) => {
      boxes.fill(0);
      labels.fill(-1);
      owners.fill(-1);
      starts.fill(0);
      ignored.fill(0);
      const known: number[] = [];
      for (let m = 0; m < truth.labels.length; m++) {
        if (truth.ignored[m] !== 1 && known.length < maxObjects) known.push(m);
        else for (const place of inside(truth.boxes, m)) ignored[place] = 1;
      }
      known.forEach((m, at) => {
        boxes.set(truth.boxes.subarray(m * 4, m * 4 + 4), at * 4);
        labels[at] = valueAt(truth.labels, m);
      });
      const area = (m: number): number =>
        (valueAt(truth.boxes, m * 4 + 2) - valueAt(truth.boxes, m * 4)) *
        (valueAt(truth.boxes, m * 4 + 3) - valueAt(truth.boxes, m * 4 + 1));
      const used = new Uint8Array(count);
      const order = known.map((m, at) => ({ m, at, area: area(m) })).sort((a, b) => a.area - b.area || a.at - b.at);
      for (const { m, at } of order) {
        for (const place of inside(truth.boxes, m)) {
          const taken = used[place]!;
          if (taken === OWNERS) continue;
          owners[place * OWNERS + taken] = at;
          used[place] = taken + 1;
          starts[at + 1]!++;
        }
      }
      for (let at = 0; at < maxObjects; at++) starts[at + 1]! += starts[at]!;
      assign({ boxes, objects: known.map((_, at) => at) }, fixed);
    },
    decode: ({ boxes, labels, starts }) => {
      const taught = Array.from(labels.keys()).filter((m) => valueAt(starts, m + 1) > valueAt(starts, m));
      const sides = taught.map((m) => boxAt(boxes, m));
      return {
        kind: 'boxes',
        boxes: Float64Array.from(sides.flat()),
        labels: Int32Array.from(taught, (m) => valueAt(labels, m)),
        ignored: new Uint8Array(taught.length),
        areas: Float64Array.from(sides, ([x1, y1, x2, y2]) => (x2 - x1) * (y2 - y1)),
      };
    },
  };
}
