import * as z from 'zod';
import { decodingConfig } from '../boxes/decodingConfig.js';
import type { DecodeOptions } from '../boxes/suppression.js';
import { IOU_LOSSES } from '../losses/iou.js';

const fraction = z.number().min(0).max(1);

/** As the paper evaluates. */
export const FCOS_DECODING: DecodeOptions = {
  maxCandidates: 5000,
  maxDetections: 100,
  scoreThreshold: 0.05,
  suppression: 'hard',
  iouThreshold: 0.6,
};

/** Which objects a place may belong to. */
const assignConfig = z.strictObject({
  radius: z
    .number()
    .positive()
    .max(64)
    .nullable()
    .default(1.5)
    .describe('Places that belong to an object: those within so many cells of its centre; null: all in its box'),
  range: z
    .number()
    .positive()
    .max(1024)
    .default(8)
    .describe(
      "Longest distance from a place to a side of its object's box, in cells of its map, above 0 to 1024; none on the coarsest",
    ),
});

/** Focal loss of the classes, generalised IoU of the boxes, cross-entropy of the centre-ness. */
const lossConfig = z.strictObject({
  alpha: fraction.default(0.25).describe('Focal loss: weight of the foreground, 0..1'),
  gamma: z.number().min(0).max(10).default(2).describe('Focal loss: power of the modulating factor, 0..10'),
  labelSmoothing: fraction.default(0).describe('Focal loss: share of the label given to both classes alike, 0..1'),
  iou: z
    .enum(IOU_LOSSES)
    .default('giou')
    .describe('IoU loss of the boxes: generalised, by the distance of the centres, or by distance and shape'),
  boxWeight: z.number().min(0).max(1000).default(1).describe('Factor of the box loss in the total, 0..1000'),
  centernessWeight: z
    .number()
    .min(0)
    .max(1000)
    .default(1)
    .describe('Factor of the centre-ness loss in the total, 0..1000'),
});

/** FCOS's head in a config file; an unknown key is an error. */
export const fcosConfig = z.strictObject({
  kind: z.literal('fcos'),
  repeats: z.int().min(0).max(16).default(4).describe('Convolutions before the predictions, 0..16'),
  groups: z
    .int()
    .min(1)
    .max(1024)
    .default(32)
    .describe('Groups of their group norm, a divisor of the channels, 1..1024'),
  regression: z
    .enum(['exp', 'relu'])
    .default('exp')
    .describe(
      'What makes distances in cells of the box predictions: exp (the paper), or relu (its later code, torchvision)',
    ),
  levelScales: z.boolean().default(true).describe('true: box predictions are multiplied by a learned number per level'),
  assign: assignConfig.prefault({}).describe('Which object a place of a map belongs to'),
  loss: lossConfig.prefault({}).describe('Focal loss of the classes, generalised IoU of the boxes, centre-ness'),
  decode: decodingConfig(FCOS_DECODING).prefault({}).describe('From outputs to boxes'),
  frozen: z.boolean().default(false).describe('true: not trained'),
  seed: z.int().min(0).optional().describe('Seed of the random initial weights. Defaults to that of the network'),
});
export type FcosConfig = z.infer<typeof fcosConfig>;
