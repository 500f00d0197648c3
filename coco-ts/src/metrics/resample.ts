import type { Id } from '../annotation.js';
import type { COCOeval } from '../evaluation/cocoeval.js';
import { EPSILON, meanOrMinusOne, orderByScore } from '../evaluation/numeric.js';

/** AP of multisets of images, from one evaluation. */
export interface Resampler {
  readonly images: readonly Id[];
  /** @param weights how often each image counts, [I] */
  averagePrecision(weights: Int32Array): number;
}

/** The detections of one category, best first, as outcomes at every threshold; and its truths. */
interface Category {
  readonly image: Int32Array;
  /** Per threshold: 1 hit, 2 miss, 0 ignored; [T][D]. */
  readonly outcome: readonly Uint8Array[];
  /** Image of every counted truth. */
  readonly truthImage: Int32Array;
}

/**
 * Prepares AP (mean over thresholds, recalls and categories; first size range, largest maxDets) for resampling: detections are sorted
 * once, after which a resample is one walk. Equal scores keep the order of images.
 */
export function resampler(evaluation: COCOeval): Resampler {
  const outcomes = evaluation.outcomes();
  const { images, categories } = outcomes ? fromOutcomes(outcomes) : fromCells(evaluation);
  const { recThrs, iouThrs } = evaluation.params;
  const recalls = Float64Array.from(recThrs);
  const T = iouThrs.length;
  return {
    images,
    averagePrecision(weights) {
      const values = new Float64Array(categories.length * T * recalls.length);
      let n = 0;
      for (const category of categories) {
        let counted = 0;
        for (const image of category.truthImage) counted += weights[image]!;
        if (counted === 0) continue;
        for (const outcome of category.outcome) {
          readCurve(category.image, outcome, weights, counted, recalls, values.subarray(n, n + recalls.length));
          n += recalls.length;
        }
      }
      return meanOrMinusOne(values, n);
    },
  };
}

type Outcomes = NonNullable<ReturnType<COCOeval['outcomes']>>;

function fromOutcomes({ params, gt, matched }: Outcomes) {
  const A = params.areaRng.length;
  const limit = params.maxDets[params.maxDets.length - 1]!;
  const [low, high] = params.areaRng[0] as [number, number];
  const truths = params.catIds.map(() => [] as number[]);
  for (let r = 0; r < gt.count; r++) {
    const [image, k, area] = [gt.image[r]!, gt.category[r]!, gt.area[r]!];
    if (image >= 0 && k >= 0 && !gt.ignore[r] && !(area < low || area > high)) truths[k]!.push(image);
  }
  const categories = params.catIds.map((_, k): Category => {
    const slots = matched.flatMap((chunk) =>
      Array.from({ length: chunk.fill[k]! }, (_, i) => ({ chunk, slot: chunk.base[k]! + i })).filter(
        ({ slot }) => chunk.ranks[slot]! < limit,
      ),
    );
    const order = orderByScore(slots.map(({ chunk, slot }) => chunk.scores[slot]!));
    const code = Int32Array.from(order, (i) => slots[i]!.chunk.codes[slots[i]!.slot * A]!);
    return {
      image: Int32Array.from(order, (i) => slots[i]!.chunk.images[slots[i]!.slot]!),
      outcome: Array.from({ length: params.iouThrs.length }, (_, t) =>
        Uint8Array.from(code, (bits) => ((bits >>> t) & 1) | (((bits >>> (16 + t)) & 1) << 1)),
      ),
      truthImage: Int32Array.from(truths[k]!),
    };
  });
  return { images: params.imgIds, categories };
}

/** The same from evalImgs, for pooled categories and many thresholds. */
function fromCells({ params, evalImgs }: COCOeval) {
  const [I, A, T] = [params.imgIds.length, params.areaRng.length, params.iouThrs.length];
  const K = Number(params.useCats) === 1 ? params.catIds.length : 1;
  const categories = Array.from({ length: K }, (_, k): Category => {
    const slots: { score: number; image: number; outcome: Uint8Array }[] = [];
    const truthImage: number[] = [];
    for (let image = 0; image < I; image++) {
      const cell = evalImgs[k * A * I + image];
      if (!cell) continue;
      for (const ignored of cell.gtIgnore) if (!ignored) truthImage.push(image);
      const D = cell.dtScores.length;
      for (const [d, score] of cell.dtScores.entries()) {
        const outcome = Uint8Array.from({ length: T }, (_, t) =>
          cell.dtIgnore[t * D + d] ? 0 : cell.dtMatches[t * D + d] !== 0 ? 1 : 2,
        );
        slots.push({ score, image, outcome });
      }
    }
    const order = Array.from(orderByScore(slots.map(({ score }) => score)), (i) => slots[i]!);
    return {
      image: Int32Array.from(order, ({ image }) => image),
      outcome: Array.from({ length: T }, (_, t) => Uint8Array.from(order, ({ outcome }) => outcome[t]!)),
      truthImage: Int32Array.from(truthImage),
    };
  });
  return { images: params.imgIds, categories };
}

/**
 * Precision at the recalls, as accumulate() reads it. Precision peaks where hits are, so only those are kept: their count and
 * precision. An image that is there twice brings each detection twice in a row.
 */
function readCurve(
  image: Int32Array,
  outcome: Uint8Array,
  weights: Int32Array,
  counted: number,
  recalls: Float64Array,
  out: Float64Array,
): void {
  const hits: number[] = [];
  const envelope: number[] = [];
  let [tp, fp, any] = [0, 0, false];
  for (let d = 0; d < image.length; d++) {
    const weight = weights[image[d]!]!;
    if (weight === 0) continue;
    any = true;
    if (outcome[d] === 2) fp += weight;
    else if (outcome[d] === 1) {
      tp += weight;
      hits.push(tp);
      envelope.push(tp / (fp + tp + EPSILON));
    }
  }
  for (let z = envelope.length - 2; z >= 0; z--) envelope[z] = Math.max(envelope[z]!, envelope[z + 1]!);
  let z = 0;
  for (const [r, wanted] of recalls.entries()) {
    if (r > 0 && wanted < recalls[r - 1]!) z = 0;
    while (z < hits.length && hits[z]! / counted < wanted) z++;
    if (z >= hits.length && (wanted > 0 || !any)) return;
    out[r] = envelope[z] ?? 0;
  }
}
