import type { Encoder } from '../../datasets/encoder.js';
import type { DetectionTruth } from '../../datasets/sample.js';
import { createPoints, type PointConfig } from '../boxes/points.js';
import { taughtBoxes } from '../boxes/taught.js';

/** Class, distances and centre-ness of every place, and the number of places that belong to an object. */
export type FcosTargets = {
  readonly classes: readonly ['int32', 1];
  readonly distances: readonly ['float32', 2];
  readonly centerness: readonly ['float32', 1];
  readonly positives: readonly ['float32', 0];
};

export interface FcosEncoderConfig extends PointConfig {
  /** Cells around an object's centre; null: everything in its box. */
  readonly radius: number | null;
  /** Longest distance that a map is for, in its cells; the coarsest has no limit. */
  readonly range: number;
}

/** No object: the place learns background. */
export const BACKGROUND = -1;
/** The place takes no part in the loss. */
export const EXCLUDED = -2;

/**
 * Truth in input pixels -> what the loss compares with: `classes` [A] int32, -1 background and -2 not in the loss; `distances`
 * [A, 4] float32 left, top, right, bottom in cells of the place's map, 0 where there is no object; `centerness` [A] float32;
 * `positives` [] float32. A place belongs to the smallest object that it is near the centre of and whose size is its map's;
 * background in an ignored object is left out.
 *
 * @source Tian et al. 2019, arXiv:1904.01355, section 3.1 and equation 3; centre sampling of its later version
 */
export function createEncoder({ radius, range, ...config }: FcosEncoderConfig): Encoder<DetectionTruth, FcosTargets> {
  const points = createPoints(config);
  const count = points.length / 3;
  const coarsest = config.grids.at(-1)?.stride ?? 0;
  const smallest = new Float64Array(count);
  return {
    targets: {
      classes: { shape: [count], dtype: 'int32' },
      distances: { shape: [count, 4], dtype: 'float32' },
      centerness: { shape: [count], dtype: 'float32' },
      positives: { shape: [], dtype: 'float32' },
    },
    encode: ({ boxes, labels, ignored }, { classes, distances, centerness, positives }) => {
      classes.fill(BACKGROUND);
      distances.fill(0);
      centerness.fill(0);
      smallest.fill(Number.POSITIVE_INFINITY);
      for (let m = 0; m < labels.length; m++) {
        const [x1, y1, x2, y2] = [boxes[m * 4]!, boxes[m * 4 + 1]!, boxes[m * 4 + 2]!, boxes[m * 4 + 3]!];
        const area = (x2 - x1) * (y2 - y1);
        for (let i = 0, p = 0; i < count; i++, p += 3) {
          const [x, y, stride] = [points[p]!, points[p + 1]!, points[p + 2]!];
          const [left, top, right, bottom] = [x - x1, y - y1, x2 - x, y2 - y];
          if (left <= 0 || top <= 0 || right <= 0 || bottom <= 0) continue;
          if (ignored[m] === 1) {
            if (classes[i] === BACKGROUND) classes[i] = EXCLUDED;
            continue;
          }
          const reach = radius === null ? Number.POSITIVE_INFINITY : radius * stride;
          if (Math.abs(x - (x1 + x2) / 2) >= reach || Math.abs(y - (y1 + y2) / 2) >= reach) continue;
          const longest = Math.max(left, top, right, bottom);
          const isFinest = stride === config.grids[0]?.stride;
          if (longest > range * stride && stride !== coarsest) continue;
          if (longest <= (range * stride) / 2 && !isFinest) continue;
          if (area >= smallest[i]!) continue;
          smallest[i] = area;
          classes[i] = labels[m]!;
          distances.set([left / stride, top / stride, right / stride, bottom / stride], i * 4);
          centerness[i] = Math.sqrt(
            (Math.min(left, right) / Math.max(left, right)) * (Math.min(top, bottom) / Math.max(top, bottom)),
          );
        }
      }
      positives[0] = classes.reduce((sum, label) => sum + (label >= 0 ? 1 : 0), 0);
    },
    decode: ({ classes, distances }) =>
      taughtBoxes(classes, (box, place) => {
        const [x, y, stride] = [points[place * 3]!, points[place * 3 + 1]!, points[place * 3 + 2]!];
        box[0] = x - distances[place * 4]! * stride;
        box[1] = y - distances[place * 4 + 1]! * stride;
        box[2] = x + distances[place * 4 + 2]! * stride;
        box[3] = y + distances[place * 4 + 3]! * stride;
      }),
  };
}
