/** MNASNet-B1 as data: Tan et al. 2018, arXiv:1807.11626; rows: tensorflow/tpu, mnasnet, and torchvision. */
import { IMAGENET } from '../../backbone.js';
import {
  type BlockKind,
  type InvertedSpec,
  RETRAINED,
  ROUND_LIMIT,
  type StageRows,
  toMultipleOf8,
} from '../_inverted/spec.js';

const stage = (
  block: BlockKind,
  repeats: number,
  kernel: 3 | 5,
  stride: 1 | 2,
  expand: number,
  channels: number,
): StageRows => [{ block, repeats, kernel, stride, expand, channels, squeeze: 0 }];

// biome-ignore format: a table
const STAGES = [
  //     block     repeats kernel stride expand channels
  stage('separable', 1,      3,     1,     1,     16), // P1
  stage('inverted',  3,      3,     2,     3,     24), // P2
  stage('inverted',  3,      5,     2,     3,     40), // P3
  stage('inverted',  3,      5,     2,     6,     80),
  stage('inverted',  2,      3,     1,     6,     96), // P4
  stage('inverted',  4,      5,     2,     6,    192),
  stage('inverted',  1,      3,     1,     6,    320), // P5
] as const;

const scaled = (width: number): InvertedSpec => ({
  ...RETRAINED,
  stages: STAGES,
  width,
  depth: 1,
  roundLimit: ROUND_LIMIT,
  stemChannels: toMultipleOf8(32 * width, ROUND_LIMIT),
  headChannels: 1280,
  head: 'map',
  activation: 'relu',
  preprocessing: IMAGENET,
  inputPixels: 224,
  squeeze: { of: 'input', multiple: 1, gate: 'sigmoid' },
});

/** By timm's names; torchvision calls the third mnasnet1_0. */
export const MNASNETS = {
  mnasnet_050: scaled(0.5),
  mnasnet_075: scaled(0.75),
  mnasnet_100: scaled(1),
  mnasnet_140: scaled(1.4),
} as const satisfies { readonly [arch: string]: InvertedSpec };
export type MnasNetArch = keyof typeof MNASNETS;
