/** Positions by falling score. */
function orderOf(scores: readonly number[]): readonly number[] {
  return Array.from(scores.keys()).sort((a, b) => scores[b]! - scores[a]!);
}

/**
 * Probability that a positive ranks before a negative, of equal scores half; null without both.
 *
 * @source Mann and Whitney 1947, by mean ranks of equal scores
 */
export function areaUnderCurve(scores: readonly number[], isTrue: readonly boolean[]): number | null {
  const order = orderOf(scores);
  const positives = isTrue.filter(Boolean).length;
  const negatives = scores.length - positives;
  if (positives === 0 || negatives === 0) return null;
  let [before, wins] = [0, 0];
  for (let from = 0; from < order.length; ) {
    let [to, own] = [from, 0];
    for (; to < order.length && scores[order[to]!] === scores[order[from]!]; to++) own += isTrue[order[to]!] ? 1 : 0;
    const others = to - from - own;
    wins += others * (before + own / 2);
    before += own;
    from = to;
  }
  return wins / (positives * negatives);
}

/**
 * Mean precision at the ranks where a positive is found, without interpolation; equal scores are one rank. Null without a
 * positive.
 */
export function averagePrecision(scores: readonly number[], isTrue: readonly boolean[]): number | null {
  const order = orderOf(scores);
  const positives = isTrue.filter(Boolean).length;
  if (positives === 0) return null;
  let [found, sum] = [0, 0];
  for (let from = 0; from < order.length; ) {
    let [to, own] = [from, 0];
    for (; to < order.length && scores[order[to]!] === scores[order[from]!]; to++) own += isTrue[order[to]!] ? 1 : 0;
    found += own;
    sum += (own * found) / to;
    from = to;
  }
  return sum / positives;
}
