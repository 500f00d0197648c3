import * as z from 'zod';
import { casesConfig } from '../datasets/evaluators/index.js';
import { dataSchema } from '../datasets/formats/index.js';
import { modulePart } from '../datasets/outside.js';
import { OP_NAMES } from '../datasets/transforms/ops/index.js';
import { POLICY_NAMES, RAND_AUGMENT } from '../datasets/transforms/policies/index.js';
import { modelConfig, PRESET_NAMES, TASK_NAMES } from '../heads/index.js';
import { trainConfig } from '../training/run/config.js';

/** A number between two bounds, with a default; the description names unit and range. */
const fraction = (fallback: number, text: string) => z.number().min(0).max(1).default(fallback).describe(text);
/** Side of the input, pixels. */
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

/** A change that others bring with them, unless it is stated. */
const change = (text: string) => z.number().min(0).max(1).nullable().default(null).describe(text);
const probability = z.number().min(0).max(1).default(0).describe('Of an image, 0..1');

const opRule = z.strictObject({
  op: z.enum(OP_NAMES).describe('Its name'),
  probability: z.number().min(0).max(1).default(0.5).describe('Of an image, 0..1'),
  range: z
    .tuple([z.number(), z.number()])
    .default([0, 0])
    .describe('Smallest and largest value, drawn evenly between; of an op without a value left out'),
});

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
  brightness: change('Largest relative change, 0..1; null: 0.2, beside a policy 0'),
  contrast: change('Largest relative change, 0..1; null: 0.2, beside a policy 0'),
  saturation: change('Largest relative change, 0..1; null: 0.2, beside a policy 0'),
  minVisible: fraction(0.1, 'Boxes with a smaller share of their area left in the crop are dropped, 0..1'),
  hue: z
    .number()
    .min(0)
    .max(0.5)
    .nullable()
    .default(null)
    .describe('Largest shift as a fraction of the colour circle, 0..0.5; null: 0.02, beside a policy 0'),
  policy: z
    .union([z.enum(['auto', 'none', ...POLICY_NAMES]), z.string().regex(RAND_AUGMENT)])
    .default('auto')
    .describe(
      "Ops that are drawn together: AutoAugment, RandAugment (rand-m9-mstd0.5; -n3, -inc1), TrivialAugment, those of detection, nnU-Net's; auto: none up to 1000 training images, above those detection-v0 for boxes, trivial-color for masks, rand-m9-mstd0.5 for classes",
    ),
  ops: z
    .array(opRule)
    .max(100)
    .default([])
    .describe('Ops of your own choice, after those of the policy, in this order'),
  mosaic: z
    .strictObject({
      probability: z
        .number()
        .min(0)
        .max(1)
        .nullable()
        .default(null)
        .describe('Of an image, 0..1; null: 0.5 for objects in more than 1000 training images, else 0'),
      closeEpochs: z
        .int()
        .min(0)
        .nullable()
        .default(null)
        .describe('Epochs at the end without it, from 0; null: 15 % of all'),
    })
    .prefault({})
    .describe('Four images round a point'),
  mixup: z
    .strictObject({
      probability,
      alpha: z
        .number()
        .positive()
        .max(100)
        .nullable()
        .default(null)
        .describe('Shares are drawn from Beta(alpha, alpha), above 0 to 100; null: 32 for objects, 0.2 for classes'),
    })
    .prefault({})
    .describe('Two images, one over the other'),
  cutmix: z
    .strictObject({
      probability,
      alpha: z
        .number()
        .positive()
        .max(100)
        .default(1)
        .describe('The share of the first image is drawn from Beta(alpha, alpha), above 0 to 100'),
    })
    .prefault({})
    .describe('A rectangle of another image'),
  copyPaste: z.strictObject({ probability }).prefault({}).describe('Objects of another image, by their masks'),
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
  tileBlend: z
    .enum(['deepest', 'gaussian'])
    .default('deepest')
    .describe(
      'Pixels of class maps that several tiles answer. deepest: the tile in which they lie deepest; gaussian: the mean of the probabilities, a tile counting most in its middle, as nnU-Net with tileOverlap 0.5',
    ),
  augment: z
    .strictObject({
      flip: z.boolean().default(false).describe('true: each image is seen mirrored, too'),
      scales: z
        .array(z.number().min(0.25).max(2))
        .min(1)
        .max(8)
        .default([1])
        .describe('Factors of the size at which each image is seen, 0.25..2; objects: 0.25..1'),
    })
    .prefault({})
    .describe(
      'Ways in which each image is seen; the answers become one: boxes by weighted fusion, masks by vote, class maps by the mean of their logits',
    ),
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
