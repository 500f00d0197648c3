import * as tf from '@tensorflow/tfjs';
import type { TargetTypes } from '../datasets/encoder.js';
import { valueAt } from '../engine/checked.js';
import { allReduceMean, allReduceSum, membership, taskCount } from '../engine/collective.js';
import { compile } from '../engine/compile.js';
import type { Progress, TargetTensors } from '../heads/head.js';
import { lossesAt, sumsOf } from '../heads/losses/term.js';
import type { Scalars } from './optimizers.js';
import {
  applyGradients,
  averageStatistics,
  createTrainingStep,
  differentiate,
  lossTerms,
  type StepAt,
  type StepOptions,
  type StepResult,
  statisticsOf,
  stepFlags,
  stepProgress,
  stepScalars,
  stepSeed,
} from './step.js';

/** Equal parts of one batch, on the device. */
export type BatchPart<Types extends TargetTypes = TargetTypes> = {
  readonly images: tf.Tensor4D;
  readonly targets: TargetTensors<Types>;
};

/** A training step whose batch is computed part by part, in the memory of one part. */
export interface AccumulatedStep<Types extends TargetTypes = TargetTypes> {
  /** As `TrainingStep.run`; the parts have as many images each. */
  run(parts: readonly BatchPart<Types>[], at: StepAt): Promise<StepResult>;
  /** Bytes that a part of this shape needs at its peak; it is traced for that. */
  memory(images: tf.Tensor4D, targets: TargetTensors<Types>, at: StepAt): number;
  dispose(): void;
}

/** Spreads the seeds of the parts: odd, so that no two parts of a batch draw alike. */
const PART_SEED = 0x85ebca6b;

/**
 * The step of a whole batch in `parts` parts: first the sums of the loss of every part (`LossTerm`), then, at their totals, the
 * gradients of each, which add up; then one update. Losses and gradients are those of the batch in one piece, whatever they are divided
 * by, but for batch norm, which takes the statistics of a part, and whose averages keep as much over all parts as over one step, and
 * for Lovasz losses over a batch, which sort the pixels of a part.
 * The second look costs another forward pass: a third more time.
 */
export function createAccumulatedStep<Raw, Types extends TargetTypes>(
  options: StepOptions<Raw, Types>,
  parts: number,
): AccumulatedStep<Types> {
  const { model, optimizer, ema, seed = 1, normMomentum, syncNorm = false, recompute = false } = options;
  const statistics = statisticsOf(model);
  const isSynced = syncNorm && membership() !== null;
  const sums = optimizer.groups.map(({ shape }) => tf.tidy(() => tf.variable(tf.zeros([...shape]), false)));
  const passOf = (own: tf.Tensor1D) => {
    const kept = normMomentum === undefined ? {} : { normMomentum: normMomentum ** (1 / parts) };
    return { training: true, seed: own, recompute, syncNorm: isSynced, ...kept };
  };
  const look = compile(
    (part: BatchPart, own: tf.Tensor1D, progress: Progress) => {
      const before = statistics.map((variable) => [variable, variable.dataId, tf.clone(variable)] as const);
      const terms = lossTerms(model, passOf(own), { ...(part as BatchPart<Types>), progress });
      for (const [variable, id, value] of before) if (variable.dataId !== id) variable.assign(value);
      return sumsOf(terms).map((sum) => tf.clone(sum));
    },
    { name: 'sums of a part' },
  );
  const total = compile(
    (all: readonly (readonly tf.Tensor[])[]) => {
      const [first = [], ...others] = all;
      const own = first.map((sum, i) => others.reduce((whole, other) => tf.add(whole, valueAt(other, i)), sum));
      return allReduceSum(own).map((sum) => tf.clone(sum));
    },
    { name: 'sums of a batch' },
  );
  const learn = compile(
    (part: BatchPart, own: tf.Tensor1D, progress: Progress, totals: readonly tf.Tensor[]) => {
      const before = statistics.map(({ dataId }) => dataId);
      const batch = { ...(part as BatchPart<Types>), progress };
      const { losses, gradients } = differentiate(model, optimizer, passOf(own), batch, (terms) =>
        lossesAt(
          terms,
          sumsOf(terms).map((sum, i) => standIn(sum, valueAt(totals, i))),
        ),
      );
      if (!isSynced) averageStatistics(statistics.filter(({ dataId }, i) => dataId !== before[i]));
      gradients.forEach((gradient, i) => {
        sums[i]?.assign(tf.add(sums[i], gradient));
      });
      return losses;
    },
    { name: 'gradients of a part' },
  );
  const move = compile(
    (scalars: Scalars, flags: readonly tf.Scalar[]) => {
      // Every process has differentiated the loss of the whole batch for its own images: they add up.
      const means = allReduceMean<tf.Tensor>(sums.map((sum) => tf.clone(sum)));
      const gradients = means.map((mean) => (taskCount() === 1 ? mean : tf.mul(mean, taskCount())));
      const gradientNorm = applyGradients(options, gradients, scalars);
      for (const sum of sums) sum.assign(tf.zerosLike(sum));
      return { gradientNorm, flags: allReduceMean(flags.map((flag) => tf.clone(flag))) };
    },
    { name: 'update' },
  );
  return {
    run: async (batch, at) => {
      const progress = stepProgress(at);
      const seeds = batch.map((_, part) => stepSeed(seed + part * PART_SEED, at.step));
      const scalars = stepScalars({ optimizer, ema }, at);
      const flags = stepFlags(at);
      const owned: tf.TensorContainer[] = [progress, seeds, scalars, flags];
      try {
        const looks: (readonly tf.Tensor[])[] = [];
        for (const [i, part] of batch.entries()) {
          looks.push(await look.async(part, valueAt(seeds, i), progress));
          owned.push([...(looks.at(-1) ?? [])]);
        }
        const totals = await total.async(looks);
        owned.push([...totals]);
        let losses: StepResult['losses'] = {};
        for (const [i, part] of batch.entries()) {
          tf.dispose(losses);
          losses = await learn.async(part, valueAt(seeds, i), progress, totals);
        }
        return { losses, ...(await move.async(scalars, flags)) };
      } finally {
        tf.dispose(owned);
      }
    },
    memory: (images, targets, at) => {
      const whole = createTrainingStep(options);
      try {
        return whole.memory(images, targets, at);
      } finally {
        whole.dispose();
      }
    },
    dispose: () => {
      for (const compiled of [look, total, learn, move]) compiled.dispose();
      tf.dispose(sums);
    },
  };
}

/** The value of `total`, through which gradients reach `sum`. */
function standIn(sum: tf.Tensor, total: tf.Tensor): tf.Tensor {
  const forward = tf.customGrad(() => ({ value: tf.clone(total), gradFunc: (dy: tf.Tensor) => [dy] }));
  return forward(sum);
}
