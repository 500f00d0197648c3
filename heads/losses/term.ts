import * as tf from '@tensorflow/tfjs';
import { valueAt } from '../../engine/checked.js';
import { allReduceSum } from '../../engine/collective.js';

/**
 * One term of a loss, split where processes meet: what adds up over the images, and what becomes of the totals. A training step
 * adds the sums over all processes of a cluster, so that a loss never sees how many there are.
 */
export interface LossTerm {
  /** Additive over the images of a batch, differentiable, e.g. the summed loss and the number of labelled pixels. */
  readonly sums: readonly tf.Tensor[];
  /** The scalar that a batch with these totals gives; differentiable. */
  readonly value: (totals: readonly tf.Tensor[]) => tf.Scalar;
  /** Factor of the term in the total. */
  readonly weight: number;
}

/** Named terms of a head's loss; none is called `total`. */
export type LossTerms<Name extends string = string> = { readonly [K in Name]: LossTerm };

/** Values of the terms over the whole batch, and `total`, which is minimised. */
export type Losses<Name extends string = string> = { readonly [K in Name]: tf.Scalar } & { readonly total: tf.Scalar };

export interface QuotientOptions {
  /** Added to the count of the whole batch. Defaults to 0. */
  readonly plus?: number;
  /** Smallest divisor. Defaults to 0, which leaves the count as it is. */
  readonly least?: number;
  /** Divisor beside the count. Defaults to 1. */
  readonly times?: number;
  /** Factor in the total. Defaults to 1. */
  readonly weight?: number;
}

/** The term `sum / (times * max(count + plus, least))` over the whole batch. */
export function quotient(sum: tf.Scalar, count: tf.Scalar, options: QuotientOptions = {}): LossTerm {
  const { plus = 0, least = 0, times = 1, weight = 1 } = options;
  const divisorOf = (total: tf.Tensor): tf.Tensor => {
    const added = plus === 0 ? total : tf.add(total, plus);
    const bounded = least === 0 ? added : tf.maximum(added, least);
    return times === 1 ? bounded : tf.mul(bounded, times);
  };
  return {
    sums: [sum, count],
    value: ([whole, counted]) => tf.div<tf.Scalar>(whole as tf.Scalar, divisorOf(counted as tf.Scalar)),
    weight,
  };
}

/** A term that is already a mean over the images of a process, each with as many of them. */
export const meanLoss = (mean: tf.Scalar, weight = 1): LossTerm => quotient(mean, tf.scalar(1), { weight });

/**
 * The terms' values over the batch of all processes, and their weighted sum. Call inside `tf.tidy`; on the tape the total's
 * gradients, averaged over the processes, are those of the whole batch.
 *
 * @throws TypeError for a loss without a term, or with one called `total`
 */
export function reduceLosses<Name extends string>(terms: LossTerms<Name>): Losses<Name> {
  return lossesAt(terms, allReduceSum(sumsOf(terms)));
}

/** The sums of all terms, in their order. @throws TypeError for a loss without a term, or with one called `total` */
export function sumsOf(terms: LossTerms): tf.Tensor[] {
  const entries = Object.values(terms);
  if (entries.length === 0 || 'total' in terms) {
    throw new TypeError(
      "a loss gives terms, such as { box: quotient(sum, count) }, and none called 'total', which is their sum",
    );
  }
  return entries.flatMap(({ sums }) => sums);
}

/** The terms' values where their sums have come to `totals`, in the order of `sumsOf`, and their weighted sum. */
export function lossesAt<Name extends string>(terms: LossTerms<Name>, totals: readonly tf.Tensor[]): Losses<Name> {
  const entries = Object.entries<LossTerm>(terms);
  let at = 0;
  const values = entries.map(([name, { sums, value }]) => {
    at += sums.length;
    return [name, value(totals.slice(at - sums.length, at))] as const;
  });
  const weighted = values.map(([, value], i) => {
    const { weight } = valueAt(entries, i)[1];
    return weight === 1 ? value : tf.mul<tf.Scalar>(value, weight);
  });
  const total = weighted.reduce((sum, value) => tf.add(sum, value));
  return { total, ...(Object.fromEntries(values) as { readonly [K in Name]: tf.Scalar }) };
}
