import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { FeatureMaps, FeatureSpec, Level } from '../../backbones/features.js';
import { createFPN, createPAN } from '../../necks/index.js';
import { runNeckCases } from '../conformance/neck.js';
import { golden } from '../data.js';
import { assignFormula } from '../heads/formulaWeights.js';
import { compareLevel, type RecordedLevel } from '../heads/recordedLevel.js';
import { symmetric, toChannelsLast } from '../heads/symmetric.js';

const features = {
  P2: { channels: 4, stride: 4, tap: 'a' },
  P3: { channels: 6, stride: 8, tap: 'b' },
  P4: { channels: 8, stride: 16, tap: 'c' },
  P5: { channels: 10, stride: 32, tap: 'd' },
} as FeatureSpec;
const LEVELS = ['P3', 'P4', 'P5', 'P6', 'P7'] as const;

for (const norm of ['none', 'batch'] as const) {
  runNeckCases({
    name: `fpn (norm: ${norm})`,
    features,
    create: (spec, frozen) => createFPN({ levels: LEVELS as readonly Level[], channels: 8, norm, frozen }, spec),
  });
  runNeckCases({
    name: `pan (norm: ${norm})`,
    features,
    create: (spec, frozen) => createPAN({ levels: LEVELS as readonly Level[], channels: 8, norm, frozen }, spec),
  });
}

describe('FPN', () => {
  it('gives the maps of torchvision on all levels, by its parameter names', () => {
    const recorded = golden<{ gain: number; parameters: readonly string[]; fpn: readonly RecordedLevel[] }>(
      'necks/torchvision_fpn.json.gz',
    );
    const spec = {
      P3: { channels: 512, stride: 8, tap: 'layer2' },
      P4: { channels: 1024, stride: 16, tap: 'layer3' },
      P5: { channels: 2048, stride: 32, tap: 'layer4' },
    };
    const neck = createFPN({ levels: LEVELS }, spec);
    const prefix = 'backbone.fpn.';
    expect([...neck.parameters.keys()].map((name) => prefix + name).sort()).toEqual(
      recorded.parameters.map((line) => line.slice(0, line.indexOf('|'))).sort(),
    );
    assignFormula(neck, recorded.gain, prefix);
    tf.tidy(() => {
      const maps = ([512, 1024, 2048] as const).map((channels, i) => {
        const [height, width] = [16 >> i, 24 >> i];
        const values = symmetric(`tvfeat_${i}`, channels * height * width);
        return tf.tensor4d(toChannelsLast(values, channels, height * width), [1, height, width, channels]);
      });
      const input = { P3: maps[0], P4: maps[1], P5: maps[2] } as FeatureMaps<'P3' | 'P4' | 'P5'>;
      const given = neck.forward(input, { training: false });
      for (const [i, level] of LEVELS.entries()) {
        compareLevel(given[level].dataSync() as Float32Array, { ...recorded.fpn[i]!, f32_maxabs: 0 });
      }
    });
    neck.dispose();
  });

  it('names the level, both widths and the remedy when a map does not fit', () => {
    const neck = createFPN({ levels: ['P3', 'P4'], channels: 8 }, features);
    tf.tidy(() => {
      const maps = { P3: tf.zeros([1, 8, 8, 40]), P4: tf.zeros([1, 4, 4, 8]) } as FeatureMaps<'P3' | 'P4'>;
      expect(() => neck.forward(maps, { training: false })).toThrow(
        'P3 has 40 channels, FPN expects 6: build the neck from backbone.features',
      );
    });
    neck.dispose();
  });

  it('refuses levels finer than the maps it is given', () => {
    expect(() => createFPN({ levels: ['P1', 'P2', 'P3'] }, features)).toThrow(
      'FPN needs P1, the backbone gives P2, P3, P4, P5',
    );
  });
});

describe('PAN', () => {
  it('is the sum of both paths where every convolution is the identity', () => {
    const neck = createPAN(
      { levels: ['P3', 'P4'], channels: 1 },
      {
        P3: { channels: 1, stride: 8, tap: 'a' },
        P4: { channels: 1, stride: 16, tap: 'b' },
      },
    );
    for (const [name, { variable }] of neck.parameters) {
      if (name.endsWith('bias')) continue;
      const [height = 1] = variable.shape;
      const values = Float32Array.from({ length: variable.size }, (_, i) => (i === (height * height - 1) / 2 ? 1 : 0));
      variable.assign(tf.tensor(values, variable.shape)); // the middle of the window
    }
    tf.tidy(() => {
      const P3 = tf.tensor4d([1, 2, 3, 4], [1, 2, 2, 1]);
      const P4 = tf.tensor4d([10], [1, 1, 1, 1]);
      const maps = neck.forward({ P3, P4 }, { training: false });
      expect([...maps.P3.dataSync()]).toEqual([11, 12, 13, 14]);
      expect([...maps.P4.dataSync()]).toEqual([10 + 11]); // stride 2 reads the first cell
    });
    neck.dispose();
  });
});
