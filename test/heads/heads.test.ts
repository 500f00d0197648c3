import * as tf from '@tensorflow/tfjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FeatureSpec } from '../../backbones/features.js';
import { ready } from '../../engine/engine.js';
import {
  createRetinaEncoder,
  createRetinaHead,
  createSemanticEncoder,
  createSemanticHead,
  encoderConfigOf,
  HEADS,
  headConfig,
  retinaConfig,
} from '../../heads/index.js';
import { runHeadCases } from '../conformance/head.js';

const features = {
  P3: { channels: 8, stride: 8, tap: 'a' },
  P4: { channels: 8, stride: 16, tap: 'b' },
  P5: { channels: 8, stride: 32, tap: 'c' },
} as FeatureSpec;

/** Classes, [height, width] of the input in pixels, and images of a batch: what data sets have, and the ends of it. */
interface Sizes {
  readonly classes: number;
  readonly inputSize: readonly [height: number, width: number];
  readonly images: number;
}
const SIZES: readonly Sizes[] = [
  ...([1, 2, 91, 300] as const).map((classes) => ({ classes, inputSize: [64, 90] as const, images: 2 })),
  { classes: 1, inputSize: [1, 1] as const, images: 1 },
  { classes: 1, inputSize: [4096, 64] as const, images: 1 },
];

for (const size of SIZES) runCases(size);

/** The engine that needs nothing runs beside the portable one. */
describe.runIf(tf.getBackend() === 'wasm')('on the cpu engine', () => {
  beforeAll(() => ready({ engine: 'cpu' }));
  afterAll(() => ready({ engine: 'wasm' }));
  for (const classes of [1, 2]) runCases({ classes, inputSize: [32, 32], images: 2 });
});

function runCases({ classes, inputSize, images }: Sizes): void {
  const [height, width] = inputSize;
  const about = `${classes} classes, ${images} x ${height} x ${width}`;
  const config = retinaConfig.parse({ kind: 'retina', repeats: 2 });
  runHeadCases({
    name: `detection of ${about}`,
    features,
    inputSize,
    encoder: createRetinaEncoder(encoderConfigOf(config, features, inputSize)),
    truths: [
      {
        kind: 'boxes' as const,
        boxes: Float64Array.from(
          [0.05, 0.05, 0.5, 0.5, 0.55, 0.1, 0.9, 0.9],
          (share, i) => share * (i % 2 ? height : width),
        ),
        labels: Int32Array.from([0, classes - 1]),
        ignored: Uint8Array.from([0, 1]),
        areas: Float64Array.from([1296, 1500]),
      },
      {
        kind: 'boxes' as const,
        boxes: new Float64Array(0),
        labels: new Int32Array(0),
        ignored: new Uint8Array(0),
        areas: new Float64Array(0),
      },
    ].slice(0, images),
    create: (frozen) => createRetinaHead({ repeats: 2, classes, inputSize, frozen }, features),
  });
  const classMaps = Math.min(255, Math.max(2, classes)); // beside one class there is a background, and a class map is bytes
  runHeadCases({
    name: `semantic of ${about}`,
    features,
    inputSize,
    encoder: createSemanticEncoder({ inputSize }),
    truths: [
      { kind: 'classMap' as const, mask: new Uint8Array(height * width).map((_, i) => i % classMaps), width, height },
      { kind: 'classMap' as const, mask: new Uint8Array(height * width).fill(255), width, height },
    ].slice(0, images),
    create: (frozen) => createSemanticHead({ channels: 8, classes: classMaps, inputSize, frozen }, features),
  });
}

it('every head of the table has a config, and every config a head', () => {
  expect(headConfig.options.map((option) => option.shape.kind.value).sort()).toEqual(Object.keys(HEADS).sort());
});
