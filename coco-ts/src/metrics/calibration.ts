import { valueAt } from '../checked.js';
import type { Outcomes } from './outcomes.js';

/** One bin of scores. */
export interface CalibrationBin {
  readonly low: number;
  readonly high: number;
  readonly count: number;
  /** Mean score, and share of detections that are correct; NaN in an empty bin. */
  readonly confidence: number;
  readonly accuracy: number;
}

/** How far scores are from being probabilities. */
export interface Calibration {
  /** Mean distance of confidence and accuracy, weighted by bin size. */
  readonly expectedError: number;
  /** Largest distance of a bin. */
  readonly maximumError: number;
  readonly bins: readonly CalibrationBin[];
}

/**
 * Expected and maximum calibration error over bins of equal width on [0, 1]: how far scores are from being the probability that a
 * detection is correct.
 * @source Naeini, Cooper, Hauskrecht 2015, AAAI, "Obtaining Well Calibrated Probabilities Using Bayesian Binning"
 */
export function calibration({ scores, correct }: Outcomes, binCount = 10): Calibration {
  const sums = Array.from({ length: binCount }, () => ({ count: 0, score: 0, hits: 0 }));
  for (const [i, score] of scores.entries()) {
    const bin = valueAt(sums, Math.min(binCount - 1, Math.max(0, Math.floor(score * binCount))));
    bin.count++;
    bin.score += score;
    bin.hits += valueAt(correct, i);
  }
  const bins = sums.map(({ count, score, hits }, i) => ({
    low: i / binCount,
    high: (i + 1) / binCount,
    count,
    confidence: score / count,
    accuracy: hits / count,
  }));
  const filled = bins.filter((bin) => bin.count > 0);
  const gap = (bin: CalibrationBin): number => Math.abs(bin.confidence - bin.accuracy);
  return {
    expectedError: filled.reduce((sum, bin) => sum + (bin.count / scores.length) * gap(bin), 0),
    maximumError: filled.reduce((most, bin) => Math.max(most, gap(bin)), 0),
    bins,
  };
}
