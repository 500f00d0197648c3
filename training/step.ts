import * as tf from '@tensorflow/tfjs';
import type { Preprocessing } from '../backbones/backbone.js';
import type { Module, Pass } from '../backbones/module.js';
import type { TargetTypes } from '../datasets/encoder.js';
import { need } from '../engine/checked.js';
import { allReduceMean, membership } from '../engine/collective.js';
import { type Compiled, compile } from '../engine/compile.js';
import { ConfigError, EspalierError } from '../engine/errors.js';
import { normalizeImages } from '../engine/kernels/normalizeImages.js';
import { withTape } from '../engine/tape.js';
import type { Progress, TargetTensors } from '../heads/head.js';
import { type Losses, type LossTerms, reduceLosses } from '../heads/losses/term.js';
import { clipByGlobalNorm, globalNorm } from './clip.js';
import type { Ema } from './ema.js';
import type { Optimizer, Scalars } from './optimizers.js';
import { assignVariables, flatten, flattenVariables, trainable } from './parameterGroups.js';

/** The part of a model that a training step touches. */
export interface TrainableModel<Raw = unknown, Types extends TargetTypes = TargetTypes> extends Module {
  readonly preprocessing: Preprocessing;
  /** @param images [N, H, W, C] float32, normalised */
  forward(images: tf.Tensor4D, pass: Pass): Raw;
  loss(raw: Raw, targets: TargetTensors<Types>, progress?: Progress): LossTerms;
}

export interface StepOptions<Raw, Types extends TargetTypes> {
  readonly model: TrainableModel<Raw, Types>;
  readonly optimizer: Optimizer;
  readonly ema?: Ema | undefined;
  /** Largest global norm of the gradients. Defaults to no clipping. */
  readonly clipNorm?: number | undefined;
  /** Kept share of batch norm's moving statistics per step. Defaults to the layers' own. */
  readonly normMomentum?: number;
  /** In a cluster: batch norm takes the statistics of all processes' batches, not of each process's own. */
  readonly syncNorm?: boolean;
  /** The backbone's activations are computed again in the backward pass instead of kept. Defaults to false. */
  readonly recompute?: boolean;
  /** Seed of dropout and stochastic depth, which also depend on the step. Defaults to 1. */
  readonly seed?: number;
  /** Sharpness-aware: gradients are those at the steepest point within this radius of the weights, for twice the time. Defaults to none. */
  readonly sam?: number | undefined;
}

/** Host numbers of one step. */
export interface StepAt {
  /** From 0: optimizer, averages, dropout and stochastic depth depend on it. */
  readonly step: number;
  readonly learningRate: number;
  /** Steps of the optimizer, where its state is younger than the training. Defaults to `step`. */
  readonly optimizerStep?: number;
  /** Progress of the whole training, for losses that change on the way. Defaults to a late step. */
  readonly progress?: { readonly [Part in keyof Progress]: number } | undefined;
  /** In a cluster: what this process asks of all. Defaults to nothing. */
  readonly flags?: readonly boolean[] | undefined;
}

/** Owned by the caller. In a cluster the figures are those of the whole batch. */
export type StepResult = {
  /** Named loss terms and their `total`. */
  readonly losses: { readonly [term: string]: tf.Scalar };
  /** Global norm of the gradients before clipping. */
  readonly gradientNorm: tf.Scalar;
  /** Share of the processes whose flag is true, for each flag. */
  readonly flags: readonly tf.Scalar[];
};

/** One training step as one graph: normalise, forward, loss, backward, clip, update, average. */
export interface TrainingStep<Types extends TargetTypes = TargetTypes> {
  /**
   * Moves the weights by one batch, off the event loop. The arguments may be disposed when it has resolved.
   *
   * @param images  [N, H, W, C] as `uploadImages` gives them
   * @param targets as the head's encoder declares them
   * @throws EspalierError on the first call, when a trainable parameter does not take part in the loss
   */
  run(images: tf.Tensor4D, targets: TargetTensors<Types>, at: StepAt): Promise<StepResult>;
  /** Bytes of a call with arguments of these shapes, see `Compiled.memory`. */
  memory(images: tf.Tensor4D, targets: TargetTensors<Types>, at: StepAt): number;
  /** Frees the graph; model, optimizer and averages stay the caller's. */
  dispose(): void;
}

type Arguments = [
  images: tf.Tensor4D,
  targets: TargetTensors,
  scalars: Scalars,
  flags: readonly tf.Scalar[],
  seed: tf.Tensor1D,
  progress: Progress,
];

/** Where nothing is said, what is learned first is over. */
const LATE = { share: 1, epochs: 1e6 } as const;

/**
 * Gradients are taken for the trainable parameters alone; batch norm moves its own averages inside `forward`. In a cluster
 * every process computes its share of the batch: losses are those of all images, gradients and batch norm's averages become
 * the means over all.
 *
 * @throws ConfigError when everything is frozen
 */
export function createTrainingStep<Raw, Types extends TargetTypes>(
  options: StepOptions<Raw, Types>,
): TrainingStep<Types> {
  const { optimizer, ema, seed = 1 } = options;
  if (optimizer.groups.length === 0) throw new ConfigError('every parameter is frozen: unfreeze a part of the model');
  const compiled = compileStep(options);
  const hostArguments = (at: StepAt) =>
    [stepScalars({ optimizer, ema }, at), stepFlags(at), stepSeed(seed, at.step), stepProgress(at)] as const;
  return {
    run: async (images, targets, at) => {
      const host = hostArguments(at);
      try {
        return await compiled.async(images, targets, ...host);
      } finally {
        tf.dispose([...host]);
      }
    },
    memory: (images, targets, at) => {
      const host = hostArguments(at);
      try {
        return compiled.memory(images, targets, ...host);
      } finally {
        tf.dispose([...host]);
      }
    },
    dispose: () => compiled.dispose(),
  };
}

/** What optimizer and averages need of a step; the caller owns the tensors made here, as those of the next three. */
export function stepScalars(
  { optimizer, ema }: Pick<StepOptions<never, TargetTypes>, 'optimizer' | 'ema'>,
  { step, optimizerStep = step, learningRate }: StepAt,
): Scalars {
  const numbers = { ...optimizer.scalars(optimizerStep, learningRate), ...(ema && { emaDecay: ema.decay(step) }) };
  return Object.fromEntries(
    Object.entries<number>(numbers).map(([name, value]) => [name, tf.scalar(value, 'float32')] as const),
  );
}

export const stepFlags = ({ flags = [] }: StepAt): tf.Scalar[] => flags.map((yes) => tf.scalar(yes ? 1 : 0, 'float32'));

export const stepProgress = ({ progress = LATE }: StepAt): Progress => {
  return { share: tf.scalar(progress.share, 'float32'), epochs: tf.scalar(progress.epochs, 'float32') };
};

function compileStep<Raw, Types extends TargetTypes>(
  options: StepOptions<Raw, Types>,
): Compiled<Arguments, StepResult> {
  const { model, optimizer, ema, clipNorm, normMomentum, syncNorm = false, recompute = false, sam } = options;
  const momentum = normMomentum === undefined ? {} : { normMomentum };
  const statistics = statisticsOf(model);
  const isSynced = syncNorm && membership() !== null;
  const run = (...[images, targets, scalars, flags, seed, progress]: Arguments): StepResult => {
    const before = statistics.map(({ dataId }) => dataId);
    const pass = { training: true, seed, recompute, syncNorm: isSynced, ...momentum };
    const batch = { images, targets: targets as TargetTensors<Types>, progress };
    const { losses, gradients } = differentiate(model, optimizer, pass, batch, reduceLosses);
    const means = allReduceMean(gradients);
    const packed =
      sam === undefined
        ? means
        : atSteepest(optimizer, statistics, means, sam, () =>
            allReduceMean(differentiate(model, optimizer, pass, batch, reduceLosses).gradients),
          );
    if (!isSynced) averageStatistics(statistics.filter(({ dataId }, i) => dataId !== before[i]));
    const gradientNorm = applyGradients({ optimizer, ema, clipNorm }, packed, scalars);
    return { gradientNorm, losses, flags: allReduceMean(flags.map((flag) => tf.clone(flag))) };
  };
  return compile(run, { name: 'training step' });
}

/**
 * Clips, moves the weights, and averages them.
 *
 * @param gradients one per group, the same in all processes
 * @returns         their global norm before clipping
 */
export function applyGradients(
  { optimizer, ema, clipNorm }: Pick<StepOptions<never, TargetTypes>, 'optimizer' | 'ema' | 'clipNorm'>,
  gradients: readonly tf.Tensor[],
  scalars: Scalars,
): tf.Scalar {
  const norm = globalNorm(gradients);
  optimizer.update(clipNorm === undefined ? gradients : clipByGlobalNorm(gradients, norm, clipNorm), scalars);
  if (ema) ema.update(scalars.emaDecay as tf.Scalar);
  return norm;
}

/** Keeps the division finite for a gradient of zero. */
const TINY = 1e-12;

/**
 * Sharpness-aware minimisation: the weights go `radius` along their gradient, are differentiated there, and come back as they were, batch
 * norm's averages included. Call inside `tf.tidy`.
 *
 * @param gradients     one per group, the same in all processes
 * @param differentiate gives them for the weights as they then are
 * @source Foret et al. 2021, arXiv:2010.01412, equation 2 and algorithm 1
 */
function atSteepest(
  { groups }: Pick<Optimizer, 'groups'>,
  statistics: readonly tf.Variable[],
  gradients: readonly tf.Tensor[],
  radius: number,
  differentiate: () => readonly tf.Tensor[],
): readonly tf.Tensor[] {
  const averages = statistics.map((variable) => tf.clone(variable));
  const before = groups.map((group) => tf.clone(flattenVariables(group)));
  const factor = tf.div(radius, tf.add(globalNorm(gradients), TINY));
  groups.forEach((group, i) => {
    assignVariables(group, tf.add(before[i] as tf.Tensor, tf.mul(gradients[i] as tf.Tensor, factor)));
  });
  const there = differentiate();
  groups.forEach((group, i) => {
    assignVariables(group, before[i] as tf.Tensor);
  });
  statistics.forEach((variable, i) => {
    const average = averages[i] as tf.Tensor;
    if (variable.dataId !== average.dataId) variable.assign(average);
  });
  return there;
}

/** Batch norm's moving averages of a model. */
export const statisticsOf = ({ parameters }: Module): tf.Variable[] =>
  [...parameters.values()].flatMap(({ role, variable }) => (role === 'statistic' ? [variable] : []));

/** Batch norm's moving averages after a step on each process's own batch. */
export function averageStatistics(moved: readonly tf.Variable[]): void {
  allReduceMean<tf.Tensor>(moved).forEach((mean, i) => {
    if (mean !== moved[i]) moved[i]?.assign(mean);
  });
}

/**
 * What dropout and stochastic depth of one step draw from: a resumed run draws what an undisturbed one does. In a cluster
 * every process draws its own.
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

/** One batch inside the graph. */
export interface StepBatch<Types extends TargetTypes> {
  readonly images: tf.Tensor4D;
  readonly targets: TargetTensors<Types>;
  readonly progress: Progress;
}

/** The terms of a batch's loss: normalise, forward, loss. Call inside `tf.tidy`. */
export function lossTerms<Raw, Types extends TargetTypes>(
  model: TrainableModel<Raw, Types>,
  pass: Pass,
  { images, targets, progress }: StepBatch<Types>,
): LossTerms {
  const { mean, std, clip } = model.preprocessing;
  const input = normalizeImages(images, mean, std, clip);
  return model.loss(model.forward(input, pass), targets, progress);
}

/**
 * Losses of a batch, and the gradients of their total as one tensor for each group of the optimizer. Call inside `tf.tidy`.
 *
 * @param reduce from terms to values, on the tape
 * @throws EspalierError when a trainable parameter does not take part in the loss
 */
export function differentiate<Raw, Types extends TargetTypes>(
  model: TrainableModel<Raw, Types>,
  { groups }: Pick<Optimizer, 'groups'>,
  pass: Pass,
  batch: StepBatch<Types>,
  reduce: (terms: LossTerms) => Losses,
): { readonly losses: { readonly [term: string]: tf.Scalar }; readonly gradients: readonly tf.Tensor[] } {
  const parameters = trainable(model.parameters);
  const kept: { [term: string]: tf.Scalar } = {};
  const { mean, std, clip } = model.preprocessing;
  const input = normalizeImages(batch.images, mean, std, clip);
  const total = (): tf.Scalar => {
    const losses = reduce(model.loss(model.forward(input, pass), batch.targets, batch.progress));
    // The tape's own scope would free the terms that are not differentiated.
    for (const [term, value] of Object.entries<tf.Scalar>(losses)) kept[term] = tf.keep(tf.clone(value));
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
    const packed = groups.map((group) =>
      flatten(
        group,
        group.names.map((name) => need(gradients, name)),
      ),
    );
    return { losses, gradients: packed };
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
