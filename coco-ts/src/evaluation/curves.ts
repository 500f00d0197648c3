import { quickCurves } from '../wasm/curves.js';
import { kernels } from '../wasm/kernels.js';
import { type Accumulated, emptyAccumulated } from './accumulate.js';
import type { Matched } from './matcher.js';
import { EPSILON } from './numeric.js';
import type { Params } from './params.js';
import { ScoreSorter } from './sorting.js';

/** Precision and recall from the outcomes of matching; the same numbers as `accumulateCells`, bit for bit. */
export function accumulateMatched(params: Params, chunks: readonly Matched[]): Accumulated {
  const out = emptyAccumulated(params);
  const module = kernels();
  if (module !== null && quickCurves(module, out, chunks)) return out;
  const curves = new Curves(out, chunks);
  for (let k = 0; k < out.counts[2]; k++) curves.category(k);
  return out;
}

/**
 * Accumulates category by category. Precision can only peak where a detection is a hit, so that after one walk through all detections
 * just the hits are kept: at each, how many misses came before. A curve is then read off the hits alone.
 */
class Curves {
  private readonly out: Accumulated;
  private readonly chunks: readonly Matched[];
  private readonly sorter: ScoreSorter;
  private readonly recThrs: Float64Array;
  /** Slots of the category in one list: chunk by chunk, i.e. image by image. */
  private readonly scores: Float64Array;
  private readonly ranks: Int32Array;
  private readonly codes: Int32Array;
  private readonly sorted: Float64Array;
  /** Which of maxDets first admits a rank. */
  private readonly admitted: Uint8Array;
  private readonly limitOf: Uint8Array;
  /** Per size range, the slots that are not plain misses: place in score order, code, and plain misses before by limit. */
  private readonly mixedAt: Int32Array;
  private readonly mixedCode: Int32Array;
  private readonly missesBefore: Int32Array;
  private readonly mixedCount: Int32Array;
  private readonly misses: Int32Array;
  private readonly admittedCount: Int32Array;
  private readonly firstAdmitted: Int32Array;
  /** Per threshold, the hits: misses before each, its place in score order. */
  private readonly hitMisses: Int32Array;
  private readonly hitAt: Int32Array;
  private readonly hits: Int32Array;
  private readonly falses: Int32Array;
  private readonly envelope: Float64Array;
  private readonly mixedCapacity: number;

  constructor(out: Accumulated, chunks: readonly Matched[]) {
    const [T, , K, A, M] = out.counts;
    this.out = out;
    this.chunks = chunks;
    this.recThrs = Float64Array.from(out.params.recThrs);
    let most = 1;
    let mixed = 1;
    for (let k = 0; k < K; k++) {
      most = Math.max(
        most,
        chunks.reduce((sum, chunk) => sum + chunk.fill[k]!, 0),
      );
      mixed = Math.max(
        mixed,
        chunks.reduce((sum, chunk) => sum + chunk.mixed[k]!, 0),
      );
    }
    // Detections outside a size range are ignored without being mixed; they are not kept either.
    this.mixedCapacity = mixed;
    this.sorter = new ScoreSorter(most);
    this.scores = new Float64Array(most);
    this.sorted = new Float64Array(most);
    this.ranks = new Int32Array(most);
    this.codes = new Int32Array(most * A);
    this.admitted = new Uint8Array(most);
    this.mixedAt = new Int32Array(A * mixed);
    this.mixedCode = new Int32Array(A * mixed);
    this.missesBefore = new Int32Array(A * mixed * M);
    this.mixedCount = new Int32Array(A);
    this.misses = new Int32Array(A * M);
    this.admittedCount = new Int32Array(M);
    this.firstAdmitted = new Int32Array(M);
    this.hitMisses = new Int32Array(T * mixed);
    this.hitAt = new Int32Array(T * mixed);
    this.hits = new Int32Array(T);
    this.falses = new Int32Array(T);
    this.envelope = new Float64Array(mixed);
    const { maxDets } = out.params;
    this.limitOf = Uint8Array.from(
      { length: Math.max(0, maxDets[M - 1]!) + 1 },
      (_, rank) => maxDets.filter((limit) => rank >= limit).length,
    );
  }

  category(k: number): void {
    const [T, R, K, A, M] = this.out.counts;
    const counted = Array.from({ length: A }, (_, a) =>
      this.chunks.reduce((sum, chunk) => sum + chunk.counted[k * A + a]!, 0),
    );
    if (counted.every((n) => n === 0)) return;
    this.walk(this.collect(k));
    const stride = K * A * M;
    for (let a = 0; a < A; a++) {
      if (counted[a] === 0) continue;
      for (let m = 0; m < M; m++) {
        this.spread(a, m);
        const column = (k * A + a) * M + m;
        const any = this.admittedCount[m]! > 0;
        const top = any ? this.sorted[this.firstAdmitted[m]!]! : 0;
        for (let t = 0; t < T; t++) {
          this.out.recall[t * stride + column] = any ? this.hits[t]! / counted[a]! : 0;
          this.curve(t, counted[a]!, any, top, t * R * stride + column, stride);
        }
      }
    }
  }

  /** Copies the category's slots into one list. @returns its length */
  private collect(k: number): number {
    const A = this.out.counts[3];
    let n = 0;
    for (const { base, fill, scores, ranks, codes } of this.chunks) {
      const begin = base[k]!;
      const end = begin + fill[k]!;
      this.scores.set(scores.subarray(begin, end), n);
      this.ranks.set(ranks.subarray(begin, end), n);
      this.codes.set(codes.subarray(begin * A, end * A), n * A);
      n += end - begin;
    }
    return n;
  }

  /** Goes through the slots in score order and keeps those that are not plain misses, with the count of those before. */
  private walk(n: number): void {
    const [T, , , A, M] = this.out.counts;
    const {
      scores,
      ranks,
      codes,
      sorted,
      admitted,
      limitOf,
      misses,
      mixedAt,
      mixedCode,
      missesBefore,
      mixedCount,
      mixedCapacity,
    } = this;
    const { admittedCount, firstAdmitted } = this;
    const miss = ((1 << T) - 1) << 16;
    const order = this.sorter.order(scores, n);
    mixedCount.fill(0);
    misses.fill(0);
    admittedCount.fill(0);
    firstAdmitted.fill(-1);
    for (let z = 0; z < n; z++) {
      const slot = order[z]!;
      const limit = limitOf[ranks[slot]!]!;
      sorted[z] = scores[slot]!;
      admitted[z] = limit;
      if (limit < M && admittedCount[limit]!++ === 0) firstAdmitted[limit] = z;
      for (let a = 0; a < A; a++) {
        const code = codes[slot * A + a]!;
        if (code === miss) {
          if (limit < M) misses[a * M + limit]!++;
        } else if (code !== 0) {
          const at = a * mixedCapacity + mixedCount[a]!++;
          mixedAt[at] = z;
          mixedCode[at] = code;
          let before = 0;
          for (let m = 0; m < M; m++) {
            before += misses[a * M + m]!;
            missesBefore[at * M + m] = before;
          }
        }
      }
    }
    // A larger limit admits what a smaller one does.
    for (let m = 1; m < M; m++) {
      admittedCount[m]! += admittedCount[m - 1]!;
      const first = firstAdmitted[m - 1]!;
      if (first >= 0 && (firstAdmitted[m]! < 0 || first < firstAdmitted[m]!)) firstAdmitted[m] = first;
    }
  }

  /** Splits the codes of one size range and limit into the hits of every threshold. */
  private spread(a: number, m: number): void {
    const { mixedAt, mixedCode, missesBefore, admitted, hits, falses, hitMisses, hitAt, mixedCapacity } = this;
    const M = this.out.counts[4];
    hits.fill(0);
    falses.fill(0);
    const begin = a * mixedCapacity;
    const end = begin + this.mixedCount[a]!;
    for (let at = begin; at < end; at++) {
      const z = mixedAt[at]!;
      if (admitted[z]! > m) continue;
      const code = mixedCode[at]!;
      const before = missesBefore[at * M + m]!;
      let missed = code >>> 16;
      let hit = code & 0xffff;
      while (missed !== 0) {
        const t = 31 - Math.clz32(missed);
        missed ^= 1 << t;
        falses[t]!++;
      }
      while (hit !== 0) {
        const t = 31 - Math.clz32(hit);
        hit ^= 1 << t;
        const x = t * mixedCapacity + hits[t]!++;
        hitMisses[x] = falses[t]! + before;
        hitAt[x] = z;
      }
    }
  }

  /** Reads one curve at the recall thresholds into precision and scores at `column`. */
  private curve(t: number, counted: number, any: boolean, top: number, column: number, stride: number): void {
    const { envelope, hitMisses, hitAt, sorted, recThrs } = this;
    const { precision, scores } = this.out;
    const n = this.hits[t]!;
    const first = t * this.mixedCapacity;
    let best = 0;
    for (let z = n - 1; z >= 0; z--) {
      const value = (z + 1) / (hitMisses[first + z]! + (z + 1) + EPSILON);
      if (value > best) best = value;
      envelope[z] = best;
    }
    let z = 0;
    let r = 0;
    let at = column;
    for (; r < recThrs.length; r++, at += stride) {
      const wanted = recThrs[r]!;
      if (r > 0 && wanted < recThrs[r - 1]!) z = 0;
      if (wanted <= 0) {
        // Recall 0 is reached by the very first detection, whatever it is.
        if (!any) break;
        precision[at] = n > 0 ? envelope[0]! : 0;
        scores[at] = top;
        continue;
      }
      while (z < n && (z + 1) / counted < wanted) z++;
      // The reference leaves its loop at the first recall that is not reached, also when later ones would be.
      if (z >= n || Number.isNaN(wanted)) break;
      precision[at] = envelope[z]!;
      scores[at] = sorted[hitAt[first + z]!]!;
    }
    for (; r < recThrs.length; r++, at += stride) {
      precision[at] = 0;
      scores[at] = 0;
    }
  }
}
