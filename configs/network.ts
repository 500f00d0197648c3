import { architectureOf, type BackboneArch } from '../backbones/index.js';
import type { Dataset } from '../datasets/dataset.js';
import type { EncoderSource } from '../datasets/encoder.js';
import { createDetectionEvaluator, createSemanticEvaluator } from '../datasets/evaluators/index.js';
import type { ClassMap, Detections, DetectionTruth, LabelMap, Pixels, SemanticTruth } from '../datasets/sample.js';
import type { Tree } from '../engine/compile.js';
import { createDetector, createSegmenter, type DetectorSpec, PRESETS, presetOf } from '../heads/index.js';
import { createPredictor, type PredictableModel } from '../training/predictor.js';
import {
  type EvaluateOptions,
  evaluateModel,
  type PredictImagesOptions,
  type Prediction,
  predictImages,
  type Report,
} from '../training/run/index.js';
import type { TrainableModel } from '../training/step.js';
import type { Experiment } from './schema.js';
import type { Startable } from './weights.js';

/** What a network says of one image. */
export interface Answer {
  /** Path as it was given. */
  readonly file: string;
  readonly image: Pixels;
  /** Boxes, or the class of every pixel. */
  readonly result: { readonly detections: Detections } | { readonly classMap: ClassMap };
}

/** The network of an experiment, with what its task needs to train, measure and use it. */
export interface Network {
  readonly model: TrainableModel<Tree> & Startable;
  readonly encoder: EncoderSource;
  /** [height, width] of the input, pixels. */
  readonly inputSize: readonly [height: number, width: number];
  /** The figure of `measure` that chooses the best checkpoint. */
  readonly metric: 'AP' | 'mIoU';
  /** Answers every image of a data set of the experiment's task and compares the answers with the truth. */
  measure(dataset: Dataset, options?: EvaluateOptions): Promise<Report>;
  /** Answers image files, in their order. */
  predict(files: readonly string[], options?: PredictImagesOptions): AsyncGenerator<Answer, void>;
  dispose(): void;
}

/** Coarsest stride of a segmenter: what the sides of its input are multiples of, pixels. */
const COARSEST_STRIDE = 32;

/**
 * Builds the network with random weights; the caller disposes it.
 *
 * @throws ConfigError for a name that does not exist
 */
export function createNetwork(experiment: Experiment, labels: LabelMap): Network {
  return experiment.task === 'detection' ? detection(experiment, labels) : segmentation(experiment, labels);
}

function detection(experiment: Experiment, labels: LabelMap): Network {
  const { model, train, evaluate } = experiment;
  const { maxDetections, suppression, nmsThreshold } = evaluate;
  const assembly = createDetector({
    preset: detectorSpec(model),
    classes: labels.classes.length,
    ...(model.inputSize === null ? {} : { inputSize: model.inputSize }),
    frozen: train.freeze,
    dropPath: model.dropPath,
    seed: train.seed,
    decode: { maxDetections, suppression, iouThreshold: nmsThreshold },
  });
  const { inputSize } = assembly;
  const predictor = createPredictor(assembly.model, {
    inputSize,
    mode: 'letterbox',
    multiple: COARSEST_STRIDE,
    batchSize: evaluate.batchSize ?? train.batchSize,
  });
  return {
    ...assembly,
    metric: 'AP',
    measure(dataset, options) {
      const evaluator = createDetectionEvaluator({ labels, maxDetections });
      return evaluateModel(predictor, dataset as Dataset<DetectionTruth>, evaluator, options);
    },
    predict: (files, options) => answers(predictImages(predictor, files, options), (detections) => ({ detections })),
    dispose: () => disposeAll(predictor, assembly.model),
  };
}

function segmentation(experiment: Experiment, labels: LabelMap): Network {
  const { model, train, evaluate, augment } = experiment;
  const neck = {
    kind: model.neck,
    ...(model.neckChannels === null ? {} : { channels: model.neckChannels }),
    ...(model.neckRepeats === null ? {} : { repeats: model.neckRepeats }),
  };
  const assembly = createSegmenter({
    backbone: (model.backbone ?? DEFAULT_BACKBONE) as BackboneArch,
    classes: labels.classes.length,
    inputSize: model.inputSize ?? DEFAULT_CROP,
    outputStride: model.outputStride,
    neck,
    head: { channels: model.headChannels },
    frozen: train.freeze,
    dropPath: model.dropPath,
    seed: train.seed,
  });
  const { inputSize } = assembly;
  const predictor = createPredictor(assembly.model, {
    inputSize,
    mode: augment.fit ?? 'native',
    multiple: COARSEST_STRIDE,
    batchSize: evaluate.batchSize ?? train.batchSize,
  });
  return {
    ...assembly,
    metric: 'mIoU',
    measure: (dataset, options) =>
      evaluateModel(predictor, dataset as Dataset<SemanticTruth>, createSemanticEvaluator({ labels }), options).then(
        (report) => ({ ...report }),
      ),
    predict: (files, options) => answers(predictImages(predictor, files, options), (classMap) => ({ classMap })),
    dispose: () => disposeAll(predictor, assembly.model),
  };
}

/** [height, width] of an experiment's input, and of a cell of the finest map that its head predicts on, pixels. */
export function plannedInput({ task, model }: Experiment) {
  const spec = detectorSpec(model);
  const isDetection = task === 'detection';
  const inputSize = model.inputSize ?? (isDetection ? ([spec.pixels, spec.pixels] as const) : DEFAULT_CROP);
  const cell = isDetection ? 2 ** Number(spec.levels[0]?.slice(1)) : model.outputStride;
  return { inputSize, cell };
}

/** Of a segmenter whose config names none. */
export const DEFAULT_BACKBONE = 'tf_efficientnet_lite0';
const DEFAULT_PRESET = 'efficientdet-lite0';
/** Input of a segmenter whose config names no size, pixels. */
export const DEFAULT_CROP = [256, 256] as const;

/** The preset's row with what the config replaces in it. */
export function detectorSpec(model: Experiment['model']): DetectorSpec {
  const { preset, backbone, neck, neckChannels, neckRepeats, anchorScale } = model;
  const row = backbone === null ? presetOf(preset ?? DEFAULT_PRESET) : rowFor(backbone as BackboneArch);
  return {
    ...row,
    ...(neck === 'bifpn' ? {} : { neck }),
    ...(neckChannels === null ? {} : { channels: neckChannels }),
    ...(neckRepeats === null ? {} : { cells: neckRepeats }),
    ...(anchorScale === null ? {} : { anchorScale }),
  };
}

/** The smallest row of the backbone's family; with the only size of a backbone that takes but one. */
function rowFor(backbone: BackboneArch): DetectorSpec {
  const row = backbone.includes('lite') ? PRESETS['efficientdet-lite0'] : PRESETS['efficientdet-d0'];
  const { isFixed, inputPixels } = architectureOf(backbone);
  return { ...row, backbone, ...(isFixed ? { pixels: inputPixels } : {}) };
}

async function* answers<Result>(
  predictions: AsyncIterable<Prediction<Result>>,
  wrap: (result: Result) => Answer['result'],
): AsyncGenerator<Answer, void> {
  for await (const { file, image, result } of predictions) {
    yield { file, image, result: wrap(result) };
  }
}

function disposeAll(predictor: { dispose(): void }, model: PredictableModel<Tree, unknown>): void {
  predictor.dispose();
  model.dispose();
}
