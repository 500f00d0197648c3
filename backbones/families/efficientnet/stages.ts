/** The stages of the EfficientNets, before scaling. */
import type { BlockKind, BlockRow, StageRows } from '../_inverted/spec.js';

const stage = (
  block: BlockKind,
  repeats: number,
  kernel: 3 | 5,
  stride: 1 | 2,
  expand: number,
  channels: number,
  squeeze: number,
  more: Pick<BlockRow, 'hasSkip' | 'expandsOutput'> = {},
): StageRows => [{ block, repeats, kernel, stride, expand, channels, squeeze, ...more }];

// biome-ignore format: tables
export const STAGES = {
  /** Tan & Le 2019, arXiv:1905.11946, table 1. */
  v1: [
    //     block     repeats kernel stride expand channels squeeze
    stage('separable', 1,      3,     1,     1,     16,    0.25), // P1
    stage('inverted',  2,      3,     2,     6,     24,    0.25), // P2
    stage('inverted',  2,      5,     2,     6,     40,    0.25), // P3
    stage('inverted',  3,      3,     2,     6,     80,    0.25),
    stage('inverted',  3,      5,     1,     6,    112,    0.25), // P4
    stage('inverted',  4,      5,     2,     6,    192,    0.25),
    stage('inverted',  1,      3,     1,     6,    320,    0.25), // P5
  ],
  /** The same without squeeze-excite; tensorflow/tpu, efficientnet/lite. */
  lite: [
    stage('separable', 1,      3,     1,     1,     16,    0),
    stage('inverted',  2,      3,     2,     6,     24,    0),
    stage('inverted',  2,      5,     2,     6,     40,    0),
    stage('inverted',  3,      3,     2,     6,     80,    0),
    stage('inverted',  3,      5,     1,     6,    112,    0),
    stage('inverted',  4,      5,     2,     6,    192,    0),
    stage('inverted',  1,      3,     1,     6,    320,    0),
  ],
  /** Gupta & Tan 2019, "EfficientNet-EdgeTPU"; tensorflow/tpu, efficientnet/edgetpu. The first stage adds no input. */
  edgetpu: [
    stage('fused',     1,      3,     1,     4,     24,    0, { hasSkip: false, expandsOutput: true }), // P1
    stage('fused',     2,      3,     2,     8,     32,    0), // P2
    stage('fused',     4,      3,     2,     8,     48,    0), // P3
    stage('inverted',  5,      5,     2,     8,     96,    0),
    stage('inverted',  4,      5,     1,     8,    144,    0), // P4
    stage('inverted',  2,      5,     2,     8,    192,    0), // P5
  ],
  /** Tan & Le 2021, arXiv:2104.00298; B0 to B3: google/automl, efficientnetv2. */
  v2base: [
    stage('plain',     1,      3,     1,     1,     16,    0),    // P1
    stage('fused',     2,      3,     2,     4,     32,    0),    // P2
    stage('fused',     2,      3,     2,     4,     48,    0),    // P3
    stage('inverted',  3,      3,     2,     4,     96,    0.25),
    stage('inverted',  5,      3,     1,     6,    112,    0.25), // P4
    stage('inverted',  8,      3,     2,     6,    192,    0.25), // P5
  ],
  /** The same, table 4. */
  v2s: [
    stage('plain',     2,      3,     1,     1,     24,    0),
    stage('fused',     4,      3,     2,     4,     48,    0),
    stage('fused',     4,      3,     2,     4,     64,    0),
    stage('inverted',  6,      3,     2,     4,    128,    0.25),
    stage('inverted',  9,      3,     1,     6,    160,    0.25),
    stage('inverted', 15,      3,     2,     6,    256,    0.25),
  ],
  /** M, L and XL: google/automl, efficientnetv2. */
  v2m: [
    stage('plain',     3,      3,     1,     1,     24,    0),
    stage('fused',     5,      3,     2,     4,     48,    0),
    stage('fused',     5,      3,     2,     4,     80,    0),
    stage('inverted',  7,      3,     2,     4,    160,    0.25),
    stage('inverted', 14,      3,     1,     6,    176,    0.25),
    stage('inverted', 18,      3,     2,     6,    304,    0.25),
    stage('inverted',  5,      3,     1,     6,    512,    0.25),
  ],
  v2l: [
    stage('plain',     4,      3,     1,     1,     32,    0),
    stage('fused',     7,      3,     2,     4,     64,    0),
    stage('fused',     7,      3,     2,     4,     96,    0),
    stage('inverted', 10,      3,     2,     4,    192,    0.25),
    stage('inverted', 19,      3,     1,     6,    224,    0.25),
    stage('inverted', 25,      3,     2,     6,    384,    0.25),
    stage('inverted',  7,      3,     1,     6,    640,    0.25),
  ],
  v2xl: [
    stage('plain',     4,      3,     1,     1,     32,    0),
    stage('fused',     8,      3,     2,     4,     64,    0),
    stage('fused',     8,      3,     2,     4,     96,    0),
    stage('inverted', 16,      3,     2,     4,    192,    0.25),
    stage('inverted', 24,      3,     1,     6,    256,    0.25),
    stage('inverted', 32,      3,     2,     6,    512,    0.25),
    stage('inverted',  8,      3,     1,     6,    640,    0.25),
  ],
  /** timm: as published before the release. */
  v2rw: [
    stage('fused',     2,      3,     1,     1,     24,    0),
    stage('fused',     4,      3,     2,     4,     48,    0),
    stage('fused',     4,      3,     2,     4,     64,    0),
    stage('inverted',  6,      3,     2,     4,    128,    0.25),
    stage('inverted',  9,      3,     1,     6,    160,    0.25),
    stage('inverted', 15,      3,     2,     6,    272,    0.25),
  ],
} as const satisfies { readonly [generation: string]: readonly StageRows[] };
