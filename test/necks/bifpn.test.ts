import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import type { FeatureSpec, Level } from '../../backbones/features.js';
import { countParameters, createParameters } from '../../backbones/parameters.js';
import { createBiFPN } from '../../necks/bifpn.js';
import { FUSIONS } from '../../necks/fusion.js';
import { bifpnConfig } from '../../necks/index.js';
import { resampleTo } from '../../necks/resample.js';
import { randomMaps, runNeckCases } from '../conformance/neck.js';

const features = {
  P2: { channels: 4, stride: 4, tap: 'a' },
  P3: { channels: 6, stride: 8, tap: 'b' },
  P4: { channels: 8, stride: 16, tap: 'c' },
  P5: { channels: 10, stride: 32, tap: 'd' },
} as FeatureSpec;
const base = bifpnConfig.parse({ kind: 'bifpn', channels: 8, repeats: 2 });

for (const fusion of ['fast', 'sum'] as const) {
  runNeckCases({
    name: `bifpn (${fusion})`,
    features,
    create: (spec, frozen) => createBiFPN({ ...base, fusion, frozen }, spec),
  });
}
runNeckCases({
  name: 'bifpn of P2 to P4',
  features,
  create: (spec, frozen) =>
    createBiFPN({ ...base, levels: ['P2', 'P3', 'P4'] as readonly Level[], activation: 'relu6', frozen }, spec),
});

describe('BiFPN', () => {
  it('projects only maps of another width, and only in the first cell', () => {
    const neck = createBiFPN(base, features);
    const projected = [...neck.parameters.keys()].filter((name) => name.endsWith('conv.conv.weight'));
    expect(projected).toEqual([
      'resample.3.conv.conv.weight',
      'cell.0.fnode.1.combine.resample.2.conv.conv.weight',
      'cell.0.fnode.3.combine.resample.0.conv.conv.weight',
      'cell.0.fnode.5.combine.resample.2.conv.conv.weight',
    ]);
    neck.dispose();
  });

  it('has edge weights when it learns the fusion, and none when it sums', () => {
    const counts = (['fast', 'sum'] as const).map((fusion) => {
      const neck = createBiFPN({ ...base, fusion }, features);
      const count = countParameters(neck);
      neck.dispose();
      return count;
    });
    expect(counts[0]! - counts[1]!).toBe(2 * (5 * 2 + 3 * 3));
  });

  it('names the level, both widths and the remedy when a map does not fit', () => {
    const neck = createBiFPN({ ...base, levels: ['P3', 'P4'] }, features);
    tf.tidy(() => {
      const maps = { ...randomMaps(features, 1, [64, 64]), P3: tf.zeros<tf.Rank.R4>([1, 8, 8, 40]) };
      expect(() => neck.forward(maps, { training: false })).toThrow(
        'P3 has 40 channels, BiFPN expects 6: build the neck from backbone.features',
      );
    });
    neck.dispose();
  });

  it('refuses levels that pooling cannot make', () => {
    expect(() => createBiFPN({ ...base, levels: ['P1', 'P2', 'P3'] }, features)).toThrow(
      'BiFPN needs P1, the backbone gives P2, P3, P4, P5: only levels deeper than those can be made by pooling; a simple-pyramid makes finer ones',
    );
    expect(() => createBiFPN({ ...base, levels: ['P6', 'P7'] }, features)).toThrow('BiFPN needs P6');
  });
});

describe('fast normalised fusion', () => {
  it('weighs by relu(w) over the sum, and ignores an input of negative weight', () => {
    const owner = createParameters(1);
    const fuse = FUSIONS.fast(owner, 'edge', 3, false);
    owner.parameters.get('edge.edge_weights')!.variable.assign(tf.tensor1d([3, 1, -5]));
    tf.tidy(() => {
      const maps = [8, 4, 1000].map((value) => tf.fill([1, 1, 1, 1], value) as tf.Tensor4D);
      expect(fuse(maps).dataSync()[0]).toBeCloseTo((3 * 8 + 4) / (4 + 1e-4), 5);
    });
    owner.dispose();
  });
});

describe('resampling', () => {
  it('repeats cells upwards and takes the largest of 3 x 3 downwards', () => {
    tf.tidy(() => {
      const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
      // SAME padding of 3 -> 2: one cell on each side
      expect([...resampleTo(x, 2, 2).dataSync()]).toEqual([5, 6, 8, 9]);
      // 3 -> 5 reads floor(i * 3 / 5)
      expect([...resampleTo(x, 3, 5).dataSync()]).toEqual([1, 1, 2, 2, 3, 4, 4, 5, 5, 6, 7, 7, 8, 8, 9]);
    });
  });
});
