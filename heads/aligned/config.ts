import * as z from 'zod';
import { ACTIVATION_NAMES } from '../../backbones/layers/index.js';
import { decodingConfig } from '../boxes/decodingConfig.js';
import type { DecodeOptions } from '../boxes/suppression.js';
import { IOU_LOSSES } from '../losses/iou.js';

const fraction = z.number().min(0).max(1);
const weight = z.number().min(0).max(1000);

/** Low scores count, too: they are qualities, and AP ranks them. */
export const ALIGNED_DECODING: DecodeOptions = {
  maxCandidates: 1000,
  maxDetections: 100,
  scoreThreshold: 0.001,
  suppression: 'hard',
  iouThreshold: 0.6,
};

/** Which places are taught an object. */
const assignConfig = z.strictObject({
  alpha: z.number().min(0).max(10).default(1).describe('Power of the class score in the alignment of a place, 0..10'),
  beta: z.number().min(0).max(20).default(6).describe('Power of the IoU in the alignment of a place, 0..20'),
  topK: z.int().min(1).max(100).default(13).describe('Places of an object: those aligned best, 1..100'),
  warmupShare: fraction
    .default(0.1)
    .describe('Share of the steps in which places are chosen by their distance alone (ATSS), 0..1'),
  warmupEpochs: z.number().min(0).max(1000).default(4).describe('The most epochs of it, 0..1000'),
  atssTopK: z.int().min(1).max(100).default(9).describe('ATSS: candidates of an object on each map, 1..100'),
  maxObjects: z
    .int()
    .min(1)
    .max(10_000)
    .default(512)
    .describe('Objects of an image that are learned; the places of further ones are left out of the loss, 1..10000'),
});

/** Quality focal loss of the classes, generalised IoU and distribution focal loss of the boxes. */
const lossConfig = z.strictObject({
  beta: z.number().min(1).max(10).default(2).describe('Quality focal loss: power of the modulating factor, 1..10'),
  iou: z
    .enum(IOU_LOSSES)
    .default('giou')
    .describe('IoU loss of the boxes: generalised, by the distance of the centres, or by distance and shape'),
  boxWeight: weight.default(2).describe('Factor of the IoU loss in the total, 0..1000'),
  distributionWeight: weight.default(0.25).describe('Factor of the distribution focal loss in the total, 0..1000'),
});

/** The settings that a head of aligned places has, whatever else it predicts. */
export const alignedSettings = {
  repeats: z.int().min(0).max(16).default(3).describe('Separable convolutions before the prediction, 0..16'),
  activation: z.enum(ACTIVATION_NAMES).default('swish').describe('Activation after every convolution'),
  regMax: z
    .int()
    .min(1)
    .max(64)
    .nullable()
    .default(null)
    .describe(
      'Longest distance from a place to a side of its box, in cells of its map, 1..64; null: 16 for inputs of 512 pixels and more, else 7',
    ),
  assign: assignConfig.prefault({}).describe('Which places are taught an object'),
  loss: lossConfig
    .prefault({})
    .describe('Quality focal loss of the classes, generalised IoU and distributions of the boxes'),
  decode: decodingConfig(ALIGNED_DECODING).prefault({}).describe('From outputs to boxes'),
  frozen: z.boolean().default(false).describe('true: not trained, batch norm included'),
  seed: z.int().min(0).optional().describe('Seed of the random initial weights. Defaults to that of the network'),
} as const;

/** The task-aligned head in a config file; an unknown key is an error. */
export const alignedConfig = z.strictObject({ kind: z.literal('aligned'), ...alignedSettings });
export type AlignedConfig = z.infer<typeof alignedConfig>;

/** Pixels of the input's longer side from which distances are longer. */
const LARGE = 512;

/** The longest distance in cells for an input of this size. */
export const regMaxOf = ({ regMax }: Pick<AlignedConfig, 'regMax'>, inputSize: readonly [number, number]): number =>
  regMax ?? (Math.max(...inputSize) >= LARGE ? 16 : 7);
