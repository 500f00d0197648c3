import * as tf from '@tensorflow/tfjs';
import type { Preprocessing } from '../backbones/backbone.js';
import type { Module, Pass } from '../backbones/module.js';
import { type Compiled, compile } from '../engine/compile.js';
import { ConfigError, EspalierError } from '../engine/errors.js';
import { normalizeImages } from '../engine/kernels/normalizeImages.js';
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
}

/** Named loss terms, and the gradients' global norm before clipping. Owned by the caller. */
export type StepResult = { readonly losses: { readonly [term: string]: tf.Scalar }; readonly gradientNorm: tf.Scalar };

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
 * Gradients are taken for the trainable parameters alone; batch norm moves its own averages inside `forward`.
 *
 * @throws ConfigError when everything is frozen
 * @throws EspalierError on the first call, when a trainable parameter does not take part in the loss
 */
export function createTrainingStep<Raw>(options: StepOptions<Raw>): TrainingStep {
  const { model, optimizer, ema, clipNorm, normMomentum } = options;
  const momentum = normMomentum === undefined ? {} : { normMomentum };
  if (optimizer.packs.length === 0) throw new ConfigError('every parameter is frozen: unfreeze a part of the model');
  const run = (images: tf.Tensor4D, targets: TargetTensors, scalars: Scalars, seed: tf.Tensor1D): StepResult => {
    const { losses, gradients } = differentiate(model, { training: true, seed, ...momentum }, images, targets);
    const packed = optimizer.packs.map((pack) =>
      gather(
        pack,
        pack.names.map((name) => gradients.get(name) as tf.Tensor),
      ),
    );
    const gradientNorm = globalNorm(packed);
    optimizer.update(clipNorm === undefined ? packed : clipByGlobalNorm(packed, gradientNorm, clipNorm), scalars);
    if (ema) ema.update(scalars.emaDecay as tf.Scalar);
    return { losses, gradientNorm };
  };
  return compile(run, { name: 'training step' });
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
 * @param seed of the run
 * @param step from 0
 * @returns    [2] int32, owned by the caller
 */
export function stepSeed(seed: number, step: number): tf.Tensor1D {
  return tf.tensor1d(Int32Array.of(seed, step), 'int32');
}

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
  const { grads } = tf.variableGrads(
    total,
    [...parameters.values()].map(({ variable }) => variable),
  );
  const gradients = new Map<string, tf.Tensor>();
  for (const [name, { variable }] of parameters) gradients.set(name, grads[variable.name] as tf.Tensor);
  requireAll(gradients);
  return { losses: released(kept), gradients };
}

/** The same values as tensors that the enclosing tidy owns again. */
function released(kept: { readonly [term: string]: tf.Scalar }): { readonly [term: string]: tf.Scalar } {
  const own = Object.entries(kept).map(([term, value]) => [term, tf.clone(value)] as const);
  tf.dispose(Object.values(kept));
  return Object.fromEntries(own);
}

function requireAll(gradients: ReadonlyMap<string, tf.Tensor | undefined>): void {
  const unused = [...gradients].filter(([, gradient]) => !gradient).map(([name]) => name);
  if (unused.length === 0) return;
  throw new EspalierError(
    `the loss does not depend on ${unused.length} trainable parameters (${unused.slice(0, 3).join(', ')}): freeze them or remove them from the model`,
  );
}
