import * as tf from '@tensorflow/tfjs';
import { describe, it } from 'vitest';
import { createEfficientNet, type Module } from '../../backbones/index.js';
import { bifpnConfig, createBiFPN } from '../../necks/index.js';
import { formulaImage } from '../backbones/formula.js';
import { golden } from '../data.js';
import { assignFormula } from '../heads/formulaWeights.js';
import { compareLevel, type RecordedLevel } from '../heads/recordedLevel.js';

describe.each([
  ['tf_efficientnet_b0', 'fast', 'swish', 'heads/tf_efficientdet_d0.json.gz'],
  ['tf_efficientnet_lite0', 'sum', 'relu6', 'heads/tf_efficientdet_lite0.json.gz'],
] as const)('BiFPN on %s, fusion %s', (arch, fusion, activation, file) => {
  it('gives the maps of the reference on all levels', () => {
    const recorded = golden<{ gain: number; cases: readonly [{ bifpn: readonly RecordedLevel[] }] }>(file);
    const backbone = createEfficientNet({ arch, levels: ['P3', 'P4', 'P5'], frozen: 'none', seed: 1 });
    const neck = createBiFPN(bifpnConfig.parse({ kind: 'bifpn', fusion, activation }), backbone.features);
    const parts: readonly (readonly [string, Module])[] = [
      ['backbone.', backbone],
      ['fpn.', neck],
    ];
    for (const [prefix, part] of parts) assignFormula(part, recorded.gain, prefix);
    tf.tidy(() => {
      const images = tf.tensor4d(formulaImage(128, 128), [1, 128, 128, 3]);
      const maps = neck.forward(backbone.forward(images, { training: false }), { training: false });
      (['P3', 'P4', 'P5', 'P6', 'P7'] as const).forEach((level, i) => {
        compareLevel(maps[level].dataSync() as Float32Array, recorded.cases[0].bifpn[i]!);
      });
    });
    neck.dispose();
    backbone.dispose();
  });
});
