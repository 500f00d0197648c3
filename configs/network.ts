import type { Dataset } from '../datasets/dataset.js';
import type { EncoderSource, TargetTypes } from '../datasets/encoder.js';
import type { Evaluator } from '../datasets/evaluators/evaluator.js';
import { cuttingOf } from '../datasets/formats/index.js';
import type { Drawable } from '../datasets/pictures/index.js';
import { countThings, type LabelMap, type Pixels, type Sample, type Truth } from '../datasets/sample.js';
import type { Tree } from '../engine/compile.js';
import { ConfigError } from '../engine/errors.js';
import { createModel, headOf, headSettings, type Model, type Report, TASKS, type Task } from '../heads/index.js';
import type { EvaluationLimits } from '../heads/tasks/task.js';
import { neckOf } from '../necks/index.js';
import { createPredictor, fillOf, type Predictor, type PredictorOptions } from '../training/predictor.js';
import {
  type EvaluateOptions,
  evaluateModel,
  type PredictImagesOptions,
  predictImages,
  predictVolume,
  type VolumePrediction,
} from '../training/run/index.js';
import { tiled } from '../training/tiles.js';
import { seenOften } from '../training/views.js';
import type { Experiment } from './schema.js';

/** What a network predicts for one image. */
export interface ImagePrediction {
  /** Path as it was given. */
  readonly file: string;
  readonly image: Pixels;
  /** Of the task's own type: `task.describe` reads it. */
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
export const taskOf = ({ task }: Pick<Experiment, 'task'>): Task => TASKS[task] as unknown as Task;

/** An experiment whose backbone takes images of so many channels, where the data say how many. */
export function withChannels(experiment: Experiment, channels: number | undefined): Experiment {
  if (channels === undefined) return experiment;
  const { model } = experiment;
  return { ...experiment, model: { ...model, backbone: { ...model.backbone, inChannels: channels } } };
}

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
  checkViews(task, evaluate.augment);
  const config = { inputSize, backbone, neck, head };
  const assembly = createModel(config, {
    classes: labels.classes.length,
    things: countThings(labels),
    seed: train.seed,
  });
  const model = assembly.model as unknown as Network['model'];
  const fit = task.isFullyConvolutional ? (augment.fit ?? task.augmentation.fit) : 'letterbox';
  const whole = createPredictor(model, {
    inputSize,
    mode: fit,
    multiple: COARSEST_STRIDE,
    batchSize: evaluate.batchSize ?? train.batchSize,
    views: evaluate.augment ?? undefined,
  });
  const once = model.average ? whole : withViews(whole, task, limits(headSettings(head)), evaluate.augment, model);
  const predictor = withTiles(once, task, evaluate);
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
      return predictVolume(predictor, files, { ...cuttingOf(experiment.data), isDeep, ...options });
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

/** Combines what is answered for several views of an image, as the config says. */
function withViews(
  predictor: Predictor<unknown>,
  { views }: Task,
  limits: EvaluationLimits,
  augment: Experiment['evaluate']['augment'],
  model: Pick<Network['model'], 'preprocessing'>,
): Predictor<unknown> {
  if (augment === null || views === undefined) return predictor;
  const combine = (results: readonly unknown[]) => views.combine(results, limits);
  return seenOften(predictor, augment, views, combine, () => fillOf(model.preprocessing));
}

/** @throws ConfigError for views that a task does not combine */
function checkViews({ views, name, isFullyConvolutional }: Task, augment: Experiment['evaluate']['augment']): void {
  if (augment === null || isFullyConvolutional) return;
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
  { stitching }: Task,
  { tile, tileOverlap: overlap }: Experiment['evaluate'],
): Predictor<unknown> {
  if (tile === null) return predictor;
  if (tile !== 'auto') return tiled(predictor, { tile, overlap, stitching });
  return stitching.defaults === null ? predictor : tiled(predictor, { ...stitching.defaults, overlap, stitching });
}

/** What there is to draw of a prediction, however sure it is; null: nothing. */
export function drawableOf(task: Task, result: unknown, { classes }: LabelMap): Drawable | null {
  const { boxes, classMap, scores } = task.describe(result, {
    names: classes.map(({ name }) => name),
    threshold: 0,
  }).overlay;
  return boxes ?? classMap ?? scores ?? null;
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
