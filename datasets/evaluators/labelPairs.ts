import type { ClassScores, LabelTruth } from '../sample.js';
import { answeredOf, bestFirst } from './classification.js';

/**
 * What the classes of an image were answered as: of classes that exclude each other one pair; of others each class with itself,
 * with nothing where it was missed, and nothing with each that was too many.
 */
export function labelPairs(
  { labels }: LabelTruth,
  { probabilities, isExclusive }: ClassScores,
): readonly (readonly [truth: number | null, answer: number | null])[] {
  const answered = isExclusive ? bestFirst(probabilities, 1) : answeredOf(probabilities);
  if (isExclusive) return Array.from(labels, (label) => [label, answered[0] ?? null] as const);
  const extra = answered.filter((label) => !labels.includes(label)).map((label) => [null, label] as const);
  return [...Array.from(labels, (label) => [label, answered.includes(label) ? label : null] as const), ...extra];
}

/** How wrong an answer is, 0..1: the probability that the true class lacks, or the largest distance of a class. */
export function labelError({ labels }: LabelTruth, { probabilities, isExclusive }: ClassScores): number {
  if (isExclusive) return 1 - Math.max(0, ...Array.from(labels, (label) => probabilities[label] ?? 0));
  const wanted = new Set(labels);
  return probabilities.reduce((most, value, label) => Math.max(most, Math.abs(value - (wanted.has(label) ? 1 : 0))), 0);
}
