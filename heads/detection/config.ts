import * as z from 'zod';
import { ACTIVATION_NAMES } from '../../backbones/layers/index.js';
import { DEFAULT_ANCHORS } from './anchors.js';
import { DEFAULT_DECODING } from './decode.js';

const fraction = z.number().min(0).max(1);
const side = z.int().min(1).max(8192);
const aspect = z.tuple([z.number().min(0.01).max(100), z.number().min(0.01).max(100)]).readonly();

/** Where anchors lie on each level, and what they match. */
const anchorsConfig = z.strictObject({
  /** Side of the smallest square, in cells of its level, above 0 to 64. */
  anchorScale: z.number().positive().max(64).default(DEFAULT_ANCHORS.anchorScale),
  /** 1 to 16. */
  scalesPerOctave: z.int().min(1).max(16).default(DEFAULT_ANCHORS.scalesPerOctave),
  /** [width, height] factors, 1 to 16 of them. */
  aspects: z.array(aspect).min(1).max(16).readonly().default(DEFAULT_ANCHORS.aspects),
  /** Smallest IoU at which an anchor belongs to an object. */
  matchThreshold: fraction.default(0.5),
});

/** Focal loss of the classes, Huber loss of the boxes. */
const lossConfig = z.strictObject({
  alpha: fraction.default(0.25),
  gamma: z.number().min(0).max(10).default(1.5),
  labelSmoothing: fraction.default(0),
  /** Of the Huber loss, in offset units. */
  delta: z.number().positive().max(100).default(0.1),
  boxWeight: z.number().min(0).max(1000).default(50),
});

const decodeConfig = z.strictObject({
  /** Anchor-class pairs looked at, 1 to 100,000. */
  maxCandidates: z.int().min(1).max(100_000).default(DEFAULT_DECODING.maxCandidates),
  maxDetections: z.int().min(1).max(10_000).default(DEFAULT_DECODING.maxDetections),
  scoreThreshold: fraction.default(DEFAULT_DECODING.scoreThreshold),
  suppression: z.enum(['hard', 'soft']).default(DEFAULT_DECODING.suppression),
  /** 1: nothing is suppressed. */
  iouThreshold: fraction.default(DEFAULT_DECODING.iouThreshold),
});

/** A detection head as plain data; an unknown key is an error. */
export const detectionConfig = z.strictObject({
  kind: z.literal('detection'),
  /** K, 1 to 10,000. */
  classes: z.int().min(1).max(10_000),
  /** [height, width] of the network input, pixels. */
  inputSize: z.tuple([side, side]).readonly(),
  /** Separable convolutions before the prediction, 0 to 16. */
  repeats: z.int().min(0).max(16).default(3),
  activation: z.enum(ACTIVATION_NAMES).default('swish'),
  anchors: anchorsConfig.prefault({}),
  loss: lossConfig.prefault({}),
  decode: decodeConfig.prefault({}),
  /** True: not trained, batch norm included. */
  frozen: z.boolean().default(false),
  /** Of the random initial weights. */
  seed: z.int().min(0).default(1),
});
export type DetectionConfig = z.infer<typeof detectionConfig>;
