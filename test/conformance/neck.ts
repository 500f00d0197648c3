import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { type FeatureMaps, type FeatureSpec, type Level, levelsOf, mapSize } from '../../backbones/features.js';
import { createRandom } from '../../engine/random.js';
import type { Neck } from '../../necks/neck.js';

export interface NeckCases {
  readonly name: string;
  /** What the neck is built on. */
  readonly features: FeatureSpec;
  create(features: FeatureSpec, frozen: boolean): Neck;
}

/** Random maps of the grids that an input of `pixels` gives. */
export function randomMaps(spec: Partial<FeatureSpec>, batch: number, pixels: readonly [number, number]): FeatureMaps {
  const random = createRandom([3, batch, ...pixels]);
  const maps = levelsOf(spec as FeatureSpec).map((level: Level) => {
    const { channels, stride } = spec[level]!;
    const shape: [number, number, number, number] = [
      batch,
      Math.ceil(pixels[0] / stride),
      Math.ceil(pixels[1] / stride),
      channels,
    ];
    const count = shape.reduce((product, size) => product * size, 1);
    return [
      level,
      tf.tensor4d(
        Float32Array.from({ length: count }, () => random.normal()),
        shape,
      ),
    ] as const;
  });
  return Object.fromEntries(maps) as FeatureMaps;
}

/** What every neck promises. */
export function runNeckCases({ name, features, create }: NeckCases): void {
  describe(`${name} as a neck`, () => {
    const withNeck = (frozen: boolean, use: (neck: Neck) => void): void => {
      const neck = create(features, frozen);
      try {
        tf.tidy(() => use(neck));
      } finally {
        neck.dispose();
      }
    };
    const shapes = (maps: FeatureMaps) =>
      Object.fromEntries(Object.entries(maps).map(([level, map]) => [level, map.shape]));

    it.each([
      [64, 64],
      [128, 96],
      [97, 131],
      [1, 1],
      [4096, 64],
    ] as const)('gives the maps it declares for an input of %i x %i', (...pixels) => {
      withNeck(false, (neck) => {
        const expected = levelsOf(neck.features).map((level) => {
          const info = neck.features[level];
          return [level, [2, ...mapSize(info, pixels[0], pixels[1]), info.channels]];
        });
        const maps = randomMaps(neck.inputs, 2, pixels);
        for (const training of [false, true]) {
          expect(shapes(neck.forward(maps, { training }))).toEqual(Object.fromEntries(expected));
        }
      });
    });

    it('treats an image of a batch as it does the image alone', () => {
      withNeck(false, (neck) => {
        const maps = randomMaps(neck.inputs, 3, [64, 64]);
        const second = Object.fromEntries(
          Object.entries(maps).map(([level, map]) => [level, tf.slice(map, [1, 0, 0, 0], [1, -1, -1, -1])]),
        ) as FeatureMaps;
        const together = neck.forward(maps, { training: false });
        const alone = neck.forward(second, { training: false });
        for (const level of levelsOf(neck.features)) {
          const gap = tf.max(tf.abs(tf.sub(tf.slice(together[level], [1, 0, 0, 0], [1, -1, -1, -1]), alone[level])));
          expect(gap.dataSync()[0]).toBeLessThan(1e-4); // float32 sums in another order
        }
      });
    });

    it('has a finite gradient for every trainable parameter, and none moves when frozen', () => {
      for (const frozen of [false, true]) {
        withNeck(frozen, (neck) => {
          const maps = randomMaps(neck.inputs, 2, [64, 64]);
          const trainable = [...neck.parameters.values()]
            .map((p) => p.variable)
            .filter((variable) => variable.trainable);
          const before = [...neck.parameters.values()].map((p) => p.variable.dataSync());
          const cost = () =>
            tf.addN(
              Object.values(neck.forward(maps, { training: true })).map((map) => tf.mean(tf.square(tf.add(map, 0.3)))),
            ) as tf.Scalar;
          if (frozen) {
            expect(trainable).toEqual([]);
            cost();
            expect([...neck.parameters.values()].map((p) => p.variable.dataSync())).toEqual(before);
            return;
          }
          const { grads } = tf.variableGrads(cost, trainable);
          expect(Object.keys(grads)).toHaveLength(trainable.length);
          const sizes = Object.values(grads).map((gradient) => tf.sum(tf.abs(gradient)).dataSync()[0]!);
          expect(sizes.every(Number.isFinite)).toBe(true);
          expect(sizes.filter((size) => size > 0).length).toBeGreaterThan(sizes.length / 2);
        });
      }
    });

    it('leaves no tensor behind', () => {
      const before = tf.memory().numTensors;
      const neck = create(features, false);
      const maps = randomMaps(neck.inputs, 1, [64, 64]);
      tf.dispose(neck.forward(maps, { training: true }));
      tf.dispose(maps);
      neck.dispose();
      expect(tf.memory().numTensors).toBe(before);
    });
  });
}
