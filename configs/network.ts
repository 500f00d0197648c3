import type { Dataset } from '../datasets/dataset.js';
import type { EncoderSource, TargetTypes } from '../datasets/encoder.js';
import type { LabelMap, Pixels } from '../datasets/sample.js';
import type { Tree } from '../engine/compile.js';
import { createModel, HEADS, type HeadDefinition, type Model, type Report, TASKS, type Task } from '../heads/index.js';
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
  measure(dataset: Dataset, options?: EvaluateOptions): Promise<Report>;
  /** Predicts on image files, in their order. */
  predict(files: readonly string[], options?: PredictImagesOptions): AsyncGenerator<ImagePrediction, void>;
  dispose(): void;
}

/** The task of an experiment; whose it is, is known at run time. */
export const taskOf = ({ task }: Pick<Experiment, 'task'>): Task => TASKS[task] as unknown as Task;

/** Coarsest stride of a network: what the sides of an input of any size are multiples of, pixels. */
const COARSEST_STRIDE = 32;

/** The head that an experiment's config describes. */
export const headOf = ({ model }: Pick<Experiment, 'model'>): HeadDefinition =>
  HEADS[model.head.kind] as unknown as HeadDefinition; // which it is, is known at run time

/**
 * Builds the network with random weights; the caller disposes it.
 *
 * @throws ConfigError for settings that do not go together
 */
export function createNetwork(experiment: Experiment, labels: LabelMap): Network {
  const { train, evaluate, augment } = experiment;
  const { inputSize, backbone, neck, head } = experiment.model;
  const { task, limits } = headOf(experiment);
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
    measure: (dataset, options) =>
      evaluateModel(predictor, dataset, task.createEvaluator(labels, limits(head)), options),
    predict: (files, options) => predictImages(predictor, files, options),
    dispose: () => {
      predictor.dispose();
      model.dispose();
    },
  };
}

/** Side of a cell of the finest map that the head predicts on, pixels. */
export function finestCell({ neck }: Experiment['model']): number {
  return Math.min(...neck.levels.map((level) => 2 ** Number(level.slice(1))));
}
