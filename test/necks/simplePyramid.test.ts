import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { FeatureSpec, Level } from '../../backbones/features.js';
import { createBackbone, levelsOf, mapSize } from '../../backbones/index.js';
import { createNeck, createSimplePyramid, simplePyramidConfig } from '../../necks/index.js';
import { runNeckCases } from '../conformance/neck.js';

const features = { P4: { channels: 8, stride: 16, tap: 'blocks.11' } } as FeatureSpec;
const plain = { channels: 6, levels: ['P2', 'P3', 'P4', 'P5', 'P6'] as readonly Level[] };

runNeckCases({
  name: 'a simple pyramid of P2 to P6',
  features,
  create: (spec, frozen) => createSimplePyramid({ ...plain, frozen }, spec),
});

describe('a simple pyramid', () => {
  it('doubles by one dense layer for each of the four cells, rows before columns', () => {
    const neck = createSimplePyramid({ levels: ['P3'], channels: 4 }, {
      P4: { channels: 2, stride: 16, tap: 'blocks.0' },
    } as FeatureSpec);
    const set = (name: string, values: readonly number[]): void => {
      const variable = neck.parameters.get(name)?.variable as tf.Variable;
      variable.assign(tf.tensor([...values], variable.shape));
    };
    set('P3.up.0.weight', [1, 10, 100, 1000, 0, 0, 0, 0]); // [in, cells]: the second channel counts nothing
    set('P3.project.conv1.weight', [1, -1, 0, 0]);
    const centre = Array.from({ length: 9 }, (_, tap) => (tap === 4 ? 1 : 0));
    const identity = centre.flatMap((on) => [0, 1, 2, 3].flatMap((i) => [0, 1, 2, 3].map((j) => (i === j ? on : 0))));
    set('P3.project.conv2.weight', identity);
    tf.tidy(() => {
      const map = tf.tensor4d([1, 7, -1, 7], [1, 1, 2, 2]);
      const { P3 } = neck.forward({ P4: map } as never, { training: false });
      expect(P3.shape).toEqual([1, 2, 4, 4]);
      // Layer norms leave the sign: the left cell's four are positive, the right one's negative, in both rows.
      const signs = [...tf.sign(tf.slice(P3, [0, 0, 0, 0], [1, 2, 4, 1])).dataSync()];
      expect(signs).toEqual([1, 1, -1, -1, 1, 1, -1, -1]);
    });
    neck.dispose();
  });

  it('gives a vision transformer the levels detectors use', () => {
    const backbone = createBackbone({ arch: 'vit_tiny_patch16_224', frozen: 'all', seed: 1 });
    const neck = createNeck(simplePyramidConfig.parse({ kind: 'simple-pyramid', channels: 16 }), backbone.features);
    tf.tidy(() => {
      const maps = backbone.forward(tf.zeros([1, 40, 33, 3]), { training: false });
      const pyramid = neck.forward(maps as never, { training: false });
      expect(levelsOf(neck.features)).toEqual(['P2', 'P3', 'P4', 'P5']);
      expect(levelsOf(neck.features).map((level) => neck.features[level].stride)).toEqual([4, 8, 16, 32]);
      for (const level of levelsOf(neck.features)) {
        expect(pyramid[level].shape, level).toEqual([1, ...mapSize(neck.features[level], 40, 33), 16]);
      }
    });
    neck.dispose();
    backbone.dispose();
  });

  it('names the map, its width and the remedy when it cannot be halved so often', () => {
    const odd = { P4: { channels: 6, stride: 16, tap: 'a' } } as FeatureSpec;
    expect(() => createSimplePyramid({ levels: ['P2'] }, odd)).toThrow(
      'P4 has 6 channels, which cannot be halved 2 times for P2: leave out fine levels',
    );
    expect(() => createSimplePyramid({ levels: ['P2'] }, {} as FeatureSpec)).toThrow(/it gives none/);
  });
});
