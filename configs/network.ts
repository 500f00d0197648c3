import type { Dataset } from '../datasets/dataset.js';
import type { EncoderSource, TargetTypes } from '../datasets/encoder.js';
import type { Evaluator } from '../datasets/evaluators/evaluator.js';
import { type KeptLargest, keepLargest, keptLargest } from '../datasets/evaluators/index.js';
import { cuttingOf } from '../datasets/formats/index.js';
import { isOverlapping } from '../datasets/overlap.js';
import type { Drawable } from '../datasets/pictures/index.js';
import { type ClassMap, countThings, type LabelMap, type Pixels, type Sample, type Truth } from '../datasets/sample.js';
import type { Tree } from '../engine/compile.js';
import { ConfigError } from '../engine/errors.js';
import { createModel, headOf, headSettings, type Model, type Report, type Task, taskNamed } from '../heads/index.js';
import type { EvaluationLimits } from '../heads/tasks/task.js';
import { neckOf } from '../necks/index.js';
import { createPredictor, fillOf, type Predictor, type PredictorOptions } from '../training/predictor.js';
import {
  DEFAULT_BATCH,
  type EvaluateOptions,
  evaluateModel,
  type PredictImagesOptions,
  predictImages,
  predictVolume,
  type VolumePrediction,
} from '../training/run/index.js';
import { tiled } from '../training/tiles.js';
import { seenOften, type ViewOptions } from '../training/views.js';
import type { Experiment } from './schema.js';

/** What a network predicts for one image. */
export interface ImagePrediction {
  /** Path as it was given. */
  readonly file: string;
  readonly image: Pixels;
  /** Result in the task's own type: `task.describe` reads it. */
  readonly result: unknown;
}

/** A network that answers, whatever runs it. */
export interface AnsweringNetwork {
  readonly task: Task;
  /** Predicts on every image of a data set of the experiment's task and compares with the truth. */
  measure(dataset: Dataset, options?: EvaluateOptions<Drawable>): Promise<Report>;
  /** The same with what takes the truths and answers in place of the task's evaluator. */
  measureWith(dataset: Dataset, evaluator: Evaluator<Truth, unknown, Report>): Promise<Report>;
  readonly limits: EvaluationLimits;
  /** Images of a step. */
  readonly batchSize: number;
  /** Predicts on decoded images, in their order. */
  answer(images: readonly Pixels[]): Promise<readonly unknown[]>;
  /** Predicts on image files, in their order. */
  predict(files: readonly string[], options?: PredictImagesOptions): AsyncGenerator<ImagePrediction, void>;
  /**
   * Predicts on a volume, slice by slice.
   *
   * @param channels files of one grid, each of which is a channel or several
   * @param options  slice that is shown, from 0
   */
  predictVolume(channels: readonly string[], options?: { readonly shown?: number | null }): Promise<VolumePrediction>;
  /** Channels of a volume that it learned from. */
  readonly volumeChannels: () => number;
  /** Whether it reads images at their own depth. */
  readonly isDeep: () => boolean;
  dispose(): void;
}

/** The network of an experiment, with what it takes to train, measure and use it. */
export interface Network extends AnsweringNetwork {
  readonly model: Model<Tree, TargetTypes, unknown>;
  readonly encoder: EncoderSource;
  /** [height, width] of the input, pixels. */
  readonly inputSize: readonly [height: number, width: number];
  /** How an image is laid into the input: resized, or at its own scale. */
  readonly fit: PredictorOptions['mode'];
}

/** The task of an experiment; whose it is, is known at run time. */
export const taskOf = ({ task }: Pick<Experiment, 'task'>): Task => taskNamed(task);

/** An experiment whose backbone takes images of so many channels, where the data say how many. */
export function withChannels(experiment: Experiment, channels: number | undefined): Experiment {
  if (channels === undefined) return experiment;
  const { model } = experiment;
  return { ...experiment, model: { ...model, backbone: { ...model.backbone, inChannels: channels } } };
}

/** Images of a step where a network only answers. */
export const answerBatch = ({ train, evaluate }: Pick<Experiment, 'train' | 'evaluate'>): number =>
  evaluate.batchSize ?? (train.batchSize === 'auto' ? DEFAULT_BATCH : train.batchSize);

/** Coarsest stride of a network: what the sides of an input of any size are multiples of, pixels. */
const COARSEST_STRIDE = 32;

/**
 * Builds the network with random weights; the caller disposes it.
 *
 * @throws ConfigError for settings that do not go together
 */
export function createNetwork(experiment: Experiment, labels: LabelMap): Network {
  const { train, evaluate, augment } = experiment;
  const { inputSize, backbone, neck, head } = experiment.model;
  const { task, limits } = headOf(head);
  const { flip, scales } = evaluate.augment;
  const views = flip || scales.some((scale) => scale !== 1) ? evaluate.augment : undefined;
  checkViews(task, views);
  const config = { inputSize, backbone, neck, head };
  const assembly = createModel(config, {
    classes: labels.classes.length,
    things: countThings(labels),
    overlaps: isOverlapping(labels),
    seed: train.seed,
  });
  const model = assembly.model as unknown as Network['model'];
  const fit = task.isFullyConvolutional ? (augment.fit ?? task.augmentation.fit) : 'letterbox';
  const whole = createPredictor(model, {
    inputSize,
    mode: fit,
    multiple: COARSEST_STRIDE,
    batchSize: answerBatch({ train, evaluate }),
    probabilities: evaluate.tileBlend === 'gaussian' && evaluate.tile !== null,
    views,
  });
  const once = model.average ? whole : withViews(whole, task, limits(headSettings(head)), views, model);
  const kept = keptLargest(labels, evaluate.cases);
  const tiles = withTiles(once, task, evaluate);
  const predictor = kept !== null && evaluate.cases.of === 'image' ? withLargest(tiles, kept) : tiles;
  return {
    model,
    encoder: assembly.encoder,
    inputSize,
    fit,
    ...answering(predictor, task, labels, limits(headSettings(head)), () => model.preprocessing.depth === 'own'),
    volumeChannels: () =>
      model.preprocessing.depth === 'own' ? model.preprocessing.mean.length / cuttingOf(experiment.data).slices : 1,
    predictVolume: (files, options) => {
      const isDeep = model.preprocessing.depth === 'own';
      return predictVolume(predictor, files, {
        ...cuttingOf(experiment.data),
        isDeep,
        kept: evaluate.cases.of === 'folder' ? kept : null,
        ...options,
      });
    },
    dispose: () => {
      predictor.dispose();
      model.dispose();
    },
  };
}

/** What can be done with anything that answers images; it owns the predictor. @param isDeep whether it reads images at their own depth */
export function answering(
  predictor: Predictor<unknown>,
  task: Task,
  labels: LabelMap,
  limits: EvaluationLimits,
  isDeep: () => boolean = () => false,
): AnsweringNetwork {
  return {
    task,
    isDeep,
    measure: (dataset, { signal, onAnswer, alsoIn } = {}) =>
      evaluateModel(predictor, dataset, task.createEvaluator(labels, limits), {
        signal,
        alsoIn,
        onAnswer: onAnswer && ((sample, result) => showTo(onAnswer, sample, drawableOf(task, result, labels))),
      }),
    measureWith: (dataset, evaluator) => evaluateModel(predictor, dataset, evaluator),
    limits,
    batchSize: predictor.batchSize,
    answer: (images) => predictor.predict(images),
    predict: (files, options) => predictImages(predictor, files, { ...options, isDeep: isDeep() }),
    volumeChannels: () => 1,
    predictVolume: (files, options) =>
      predictVolume(predictor, files, { axis: null, slices: 1, isDeep: isDeep(), ...options }),
    dispose: () => predictor.dispose(),
  };
}

/** Class maps of which smaller components are background. */
function withLargest(predictor: Predictor<unknown>, kept: KeptLargest): Predictor<unknown> {
  return {
    ...predictor,
    predict: async (images) =>
      (await predictor.predict(images)).map((answer) => {
        if (typeof answer !== 'object' || answer === null || !('mask' in answer)) return answer;
        const map = answer as ClassMap;
        return { ...map, mask: keepLargest(map.mask, [1, map.height, map.width], kept) };
      }),
  };
}

/** What is kept of an answer for an image that was no tile. */
function withoutProbabilities(answer: unknown): unknown {
  if (typeof answer !== 'object' || answer === null || !('classProbabilities' in answer)) return answer;
  const { classProbabilities: _, ...rest } = answer;
  return rest;
}

/** Combines what is answered for several views of an image, as the config says. */
function withViews(
  predictor: Predictor<unknown>,
  { views }: Task,
  limits: EvaluationLimits,
  augment: ViewOptions | undefined,
  model: Pick<Network['model'], 'preprocessing'>,
): Predictor<unknown> {
  if (augment === undefined || views === undefined) return predictor;
  const combine = (results: readonly unknown[]) => views.combine(results, limits);
  return seenOften(predictor, augment, views, combine, () => fillOf(model.preprocessing));
}

/** @throws ConfigError for views that a task does not combine */
function checkViews({ views, name, isFullyConvolutional }: Task, augment: ViewOptions | undefined): void {
  if (augment === undefined || isFullyConvolutional) return;
  if (views === undefined) throw new ConfigError(`evaluate.augment: answers of ${name} are not combined: leave it out`);
  const large = augment.scales.find((scale) => scale > 1);
  if (large === undefined) return;
  throw new ConfigError(
    `evaluate.augment.scales: at ${large} an image is larger than the network's input: write 1 or less, and raise model.inputSize`,
  );
}

/** Answers large images by tiles, as the config and the task say. */
function withTiles(
  predictor: Predictor<unknown>,
  task: Task,
  { tile, tileOverlap: overlap, tileBlend }: Experiment['evaluate'],
): Predictor<unknown> {
  const { defaults, isWholeToo, create, blend } = task.stitching;
  const sides = tile === 'auto' ? defaults : tile === null ? null : { tile };
  if (sides === null) return predictor;
  if (tileBlend === 'deepest' || !blend)
    return tiled(predictor, { ...sides, overlap, stitching: { isWholeToo, create } });
  const blended = tiled(predictor, { ...sides, overlap, stitching: { isWholeToo, create: blend } });
  return { ...blended, predict: async (images) => (await blended.predict(images)).map(withoutProbabilities) };
}

/** What there is to draw of a prediction, however sure it is; null: nothing. */
export function drawableOf(task: Task, result: unknown, { classes }: LabelMap): Drawable | null {
  const { boxes, masks, classMap, scores } = task.describe(result, {
    names: classes.map(({ name }) => name),
    threshold: 0,
  }).overlay;
  return boxes && masks ? { ...boxes, masks } : (boxes ?? classMap ?? scores ?? null);
}

function showTo(show: (sample: Sample, answer: Drawable) => void, sample: Sample, answer: Drawable | null): void {
  if (answer) show(sample, answer);
}

/** Side of a cell of the finest map that the head predicts on, pixels. */
export const finestCell = (model: Experiment['model']): number => Math.min(...stridesOf(model));

/** Side of a cell of every map that the head predicts on, pixels. */
export function stridesOf({ neck }: Experiment['model']): readonly number[] {
  const { levels } = neckOf(neck).settings;
  const names = Array.isArray(levels) && levels.length > 0 ? levels : ['P3'];
  return names.map((level) => 2 ** Number(String(level).slice(1)));
}
