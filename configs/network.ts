import type { Dataset } from '../datasets/dataset.js';
import type { EncoderSource, TargetTypes } from '../datasets/encoder.js';
import type { Drawable } from '../datasets/pictures/index.js';
import type { LabelMap, Pixels, Sample } from '../datasets/sample.js';
import type { Tree } from '../engine/compile.js';
import { createModel, headOf, headSettings, type Model, type Report, TASKS, type Task } from '../heads/index.js';
import { neckOf } from '../necks/index.js';
import { createPredictor } from '../training/predictor.js';
import {
  type EvaluateOptions,
  evaluateModel,
  type PredictImagesOptions,
  predictImages,
} from '../training/run/index.js';
import type { Experiment } from './schema.js';

/** What a network predicts for one image. */
export interface ImagePrediction {
  /** Path as it was given. */
  readonly file: string;
  readonly image: Pixels;
  /** Of the task's own type: `task.describe` reads it. */
  readonly result: unknown;
}

/** The network of an experiment, with what it takes to train, measure and use it. */
export interface Network {
  readonly model: Model<Tree, TargetTypes, unknown>;
  readonly encoder: EncoderSource;
  /** [height, width] of the input, pixels. */
  readonly inputSize: readonly [height: number, width: number];
  readonly task: Task;
  /** Predicts on every image of a data set of the experiment's task and compares with the truth. */
  measure(dataset: Dataset, options?: EvaluateOptions<Drawable>): Promise<Report>;
  /** Predicts on decoded images, in their order. */
  answer(images: readonly Pixels[]): Promise<readonly unknown[]>;
  /** Predicts on image files, in their order. */
  predict(files: readonly string[], options?: PredictImagesOptions): AsyncGenerator<ImagePrediction, void>;
  dispose(): void;
}

/** The task of an experiment; whose it is, is known at run time. */
export const taskOf = ({ task }: Pick<Experiment, 'task'>): Task => TASKS[task] as unknown as Task;

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
  const config = { inputSize, backbone, neck, head };
  const assembly = createModel(config, { classes: labels.classes.length, seed: train.seed });
  const model = assembly.model as unknown as Network['model'];
  const predictor = createPredictor(model, {
    inputSize,
    mode: task.isFullyConvolutional ? (augment.fit ?? task.augmentation.fit) : 'letterbox',
    multiple: COARSEST_STRIDE,
    batchSize: evaluate.batchSize ?? train.batchSize,
  });
  return {
    model,
    encoder: assembly.encoder,
    inputSize,
    task,
    measure: (dataset, { signal, onAnswer } = {}) =>
      evaluateModel(predictor, dataset, task.createEvaluator(labels, limits(headSettings(head))), {
        signal,
        onAnswer: onAnswer && ((sample, result) => showTo(onAnswer, sample, drawableOf(task, result, labels))),
      }),
    answer: (images) => predictor.predict(images),
    predict: (files, options) => predictImages(predictor, files, options),
    dispose: () => {
      predictor.dispose();
      model.dispose();
    },
  };
}

/** What there is to draw of a prediction, however sure it is; null: nothing. */
export function drawableOf(task: Task, result: unknown, { classes }: LabelMap): Drawable | null {
  const { boxes, classMap } = task.describe(result, { names: classes.map(({ name }) => name), threshold: 0 }).overlay;
  return boxes ?? classMap ?? null;
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
