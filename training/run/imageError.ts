import { labelError } from '../../datasets/evaluators/labelPairs.js';
import { matchBoxes } from '../../datasets/evaluators/matchBoxes.js';
import type { Drawable } from '../../datasets/pictures/index.js';
import { IGNORED, labelsOf, type Truth } from '../../datasets/sample.js';

/**
 * Share of an image that was answered wrongly, 0..1: of boxes 1 - F1 at IoU 0.5 over those from the threshold up, of a
 * class map the wrong pixels of those that are not ignored, of classes of the image what the probability of the truth lacks; 0
 * where there is nothing to answer and nothing was.
 */
export function imageError(truth: Truth, answer: Drawable, threshold: number): number {
  if ('mask' in truth && 'mask' in answer) return wrongShare(truth.mask, answer.mask);
  const labels = labelsOf(truth);
  if (labels && 'probabilities' in answer) return labelError(labels, answer);
  if (!('boxes' in truth) || !('scores' in answer)) return 0;
  const { hits, extra, missed } = matchBoxes(truth, answer, { threshold });
  const wrong = extra.length + missed.length;
  return wrong === 0 ? 0 : wrong / (2 * hits.length + wrong);
}

function wrongShare(truth: Uint8Array, answer: Uint8Array): number {
  let [wrong, counted] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    if (truth[i] === IGNORED) continue;
    counted++;
    if (truth[i] !== answer[i]) wrong++;
  }
  return counted === 0 ? 0 : wrong / counted;
}
