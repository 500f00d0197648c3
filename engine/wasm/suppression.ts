import * as tf from '@tensorflow/tfjs';
import { registerTwin, tensorKernel } from '../kernels/kernel.js';
import { view } from './heap.js';

interface Attributes {
  readonly mode: 'hard' | 'soft';
  readonly width: number;
  readonly limit: number;
  readonly minimumScore: number;
}

/** Boxes of one image. */
interface Contest {
  readonly boxes: ArrayLike<number>;
  readonly labels: ArrayLike<number>;
  /** Changed by the contest: 0 is out. */
  readonly scores: Float32Array;
}

/** Registers suppression of boxes as plain loops: one pass over the boxes for each survivor, instead of twenty. */
export function registerSuppression(): void {
  registerTwin(
    'EspalierSuppression',
    'wasm',
    tensorKernel<{ boxes: tf.Tensor; scores: tf.Tensor; labels: tf.Tensor }, Attributes>(
      ({ boxes, scores, labels }, attributes) => {
        const [batch = 0, count = 0] = scores.shape;
        const rows = new Int32Array(batch * attributes.limit);
        const won = new Float32Array(batch * attributes.limit);
        const left = Float32Array.from(view(scores), (score) => (score > attributes.minimumScore ? score : 0));
        const [sides, classes] = [view(boxes), view(labels)];
        for (let item = 0; item < batch; item++) {
          const [from, to] = [item * count, (item + 1) * count];
          const contest = {
            boxes: sides.subarray(from * 4, to * 4),
            labels: classes.subarray(from, to),
            scores: left.subarray(from, to),
          };
          for (let round = 0; round < attributes.limit; round++) {
            const winner = largest(contest.scores);
            const score = contest.scores[winner] as number;
            if (!(score > attributes.minimumScore)) break;
            rows[item * attributes.limit + round] = winner;
            won[item * attributes.limit + round] = score;
            weaken(contest, winner, attributes);
          }
        }
        const shape: [number, number] = [batch, attributes.limit];
        return [tf.tensor2d(rows, shape, 'int32'), tf.tensor2d(won, shape)];
      },
    ),
  );
}

function largest(scores: Float32Array): number {
  let best = 0;
  for (let i = 1; i < scores.length; i++) if ((scores[i] as number) > (scores[best] as number)) best = i;
  return best;
}

function weaken({ boxes, labels, scores }: Contest, winner: number, { mode, width }: Attributes): void {
  scores[winner] = 0;
  for (let i = 0; i < scores.length; i++) {
    if (labels[i] !== labels[winner] || scores[i] === 0) continue;
    const iou = overlap(boxes, winner * 4, i * 4);
    if (mode === 'soft') scores[i] = (scores[i] as number) * Math.exp(-(iou * iou) / width);
    else if (iou > width) scores[i] = 0;
  }
}

/** Intersection over union of the boxes that start at a and b. */
function overlap(boxes: ArrayLike<number>, a: number, b: number): number {
  const at = (index: number): number => boxes[index] as number;
  const width = Math.min(at(a + 2), at(b + 2)) - Math.max(at(a), at(b));
  const height = Math.min(at(a + 3), at(b + 3)) - Math.max(at(a + 1), at(b + 1));
  if (width <= 0 || height <= 0) return 0;
  const area = (box: number): number => (at(box + 2) - at(box)) * (at(box + 3) - at(box + 1));
  return (width * height) / (area(a) + area(b) - width * height);
}
