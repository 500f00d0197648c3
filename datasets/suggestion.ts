import { editDistance } from './editDistance.js';

/** The candidate most like `word`, letter case aside; undefined when none is within a third of its letters. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  const limit = word.length < 5 ? 1 : Math.max(2, Math.floor(word.length / 3));
  let best: string | undefined;
  let bestDistance = limit + 1;
  for (const candidate of candidates) {
    if (Math.abs(candidate.length - word.length) > limit) continue;
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

/** `; did you mean 'x'?`, or else the choices when they are few, or nothing. */
export function didYouMean(word: string, candidates: readonly string[]): string {
  const best = nearest(word, candidates);
  if (best !== undefined) return `; did you mean '${best}'?`;
  return candidates.length > 0 && candidates.length <= 40 ? `; choose one of ${candidates.join(', ')}` : '';
}
