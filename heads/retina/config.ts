import * as z from 'zod';
import { ACTIVATION_NAMES } from '../../backbones/layers/index.js';
import { decodingConfig } from '../boxes/decodingConfig.js';
import { DEFAULT_ANCHORS } from './anchors.js';
import { DEFAULT_DECODING } from './decode.js';

const fraction = z.number().min(0).max(1);
const aspect = z.tuple([z.number().min(0.01).max(100), z.number().min(0.01).max(100)]).readonly();

/** Where anchors lie on each level, and what they match. */
const anchorsConfig = z.strictObject({
  anchorScale: z
    .number()
    .positive()
    .max(64)
    .default(DEFAULT_ANCHORS.anchorScale)
    .describe('Side of the smallest square anchor in cells of its map (8 pixels in P3), above 0 to 64'),
  scalesPerOctave: z
    .int()
    .min(1)
    .max(16)
    .default(DEFAULT_ANCHORS.scalesPerOctave)
    .describe('Sizes between one level and the next, 1..16'),
  aspects: z
    .array(aspect)
    .min(1)
    .max(16)
    .readonly()
    .default(DEFAULT_ANCHORS.aspects)
    .describe('[width, height] factors of each shape, 1..16 of them'),
  matchThreshold: fraction.default(0.5).describe('Smallest IoU at which an anchor belongs to an object, 0..1'),
});

/** Focal loss of the classes, Huber loss of the boxes. */
const lossConfig = z.strictObject({
  alpha: fraction.default(0.25).describe('Focal loss: weight of the foreground, 0..1'),
  gamma: z.number().min(0).max(10).default(1.5).describe('Focal loss: power of the modulating factor, 0..10'),
  labelSmoothing: fraction.default(0).describe('Focal loss: share of the label given to both classes alike, 0..1'),
  delta: z
    .number()
    .positive()
    .max(100)
    .default(0.1)
    .describe('Huber loss: offset up to which it is quadratic, above 0 to 100'),
  boxWeight: z.number().min(0).max(1000).default(50).describe('Factor of the box loss in the total, 0..1000'),
});

/** RetinaNet's head in a config file; an unknown key is an error. */
export const retinaConfig = z.strictObject({
  kind: z.literal('retina'),
  repeats: z.int().min(0).max(16).default(3).describe('Separable convolutions before the prediction, 0..16'),
  activation: z.enum(ACTIVATION_NAMES).default('swish').describe('Activation after every convolution'),
  anchors: anchorsConfig.prefault({}).describe('Where anchors lie on each level, and what they match'),
  loss: lossConfig.prefault({}).describe('Focal loss of the classes, Huber loss of the boxes'),
  decode: decodingConfig(DEFAULT_DECODING).prefault({}).describe('From outputs to boxes'),
  frozen: z.boolean().default(false).describe('true: not trained, batch norm included'),
  seed: z.int().min(0).optional().describe('Seed of the random initial weights. Defaults to that of the network'),
});
export type RetinaConfig = z.infer<typeof retinaConfig>;
