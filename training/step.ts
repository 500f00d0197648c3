import * as tf from '@tensorflow/tfjs';
import type { Preprocessing } from '../backbones/backbone.js';
import type { Module, Pass } from '../backbones/module.js';
import { allReduceMean, membership } from '../engine/collective.js';
import { type Compiled, compile } from '../engine/compile.js';
import { ConfigError, EspalierError } from '../engine/errors.js';
import { normalizeImages } from '../engine/kernels/normalizeImages.js';
import { withTape } from '../engine/tape.js';
import type { Losses, TargetTensors } from '../heads/head.js';
import { clipByGlobalNorm, globalNorm } from './clip.js';
import type { Ema } from './ema.js';
import type { Optimizer, Scalars } from './optimizers.js';
import { gather, trainable } from './packs.js';

/** The part of a model that a training step touches. */
export interface TrainableModel<Raw = unknown> extends Module {
  readonly preprocessing: Preprocessing;
  /** @param images [N, H, W, C] float32, normalised */
  forward(images: tf.Tensor4D, pass: Pass): Raw;
  loss(raw: Raw, targets: TargetTensors): Losses;
}

export interface StepOptions<Raw> {
  readonly model: TrainableModel<Raw>;
  readonly optimizer: Optimizer;
  readonly ema?: Ema;
  /** Largest global norm of the gradients; not clipped when absent. */
  readonly clipNorm?: number;
  /** Kept share of batch norm's moving statistics per step; the layers' own when absent. */
  readonly normMomentum?: number;
  /** In a cluster: batch norm takes the statistics of all processes' batches, not of each process's own. */
  readonly syncNorm?: boolean;
  /** The backbone's activations are computed again in the backward pass instead of kept; false when absent. */
  readonly recompute?: boolean;
}

/** Owned by the caller. In a cluster the figures are those of the whole batch. */
export type StepResult = {
  /** Named loss terms. */
  readonly losses: { readonly [term: string]: tf.Scalar };
  /** Global norm of the gradients before clipping. */
  readonly gradientNorm: tf.Scalar;
  /** Of the scalars whose names start with `vote`, in their order: the share of the processes that gave 1. */
  readonly votes: readonly tf.Scalar[];
};

/**
 * One training step as one graph: normalise, forward, loss, backward, clip, update, average.
 * images as `uploadImages` gives them; targets as the head's encoder declares them; scalars from `stepScalars`; seed from
 * `stepSeed`.
 */
export type TrainingStep = Compiled<
  [images: tf.Tensor4D, targets: TargetTensors, scalars: Scalars, seed: tf.Tensor1D],
  StepResult
>;

/**
 * Gradients are taken for the trainable parameters alone; batch norm moves its own averages inside `forward`. In a cluster
 * every process computes its share of the batch: gradients, losses and batch norm's averages become the means over all.
 *
 * @throws ConfigError when everything is frozen
 * @throws EspalierError on the first call, when a trainable parameter does not take part in the loss
 */
export function createTrainingStep<Raw>(options: StepOptions<Raw>): TrainingStep {
  const { model, optimizer, ema, clipNorm, normMomentum, syncNorm = false, recompute = false } = options;
  const momentum = normMomentum === undefined ? {} : { normMomentum };
  const statistics = [...model.parameters.values()].flatMap(({ role, variable }) =>
    role === 'statistic' ? [variable] : [],
  );
  const isSynced = syncNorm && membership() !== null;
  if (optimizer.packs.length === 0) throw new ConfigError('every parameter is frozen: unfreeze a part of the model');
  const run = (images: tf.Tensor4D, targets: TargetTensors, scalars: Scalars, seed: tf.Tensor1D): StepResult => {
    const before = statistics.map(({ dataId }) => dataId);
    const pass = { training: true, seed, recompute, syncNorm: isSynced, ...momentum };
    const { losses, gradients } = differentiate(model, pass, images, targets);
    const packed = allReduceMean(
      optimizer.packs.map((pack) =>
        gather(
          pack,
          pack.names.map((name) => gradients.get(name) as tf.Tensor),
        ),
      ),
    );
    if (!isSynced) averageStatistics(statistics.filter(({ dataId }, i) => dataId !== before[i]));
    const gradientNorm = globalNorm(packed);
    optimizer.update(clipNorm === undefined ? packed : clipByGlobalNorm(packed, gradientNorm, clipNorm), scalars);
    if (ema) ema.update(scalars.emaDecay as tf.Scalar);
    return { gradientNorm, ...figures(losses, scalars) };
  };
  return compile(run, { name: 'training step' });
}

/** Batch norm's moving averages after a step on each process's own batch. */
function averageStatistics(moved: readonly tf.Variable[]): void {
  allReduceMean<tf.Tensor>(moved).forEach((mean, i) => {
    if (mean !== moved[i]) moved[i]?.assign(mean);
  });
}

/** Numbers of the step, over all processes in one message. */
function figures(
  losses: { readonly [term: string]: tf.Scalar },
  scalars: Scalars,
): Pick<StepResult, 'losses' | 'votes'> {
  const terms = Object.keys(losses);
  const votes = Object.keys(scalars).filter((name) => name.startsWith('vote'));
  const means = allReduceMean([...Object.values(losses), ...votes.map((name) => tf.clone(scalars[name] as tf.Scalar))]);
  return {
    losses: Object.fromEntries(terms.map((term, i) => [term, means[i] as tf.Scalar])),
    votes: means.slice(terms.length),
  };
}

/** Host numbers of step 0, 1, 2, ... that the compiled step takes as tensors. */
export function stepScalars(
  optimizer: Optimizer,
  ema: Ema | undefined,
  step: number,
  learningRate: number,
): { [name: string]: number } {
  return { ...optimizer.scalars(step, learningRate), ...(ema ? { emaDecay: ema.decay(step) } : {}) };
}

/**
 * What dropout and stochastic depth of one step draw from: a resumed run draws what an undisturbed one does.
 *
 * In a cluster every process draws its own.
 *
 * @param seed of the run
 * @param step from 0
 * @returns    [2] int32, owned by the caller
 */
export function stepSeed(seed: number, step: number): tf.Tensor1D {
  return tf.tensor1d(Int32Array.of(seed + (membership()?.task ?? 0) * GOLDEN, step), 'int32');
}

/** 2 ** 32 / golden ratio: spreads the seeds of the processes. */
const GOLDEN = 0x9e3779b9;

function differentiate<Raw>(model: TrainableModel<Raw>, pass: Pass, images: tf.Tensor4D, targets: TargetTensors) {
  const parameters = trainable(model.parameters);
  const kept: { [term: string]: tf.Scalar } = {};
  const { mean, std } = model.preprocessing;
  const input = normalizeImages(images, mean, std);
  const total = (): tf.Scalar => {
    const losses = model.loss(model.forward(input, pass), targets);
    // The tape's own scope would free the terms that are not differentiated.
    for (const [term, value] of Object.entries(losses)) kept[term] = tf.keep(tf.clone(value as tf.Scalar));
    if (!losses.total) throw new Error("the head's losses have no term called 'total'");
    return losses.total;
  };
  const variables = [...parameters.values()].map(({ variable }) => variable);
  try {
    const { grads } = withTape(() => tf.variableGrads(total, variables));
    const gradients = new Map<string, tf.Tensor>();
    for (const [name, { variable }] of parameters) gradients.set(name, grads[variable.name] as tf.Tensor);
    requireAll(gradients);
    // The same values as tensors that the enclosing tidy owns again.
    const losses = Object.fromEntries(Object.entries(kept).map(([term, value]) => [term, tf.clone(value)]));
    return { losses, gradients };
  } finally {
    tf.dispose(Object.values(kept));
  }
}

function requireAll(gradients: ReadonlyMap<string, tf.Tensor | undefined>): void {
  const unused = [...gradients].filter(([, gradient]) => !gradient).map(([name]) => name);
  if (unused.length === 0) return;
  throw new EspalierError(
    `the loss does not depend on ${unused.length} trainable parameters (${unused.slice(0, 3).join(', ')}): freeze them or remove them from the model`,
  );
}
