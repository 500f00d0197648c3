import { expect, it } from 'vitest';
import type { FeatureSpec } from '../../backbones/features.js';
import {
  createDetectionEncoder,
  createDetectionHead,
  createSemanticEncoder,
  createSemanticHead,
  detectionConfig,
  encoderConfigOf,
  HEADS,
  headConfig,
  semanticConfig,
} from '../../heads/index.js';
import { runHeadCases } from '../conformance/head.js';

const features = {
  P3: { channels: 8, stride: 8, tap: 'a' },
  P4: { channels: 8, stride: 16, tap: 'b' },
  P5: { channels: 8, stride: 32, tap: 'c' },
} as FeatureSpec;
const inputSize = [64, 90] as const;

const detection = detectionConfig.parse({ kind: 'detection', classes: 3, inputSize, repeats: 2 });
runHeadCases({
  name: 'detection',
  features,
  inputSize,
  encoder: createDetectionEncoder(encoderConfigOf(detection, features)),
  truths: [
    {
      kind: 'detection' as const,
      boxes: Float64Array.from([4, 4, 40, 40, 50, 10, 80, 60]),
      labels: Int32Array.from([0, 2]),
      ignored: Uint8Array.from([0, 1]),
      areas: Float64Array.from([1296, 1500]),
    },
    {
      kind: 'detection' as const,
      boxes: new Float64Array(0),
      labels: new Int32Array(0),
      ignored: new Uint8Array(0),
      areas: new Float64Array(0),
    },
  ],
  create: (frozen) => createDetectionHead({ ...detection, frozen }, features),
});

const semantic = semanticConfig.parse({ kind: 'semantic', classes: 3, inputSize, channels: 8 });
const [height, width] = inputSize;
runHeadCases({
  name: 'semantic',
  features,
  inputSize,
  encoder: createSemanticEncoder({ inputSize }),
  truths: [
    { kind: 'semantic' as const, mask: new Uint8Array(height * width).map((_, i) => i % 3), width, height },
    { kind: 'semantic' as const, mask: new Uint8Array(height * width).fill(255), width, height },
  ],
  create: (frozen) => createSemanticHead({ ...semantic, frozen }, features),
});

it('every head of the table has a config, and every config a head', () => {
  expect(headConfig.options.map((option) => option.shape.kind.value).sort()).toEqual(Object.keys(HEADS).sort());
});
