/** One small detector, its images and its training: run by Node and by a page, whose figures are then compared. */
import * as tf from '@tensorflow/tfjs';
import {
  createDetector,
  createEma,
  createPredictor,
  createRandom,
  createRetinaEncoder,
  createSgd,
  createTrainingStep,
  encodeTargets,
  loadCheckpoint,
  type RetinaEncoderConfig,
  readSafetensors,
  uploadImages,
} from '../../index.js';

/** [height, width] of the network's input, pixels. */
const SIZE = [64, 96] as const;
const IMAGES = 2;

/** An EfficientDet of EfficientNet-Lite0 with one narrow cell. */
export function createSmallDetector(classes = 2) {
  const { model, encoder, config } = createDetector({
    backbone: 'tf_efficientnet_lite0',
    neck: { levels: ['P3', 'P4', 'P5', 'P6'], channels: 16, repeats: 1, fusion: 'fast', activation: 'swish' },
    head: {
      repeats: 1,
      activation: 'swish',
      anchors: { anchorScale: 2 },
      decode: { scoreThreshold: 0.001, maxDetections: 20 },
    },
    classes,
    inputSize: SIZE,
  });
  const optimizer = createSgd(model.parameters, { weightDecay: 1e-4 }); // AdamW would make large differences of tiny ones
  const ema = createEma(model.parameters, 0.9);
  const dispose = (): void => {
    for (const part of [model, optimizer, ema]) part.dispose();
  };
  return { model, config, optimizer, ema, targets: targetsOf(encoder.config as RetinaEncoderConfig, classes), dispose };
}
export type SmallDetector = ReturnType<typeof createSmallDetector>;

/** Two boxes of different colours on noise, another place in each image. */
export function drawScene() {
  const [height, width] = SIZE;
  const random = createRandom([7]);
  const boxes = Array.from({ length: IMAGES }, (_, i) => [
    [8 + 10 * i, 6, 40 + 10 * i, 38],
    [56 - 6 * i, 24, 88 - 6 * i, 56],
  ]);
  const images = boxes.map((pair) => {
    const data = new Uint8Array(height * width * 3);
    for (let at = 0; at < data.length; at++) {
      const [channel, x, y] = [at % 3, Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
      const inside = pair.findIndex(([x1 = 0, y1 = 0, x2 = 0, y2 = 0]) => x >= x1 && x < x2 && y >= y1 && y < y2);
      data[at] = random.integer(80) + (inside === channel ? 170 : 0);
    }
    return { data, width, height };
  });
  return { images, boxes };
}

function targetsOf(config: RetinaEncoderConfig, classes: number) {
  const encoder = createRetinaEncoder(config);
  return () =>
    encodeTargets(
      encoder,
      drawScene().boxes.map((boxes) => ({
        kind: 'boxes' as const,
        boxes: Float64Array.from(boxes.flat()),
        labels: Int32Array.of(0, classes - 1),
        ignored: new Uint8Array(2),
        areas: new Float64Array(2).fill(1024),
      })),
    );
}

/** Trains on the scene; the total loss of every step, before it moved the weights. */
export async function trainSteps(detector: SmallDetector, from: number, to: number): Promise<readonly number[]> {
  const { model, optimizer, ema } = detector;
  const step = createTrainingStep({ model, optimizer, ema, clipNorm: 10 });
  const [height, width] = SIZE;
  const pixels = Uint8Array.from(drawScene().images.flatMap(({ data }) => [...data]));
  const images = uploadImages(pixels, [IMAGES, height, width, 3]);
  const targets = detector.targets();
  const losses: number[] = [];
  for (let at = from; at < to; at++) {
    const { losses: terms, gradientNorm, flags } = await step.run(images, targets, { step: at, learningRate: 0.001 });
    losses.push((await (terms.total as tf.Scalar).data())[0] as number);
    tf.dispose([terms, gradientNorm, [...flags]]);
  }
  step.dispose();
  tf.dispose([images, targets]);
  return losses;
}

/** Boxes, labels and scores that the detector finds in the scene's images. */
export async function detect({ model }: SmallDetector) {
  const options = { inputSize: SIZE, mode: 'letterbox', multiple: 64, batchSize: IMAGES } as const;
  const predictor = createPredictor(model, options);
  const found = await predictor.predict(drawScene().images);
  predictor.dispose();
  return found.map(({ boxes, labels, scores }) => ({ boxes: [...boxes], labels: [...labels], scores: [...scores] }));
}
export type Found = Awaited<ReturnType<typeof detect>>;

/** What a side makes of a checkpoint: what it finds with the averages, and the losses of training on from the weights. */
export interface CheckpointFigures {
  readonly found: Found;
  readonly losses: readonly number[];
  /** Milliseconds of the last training step. */
  readonly milliseconds: number;
  /** Tensors alive afterwards that were not before. */
  readonly leaked: number;
}

export async function useCheckpoint(bytes: Uint8Array, steps: number): Promise<CheckpointFigures> {
  const before = tf.memory().numTensors;
  const checkpoint = readSafetensors(bytes);
  const detector = createSmallDetector();
  loadCheckpoint(detector.model, checkpoint);
  const found = await detect(detector);
  loadCheckpoint(detector.model, checkpoint, 'raw');
  const losses = [...(await trainSteps(detector, 0, steps - 1))];
  const start = performance.now();
  losses.push(...(await trainSteps(detector, steps - 1, steps)));
  const milliseconds = performance.now() - start;
  detector.dispose();
  return { found, losses, milliseconds, leaked: tf.memory().numTensors - before };
}

/** What a new detector of so many classes makes of the scene: the losses of its first steps, and the classes it finds. */
export async function trainClasses(classes: number, steps: number) {
  const detector = createSmallDetector(classes);
  const losses = await trainSteps(detector, 0, steps);
  const labels = (await detect(detector)).flatMap((found) => found.labels);
  detector.dispose();
  return { losses, labels: [...new Set(labels)].sort((a, b) => a - b), found: labels.length };
}
