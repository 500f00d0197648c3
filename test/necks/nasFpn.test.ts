import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { FeatureMaps, FeatureSpec, Level } from '../../backbones/features.js';
import { countParameters } from '../../backbones/parameters.js';
import { createNasFPN } from '../../necks/index.js';
import { runNeckCases } from '../conformance/neck.js';

const features = {
  P2: { channels: 4, stride: 4, tap: 'a' },
  P3: { channels: 6, stride: 8, tap: 'b' },
  P4: { channels: 8, stride: 16, tap: 'c' },
  P5: { channels: 10, stride: 32, tap: 'd' },
} as FeatureSpec;
const LEVELS = ['P3', 'P4', 'P5', 'P6', 'P7'] as const;

for (const convolution of ['full', 'separable'] as const) {
  runNeckCases({
    name: `nas-fpn (${convolution})`,
    features,
    create: (spec, frozen) =>
      createNasFPN({ levels: LEVELS as readonly Level[], channels: 8, repeats: 2, convolution, frozen }, spec),
  });
}

/** The cell on numbers, one cell per level, so that nothing is resampled: out of the paper's figure, not of the graph. */
function cellOf([p3, p4, p5, p6, p7]: readonly [number, number, number, number, number]) {
  const keep = Math.fround(1 / Math.sqrt(1 + 1e-3)); // what batch norm makes of 1 when it has seen nothing
  const layer = (value: number): number => keep * Math.max(0, value);
  const attention = (coarse: number, fine: number): number => coarse + fine / (1 + Math.exp(-coarse));
  const first = layer(attention(p6, p4));
  const second = layer(p4 + first);
  const out3 = layer(p3 + second);
  const out4 = layer(second + out3);
  const out5 = layer(attention(out4, out3) + p5);
  const out7 = layer(attention(out5, second) + p7);
  const out6 = layer(attention(out7, out5));
  return [out3, out4, out5, out6, out7] as const;
}

describe('NAS-FPN', () => {
  it('is the cell of the paper, repeated, where every convolution is the identity', () => {
    const spec = Object.fromEntries(LEVELS.map((level, i) => [level, { channels: 1, stride: 8 << i, tap: level }]));
    const neck = createNasFPN({ levels: LEVELS, channels: 1, repeats: 2 }, spec as FeatureSpec);
    for (const [name, { variable }] of neck.parameters) {
      if (name.endsWith('conv.weight')) variable.assign(tf.tensor4d([0, 0, 0, 0, 1, 0, 0, 0, 0], [3, 3, 1, 1]));
    }
    tf.tidy(() => {
      const values = [0.3, -1.1, 0.7, -0.4, 1.9] as const;
      const maps = Object.fromEntries(LEVELS.map((level, i) => [level, tf.fill([1, 1, 1, 1], values[i]!)]));
      const given = neck.forward(maps as FeatureMaps<Level>, { training: false });
      const expected = cellOf(cellOf(values));
      for (const [i, level] of LEVELS.entries()) expect(given[level].dataSync()[0], level).toBeCloseTo(expected[i]!, 5);
    });
    neck.dispose();
  });

  it('has seven nodes per cell, and projects only maps of another width', () => {
    const neck = createNasFPN({ levels: LEVELS, channels: 8, repeats: 3 }, features);
    const names = [...neck.parameters.keys()];
    expect(names.filter((name) => name.startsWith('inputs.') && name.endsWith('.weight'))).toEqual([
      'inputs.0.conv.conv.weight',
      'inputs.0.conv.bn.weight',
      'inputs.2.conv.conv.weight',
      'inputs.2.conv.bn.weight',
    ]);
    const node = 9 * 8 * 8 + 8 + 2 * 8;
    expect(countParameters(neck)).toBe(3 * 7 * node + (6 * 8 + 8 + 16) + (10 * 8 + 8 + 16));
    neck.dispose();
  });

  it('takes the largest of windows side by side where a level is pooled', () => {
    const spec = Object.fromEntries(
      ['P3', 'P4'].map((level, i) => [level, { channels: 1, stride: 8 << i, tap: level }]),
    );
    const neck = createNasFPN({ levels: LEVELS, channels: 1, repeats: 1 }, spec as FeatureSpec);
    expect(LEVELS.map((level) => neck.features[level].stride)).toEqual([8, 16, 32, 64, 128]);
    neck.dispose();
  });

  it('names its levels where they are not five in a row, or finer than the maps', () => {
    expect(() => createNasFPN({ levels: ['P3', 'P4'] }, features)).toThrow(
      'a NAS-FPN cannot join the levels [P3, P4]: give it five without a gap, each once',
    );
    expect(() => createNasFPN({ levels: ['P1', 'P2', 'P3', 'P4', 'P5'] }, features)).toThrow(
      'NAS-FPN needs P1, the backbone gives P2, P3, P4, P5',
    );
  });
});
