/** MobileNetV2 and MobileNetV3 as data. */
import { IMAGENET, SYMMETRIC } from '../../backbone.js';
import {
  type BlockKind,
  type BlockRow,
  type InvertedSpec,
  RELEASED,
  RETRAINED,
  ROUND_LIMIT,
  toMultipleOf8,
} from '../_inverted/spec.js';

const row = (
  block: BlockKind,
  repeats: number,
  kernel: 1 | 3 | 5,
  stride: 1 | 2,
  expand: number,
  channels: number,
  squeeze = 0,
  activation: 'relu' | 'relu6' | 'hardSwish' = 'relu6',
): BlockRow => ({ block, repeats, kernel, stride, expand, channels, squeeze, activation });

/** Sandler et al. 2018, arXiv:1801.04381, table 2. */
// biome-ignore format: a table
const V2 = [
  //    block     repeats kernel stride expand channels
  [row('separable', 1,      3,     1,     1,     16)], // P1
  [row('inverted',  2,      3,     2,     6,     24)], // P2
  [row('inverted',  3,      3,     2,     6,     32)], // P3
  [row('inverted',  4,      3,     2,     6,     64)],
  [row('inverted',  3,      3,     1,     6,     96)], // P4
  [row('inverted',  3,      3,     2,     6,    160)],
  [row('inverted',  1,      3,     1,     6,    320)], // P5
] as const;

/** Howard et al. 2019, arXiv:1905.02244, table 1; the hidden widths there are multiples of 8 near input width x expand. */
// biome-ignore format: a table
const V3_LARGE = [
  //    block     repeats kernel stride expand channels squeeze
  [row('separable', 1,      3,     1,    1,      16,    0,    'relu')],       // P1
  [row('inverted',  1,      3,     2,    4,      24,    0,    'relu'),
   row('inverted',  1,      3,     1,    3,      24,    0,    'relu')],       // P2
  [row('inverted',  3,      5,     2,    3,      40,    0.25, 'relu')],       // P3
  [row('inverted',  1,      3,     2,    6,      80,    0,    'hardSwish'),
   row('inverted',  1,      3,     1,    2.5,    80,    0,    'hardSwish'),
   row('inverted',  2,      3,     1,    2.3,    80,    0,    'hardSwish')],
  [row('inverted',  2,      3,     1,    6,     112,    0.25, 'hardSwish')],  // P4
  [row('inverted',  3,      5,     2,    6,     160,    0.25, 'hardSwish')],
  [row('plain',     1,      1,     1,    1,     960,    0,    'hardSwish')],  // P5
] as const;

/** The same, table 2. */
// biome-ignore format: a table
const V3_SMALL = [
  //    block     repeats kernel stride expand channels squeeze
  [row('separable', 1,      3,     2,    1,      16,    0.25, 'relu')],       // P2, the stem gives P1
  [row('inverted',  1,      3,     2,    4.5,    24,    0,    'relu'),
   row('inverted',  1,      3,     1,    3.67,   24,    0,    'relu')],       // P3
  [row('inverted',  1,      5,     2,    4,      40,    0.25, 'hardSwish'),
   row('inverted',  2,      5,     1,    6,      40,    0.25, 'hardSwish')],
  [row('inverted',  2,      5,     1,    3,      48,    0.25, 'hardSwish')],  // P4
  [row('inverted',  3,      5,     2,    6,      96,    0.25, 'hardSwish')],
  [row('plain',     1,      1,     1,    1,     576,    0,    'hardSwish')],  // P5
] as const;

const SHARED = { depth: 1, roundLimit: ROUND_LIMIT, inputPixels: 224 } as const;

type Flavour = Pick<InvertedSpec, 'padding' | 'epsilon' | 'preprocessing'>;
const GOOGLE: Flavour = { ...RELEASED, preprocessing: SYMMETRIC };
const PYTORCH: Flavour = { ...RETRAINED, preprocessing: IMAGENET };

/** The last convolution never becomes narrower than at width 1. */
const v2 = (width: number, flavour: Flavour): InvertedSpec => ({
  ...SHARED,
  ...flavour,
  stages: V2,
  width,
  activation: 'relu6',
  stemChannels: toMultipleOf8(32 * width, ROUND_LIMIT),
  headChannels: toMultipleOf8(1280 * Math.max(1, width), ROUND_LIMIT),
  head: 'map',
  squeeze: { of: 'input', multiple: 1, gate: 'sigmoid' },
});

const v3 = (stages: InvertedSpec['stages'], headChannels: number, flavour: Flavour): InvertedSpec => ({
  ...SHARED,
  ...flavour,
  stages,
  width: 1,
  activation: 'hardSwish',
  stemChannels: 16,
  headChannels,
  head: 'mean',
  squeeze: { of: 'hidden', multiple: 8, activation: 'relu', gate: 'hardSigmoid' },
});

/** By timm's names; `tf_`: as Google released it; `keras_`: as in Keras, where timm has no such network. */
export const MOBILENETS = {
  mobilenetv2_035: v2(0.35, PYTORCH),
  mobilenetv2_050: v2(0.5, PYTORCH),
  mobilenetv2_075: v2(0.75, PYTORCH),
  mobilenetv2_100: v2(1, PYTORCH),
  mobilenetv2_140: v2(1.4, PYTORCH),
  keras_mobilenetv2_100: v2(1, GOOGLE),
  mobilenetv3_large_100: v3(V3_LARGE, 1280, PYTORCH),
  mobilenetv3_small_100: v3(V3_SMALL, 1024, PYTORCH),
  tf_mobilenetv3_large_100: v3(V3_LARGE, 1280, GOOGLE),
  tf_mobilenetv3_small_100: v3(V3_SMALL, 1024, GOOGLE),
} as const satisfies { readonly [arch: string]: InvertedSpec };
export type MobileNetArch = keyof typeof MOBILENETS;
