import * as z from 'zod';
import { dataSchema } from '../datasets/formats/index.js';
import { modelConfig, PRESET_NAMES, TASK_NAMES } from '../heads/index.js';

/** A number between two bounds, with a default; the description names unit and range. */
const fraction = (fallback: number, text: string) => z.number().min(0).max(1).default(fallback).describe(text);
const count = (fallback: number, text: string) => z.int().min(1).max(1_000_000).default(fallback).describe(text);
/** Of the input, pixels. */
const side = z.int().min(32).max(4096);
const limit = z.int().min(1).max(1_000_000).nullable().default(null);
const name = z.string().min(1);

const model = z.strictObject({
  preset: z
    .enum(PRESET_NAMES as [...typeof PRESET_NAMES])
    .nullable()
    .default(null)
    .describe('Whole network, in which keys below replace what differs; null: backbone, neck and head below'),
  ...modelConfig.shape,
  inputSize: z
    .tuple([side, side])
    .describe(
      "Height and width of the network's input, pixels, multiples of 32, 32..4096. Defaults to the preset's or head's",
    ),
  weights: name
    .nullable()
    .default(null)
    .describe(
      'Start: a name of `espalier weights list`, imagenet or coco (the best published ones that fit), or a file: safetensors, PyTorch, Keras, TFLite, ONNX, NumPy, model.json; null: random',
    ),
  partial: z
    .array(name)
    .default([])
    .describe(
      "Parameters of the backbone that the file of `weights` may lack or have in another shape, and which then start at random: names, or beginnings before a '*'; []: none",
    ),
});

const train = z.strictObject({
  epochs: count(50, 'Passes over the training images, 1..1000000'),
  batchSize: z
    .int()
    .min(1)
    .max(1024)
    .default(8)
    .describe('Images per step, over all processes of a cluster together, 1..1024'),
  optimizer: z.enum(['sgd', 'adamw']).default('adamw').describe('sgd (with momentum) or adamw'),
  learningRate: z
    .number()
    .positive()
    .max(10)
    .default(0.001)
    .describe('Peak learning rate, above 0 to 10, after the warm-up'),
  referenceBatch: limit.describe(
    'Batch size that learningRate was tuned for: the rate is multiplied by batchSize / it; null: as written',
  ),
  backboneRate: fraction(1, "The backbone's learning rate as a fraction of learningRate, 0..1"),
  momentum: fraction(0.9, 'sgd: momentum, 0..1'),
  weightDecay: fraction(0.01, 'Decay of weights (never biases, norms), 0..1; decoupled in adamw'),
  warmupSteps: z.int().min(0).max(1_000_000).default(100).describe('Steps of linear warm-up, 0..1000000'),
  finalRate: fraction(0, 'End of the cosine as a fraction of learningRate, 0..1'),
  clipNorm: z.number().positive().nullable().default(10).describe('Global norm gradients are clipped to; null: never'),
  ema: z
    .number()
    .min(0)
    .lt(1)
    .nullable()
    .default(0.995)
    .describe('Decay per step of the averaged weights that are evaluated, 0..1, warmed up; null: no averaging'),
  normMomentum: z
    .number()
    .min(0)
    .lt(1)
    .default(0.95)
    .describe(
      "Kept share per step of batch norm's moving statistics, 0..1; 0.99 in the EfficientNet release, for long runs",
    ),
  syncNorm: z
    .boolean()
    .default(false)
    .describe(
      "Training in several processes: batch norm takes the statistics of all processes' images; false: each of its own",
    ),
  peerTimeout: z
    .number()
    .min(1)
    .max(86_400)
    .default(120)
    .describe(
      'Training in several processes: seconds after which one that does not start or answer is given up, 1..86400',
    ),
  recompute: z
    .boolean()
    .default(false)
    .describe(
      "true: the backbone's activations are computed again in the backward pass instead of kept; less memory, more time, the same weights",
    ),
  seed: z.int().min(0).max(4_294_967_295).default(1).describe('Of weights, order and augmentation, 0..4294967295'),
  workers: z
    .int()
    .min(0)
    .max(64)
    .nullable()
    .default(null)
    .describe('Threads that decode images, 0..64 (0: in the main thread); null: one fewer than cores, at most 4'),
  cacheMegabytes: z
    .int()
    .min(0)
    .max(1_000_000)
    .default(512)
    .describe('Memory for decoded images that are used again in the next epoch, MiB, 0..1000000'),
  evaluateEvery: count(5, 'Epochs between evaluations on val, 1..1000000; the last epoch is always evaluated'),
  checkpointEvery: limit.describe('Steps between checkpoints, 1..1000000; null: one a minute'),
  tensorboard: z
    .boolean()
    .default(false)
    .describe(
      "true: the run's folder gets `tensorboard`, event files that TensorBoard reads, and the same as scalars.csv",
    ),
  minutes: z
    .number()
    .positive()
    .nullable()
    .default(null)
    .describe('Stop after this many minutes, after a checkpoint; null: when the epochs are done'),
});

const range = z.tuple([z.number().positive().max(10), z.number().positive().max(10)]);

const augment = z.strictObject({
  flipHorizontal: fraction(0.5, 'Probability of a left-right flip, 0..1'),
  flipVertical: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .default(null)
    .describe('Probability of a top-bottom flip, 0..1; null: 0 in detection, 0.5 in segmentation'),
  rotate90: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .default(null)
    .describe('Probability of one to three quarter turns, 0..1; null: 0 in detection, 0.75 in segmentation'),
  fit: z
    .enum(['letterbox', 'native'])
    .nullable()
    .default(null)
    .describe('letterbox: the whole image, aspect kept; native: crops of its own pixels; null: letterbox in detection'),
  scale: range
    .nullable()
    .default(null)
    .describe('Smallest and largest random scale, above 0 to 10; null: 0.7 to 1.6 in detection, 1 in segmentation'),
  brightness: fraction(0.2, 'Largest relative change, 0..1'),
  contrast: fraction(0.2, 'Largest relative change, 0..1'),
  saturation: fraction(0.2, 'Largest relative change, 0..1'),
  minVisible: fraction(0.1, 'Boxes with a smaller share of their area left in the crop are dropped, 0..1'),
  hue: z.number().min(0).max(0.5).default(0.02).describe('Largest shift as a fraction of the colour circle, 0..0.5'),
});

const evaluate = z.strictObject({
  split: z.enum(['train', 'val', 'test']).default('val').describe('Split that `evaluate` measures'),
  batchSize: z.int().min(1).max(1024).nullable().default(null).describe('Images per step; null: that of training'),
  drawThreshold: fraction(0.3, 'predict: lowest score that is reported and drawn, 0..1'),
});

/** One experiment: what to learn, from which data, how. Strict: a key that is not here is an error. */
export const experimentSchema = z.strictObject({
  task: z
    .enum(TASK_NAMES as [...typeof TASK_NAMES])
    .describe('What is learned. Defaults to what the head predicts, and to detection'),
  data: dataSchema.prefault({}).describe('Where images and annotations are'),
  model: model.describe('Backbone, neck and head'),
  train: train.prefault({}).describe('Optimizer, schedule and duration'),
  augment: augment.prefault({}).describe('Random changes of training images'),
  evaluate: evaluate.prefault({}).describe('Measuring and predicting'),
  engine: z
    .enum(['auto', 'tensorflow', 'wasm', 'webgpu', 'cpu'])
    .default('auto')
    .describe(
      'What trains: one by name, which never falls back, or auto, the fastest there is; `--engine` replaces it',
    ),
});

export type Experiment = z.infer<typeof experimentSchema>;
