/**
 * EfficientNet B0-B7 and Lite0-Lite4 as data.
 * Rows: Tan & Le 2019, arXiv:1905.11946, table 1; scales and the lite rules: the reference release (tensorflow/tpu, efficientnet and its lite folder).
 */
import { IMAGENET, type Preprocessing } from '../backbone.js';
import type { Level } from '../features.js';
import type { Activation } from '../layers/index.js';

export interface StageSpec {
  /** `separable`: depthwise and pointwise only. `inverted`: widened by a pointwise convolution first. */
  readonly block: 'separable' | 'inverted';
  /** Before depth scaling. */
  readonly repeats: number;
  readonly kernel: 3 | 5;
  /** Of the stage's first block. */
  readonly stride: 1 | 2;
  /** Hidden width / input width. */
  readonly expand: number;
  /** Before width scaling. */
  readonly channels: number;
  /** The feature map read after this stage, if any. */
  readonly level: EfficientNetLevel | null;
}

/** Stride 2 to 32: what an EfficientNet gives. */
export type EfficientNetLevel = Extract<Level, 'P1' | 'P2' | 'P3' | 'P4' | 'P5'>;

const stage = (
  block: StageSpec['block'],
  repeats: number,
  kernel: 3 | 5,
  stride: 1 | 2,
  expand: number,
  channels: number,
  level: EfficientNetLevel | null,
): StageSpec => ({ block, repeats, kernel, stride, expand, channels, level });

// biome-ignore format: a table
export const STAGES = [
  //     block     repeats kernel stride expand channels map
  stage('separable', 1,      3,     1,     1,     16,   'P1'),
  stage('inverted',  2,      3,     2,     6,     24,   'P2'),
  stage('inverted',  2,      5,     2,     6,     40,   'P3'),
  stage('inverted',  3,      3,     2,     6,     80,   null),
  stage('inverted',  3,      5,     1,     6,    112,   'P4'),
  stage('inverted',  4,      5,     2,     6,    192,   null),
  stage('inverted',  1,      3,     1,     6,    320,   'P5'),
] as const;

export const STEM_CHANNELS = 32;
export const HEAD_CHANNELS = 1280;
/** Squeeze-excite width / block input width. */
export const SQUEEZE = 0.25;

/** Compound scaling: [width, depth, input pixels]. */
export const SCALES = {
  b0: [1.0, 1.0, 224],
  b1: [1.0, 1.1, 240],
  b2: [1.1, 1.2, 260],
  b3: [1.2, 1.4, 300],
  b4: [1.4, 1.8, 380],
  b5: [1.6, 2.2, 456],
  b6: [1.8, 2.6, 528],
  b7: [2.0, 3.1, 600],
  lite0: [1.0, 1.0, 224],
  lite1: [1.0, 1.1, 240],
  lite2: [1.1, 1.2, 260],
  lite3: [1.2, 1.4, 280],
  lite4: [1.4, 1.8, 300],
} as const satisfies { readonly [variant: string]: readonly [number, number, number] };
export type Variant = keyof typeof SCALES;

/** What distinguishes the lite networks: made for quantised inference. */
export interface FamilySpec {
  readonly squeezeExcite: boolean;
  readonly activation: Activation;
  /** Stem and head keep their width, the first and last stage their depth. */
  readonly fixedEnds: boolean;
  readonly preprocessing: Preprocessing;
}
const FULL: FamilySpec = {
  squeezeExcite: true,
  activation: 'swish',
  fixedEnds: false,
  preprocessing: IMAGENET,
};
const LITE: FamilySpec = {
  squeezeExcite: false,
  activation: 'relu6',
  fixedEnds: true,
  preprocessing: { channels: 'RGB', mean: [127, 127, 127], std: [128, 128, 128] },
};

export const FAMILY: { readonly [V in Variant]: FamilySpec } = {
  ...{ b0: FULL, b1: FULL, b2: FULL, b3: FULL, b4: FULL, b5: FULL, b6: FULL, b7: FULL },
  ...{ lite0: LITE, lite1: LITE, lite2: LITE, lite3: LITE, lite4: LITE },
};

/** Channels scaled by `width`, to a multiple of 8 that is never below 90 % of the exact value. */
export function scaleChannels(channels: number, width: number): number {
  const exact = channels * width;
  const rounded = Math.max(8, Math.floor((exact + 4) / 8) * 8);
  return rounded < 0.9 * exact ? rounded + 8 : rounded;
}
