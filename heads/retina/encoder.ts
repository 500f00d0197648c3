import type { Encoder } from '../../datasets/encoder.js';
import type { DetectionTruth } from '../../datasets/sample.js';
import { taughtBoxes } from '../boxes/taught.js';
import { type AnchorConfig, createAnchors } from './anchors.js';
import { decodeBox, encodeBox } from './boxCoder.js';
import { createMatcher } from './matcher.js';

export interface RetinaEncoderConfig extends AnchorConfig {
  /** Smallest IoU at which an anchor belongs to a truth. */
  readonly matchThreshold: number;
}

/** Class and box of every anchor, and the number of anchors that were matched. */
export type RetinaTargets = {
  readonly classes: readonly ['int32', 1];
  readonly boxes: readonly ['float32', 2];
  readonly positives: readonly ['float32', 0];
};

/**
 * Truth in input pixels -> what the detection loss compares with:
 * `classes` [A] int32, -1 background and -2 not in the loss; `boxes` [A, 4] float32 offsets ty tx th tw, 0 where
 * there is no truth; `positives` [] float32, the number of matched anchors.
 */
export function createEncoder(config: RetinaEncoderConfig): Encoder<DetectionTruth, RetinaTargets> {
  const anchors = createAnchors(config);
  const count = anchors.length / 4;
  const matcher = createMatcher(anchors, config.matchThreshold);
  return {
    targets: {
      classes: { shape: [count], dtype: 'int32' },
      boxes: { shape: [count, 4], dtype: 'float32' },
      positives: { shape: [], dtype: 'float32' },
    },
    encode: (truth, into) => {
      const { classes, boxes, positives } = into;
      positives[0] = matcher.match(truth, classes);
      boxes.fill(0);
      for (let i = 0; i < count; i++) {
        const match = classes[i]!;
        if (match < 0) continue;
        encodeBox(boxes, i, anchors, truth.boxes, match);
        classes[i] = truth.labels[match]!;
      }
    },
    decode: ({ classes, boxes }) => taughtBoxes(classes, (box, anchor) => decodeBox(box, 0, anchors, boxes, anchor)),
  };
}
