import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { FeatureMaps, FeatureSpec, Level } from '../../backbones/features.js';
import { createChannelMapper } from '../../necks/index.js';
import { runNeckCases } from '../conformance/neck.js';

const features = {
  P3: { channels: 6, stride: 8, tap: 'b' },
  P4: { channels: 8, stride: 16, tap: 'c' },
  P5: { channels: 10, stride: 32, tap: 'd' },
} as FeatureSpec<'P3' | 'P4' | 'P5'>;

for (const [norm, kernel] of [
  ['batch', 3],
  ['none', 1],
] as const) {
  runNeckCases({
    name: `channel-mapper (${norm}, ${kernel}x${kernel})`,
    features: features as FeatureSpec,
    create: (spec, frozen) =>
      createChannelMapper(
        { levels: ['P3', 'P4', 'P5', 'P6', 'P7'] as readonly Level[], channels: 8, norm, kernel, frozen },
        spec,
      ),
  });
}

describe('a channel mapper', () => {
  it('has the parameters that MMDetection names', () => {
    const neck = createChannelMapper({ levels: ['P4', 'P5', 'P6', 'P7'], channels: 8 }, features);
    const shapes = [...neck.parameters].filter(([name]) => name.endsWith('conv.weight'));
    expect(shapes.map(([name, { variable }]) => [name, variable.shape])).toEqual([
      ['convs.0.conv.weight', [3, 3, 8, 8]],
      ['convs.1.conv.weight', [3, 3, 10, 8]],
      ['extra_convs.0.conv.weight', [3, 3, 10, 8]],
      ['extra_convs.1.conv.weight', [3, 3, 8, 8]],
    ]);
    expect(neck.parameters.has('convs.0.bn.running_var')).toBe(true);
    neck.dispose();
  });

  it('lets no level see another', () => {
    const neck = createChannelMapper({ levels: ['P3', 'P4', 'P5'], channels: 4, kernel: 1, norm: 'none' }, features);
    tf.tidy(() => {
      const zero = { P3: tf.zeros([1, 4, 4, 6]), P4: tf.zeros([1, 2, 2, 8]), P5: tf.zeros([1, 1, 1, 10]) };
      const one = { ...zero, P4: tf.ones([1, 2, 2, 8]) };
      const [before, after] = [zero, one].map((maps) =>
        neck.forward(maps as unknown as FeatureMaps<'P3' | 'P4' | 'P5'>, { training: false }),
      );
      const moved = (level: 'P3' | 'P4' | 'P5') => tf.max(tf.abs(tf.sub(before![level], after![level]))).dataSync()[0]!;
      expect([moved('P3'), moved('P5')]).toEqual([0, 0]);
      expect(moved('P4')).toBeGreaterThan(0);
    });
    neck.dispose();
  });

  it('computes a 1x1 convolution, its bias and the activation', () => {
    const neck = createChannelMapper({ levels: ['P3'], channels: 2, kernel: 1, norm: 'none' }, {
      P3: { channels: 2, stride: 8, tap: 'a' },
    } as FeatureSpec<'P3'>);
    neck.parameters.get('convs.0.conv.weight')!.variable.assign(tf.tensor4d([1, -2, 3, 4], [1, 1, 2, 2])); // [in, out]
    neck.parameters.get('convs.0.conv.bias')!.variable.assign(tf.tensor1d([0.5, -9]));
    tf.tidy(() => {
      const { P3 } = neck.forward({ P3: tf.tensor4d([1, 2, 5, 1], [1, 1, 2, 2]) }, { training: false });
      expect([...P3.dataSync()]).toEqual([7.5, 0, 8.5, 0]); // 1 + 6 + .5, -2 + 8 - 9; 5 + 3 + .5, -10 + 4 - 9
    });
    neck.dispose();
  });

  it('refuses levels with a gap, and finer ones than the maps', () => {
    expect(() => createChannelMapper({ levels: ['P3', 'P5'] }, features)).toThrow(
      'a channel mapper cannot join the levels [P3, P5]: give it one or more without a gap, each once',
    );
    expect(() => createChannelMapper({ levels: ['P2', 'P3'] }, features)).toThrow('channel mapper needs P2');
  });
});
