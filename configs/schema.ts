import * as z from 'zod';
import { casesConfig } from '../datasets/evaluators/index.js';
import { dataSchema } from '../datasets/formats/index.js';
import { modulePart } from '../datasets/outside.js';
import { modelConfig, PRESET_NAMES, TASK_NAMES } from '../heads/index.js';
import { trainConfig } from '../training/run/config.js';

/** A number between two bounds, with a default; the description names unit and range. */
const fraction = (fallback: number, text: string) => z.number().min(0).max(1).default(fallback).describe(text);
/** Of the input, pixels. */
const side = z.int().min(32).max(4096);
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

const range = z.tuple([z.number().positive().max(10), z.number().positive().max(10)]);

const augment = z.strictObject({
  flipHorizontal: fraction(0.5, 'Probability of a left-right flip, 0..1'),
  flipVertical: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .default(null)
    .describe('Probability of a top-bottom flip, 0..1; null: 0.5 in segmentation, else 0'),
  rotate90: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .default(null)
    .describe('Probability of one to three quarter turns, 0..1; null: 0.75 in segmentation, else 0'),
  fit: z
    .enum(['letterbox', 'native'])
    .nullable()
    .default(null)
    .describe(
      'letterbox: the whole image, aspect kept; native: crops of its own pixels; null: native in segmentation, else letterbox',
    ),
  scale: range
    .nullable()
    .default(null)
    .describe(
      'Smallest and largest random scale, above 0 to 10; null: 0.7 to 1.6 in detection, 1 in segmentation, 0.8 to 1.25 in classification',
    ),
  brightness: fraction(0.2, 'Largest relative change, 0..1'),
  contrast: fraction(0.2, 'Largest relative change, 0..1'),
  saturation: fraction(0.2, 'Largest relative change, 0..1'),
  minVisible: fraction(0.1, 'Boxes with a smaller share of their area left in the crop are dropped, 0..1'),
  hue: z.number().min(0).max(0.5).default(0.02).describe('Largest shift as a fraction of the colour circle, 0..0.5'),
  foreground: fraction(
    0,
    'Segmentation, native crops: share of them that is centred on a pixel of a class beside the background, each class of an image alike, 0..1; 0.33 in nnU-Net',
  ),
  transforms: z
    .array(modulePart)
    .max(100)
    .default([])
    .describe(
      'Transforms of your own: ES modules whose default export is what defineTransform gives, before all others',
    ),
});

const evaluate = z.strictObject({
  split: z.enum(['train', 'val', 'test']).default('val').describe('Split that `evaluate` measures'),
  batchSize: z.int().min(1).max(1024).nullable().default(null).describe('Images per step; null: that of training'),
  tile: z
    .union([z.literal('auto'), z.int().min(64).max(8192)])
    .nullable()
    .default('auto')
    .describe(
      'Side of the overlapping tiles that larger images are answered by, pixels; auto: 1024 for class maps of images above 2048, none for boxes; null: none',
    ),
  tileOverlap: z.number().min(0).max(0.9).default(0.25).describe('Share of a tile that the next one has, too, 0..0.9'),
  drawThreshold: fraction(0.3, 'predict: lowest score that is reported and drawn, 0..1'),
  cases: casesConfig.prefault({}).describe('Segmentation: figures per case, `evaluate --cases` and `report`'),
});

/** One experiment: what to learn, from which data, how. Strict: a key that is not here is an error. */
export const experimentSchema = z.strictObject({
  task: z.enum(TASK_NAMES).describe('What is learned. Defaults to what the head predicts, and to detection'),
  data: dataSchema.prefault({}).describe('Where images and annotations are'),
  model: model.describe('Backbone, neck and head'),
  train: trainConfig.prefault({}).describe('Optimizer, schedule and duration'),
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
