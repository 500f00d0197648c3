import * as tf from '@tensorflow/tfjs';
import { describe, expect, it } from 'vitest';
import { isBelow } from '../../backbones/frozen.js';
import {
  architectureOf,
  type Backbone,
  type BackboneArch,
  type BackboneOptions,
  countNetwork,
  createBackbone,
  createClassifier,
  featuresOf,
  type LevelsOf,
  levelsOf,
  mapSize,
  type OutputStride,
  type Pass,
} from '../../backbones/index.js';
import { ConfigError } from '../../engine/errors.js';
import { createRandom } from '../../engine/random.js';
import { placeholder, withoutValues } from '../../engine/shapes/shapes.js';

/** What every architecture of every family must do; those of `describe` cost no values, so that all run. */
const CASES = {
  'gives maps of the size and channels it declares at odd and non-square sizes, at every output stride': declaredSizes,
  'puts every parameter below one stage, or into the top': parametersOfStages,
  'takes images of 1 and of 5 channels': channelNumbers,
  'freezes up to a level, or below any path': freezes,
  'replaces its classifier alone': replacesClassifier,
} as const satisfies { readonly [title: string]: (arch: BackboneArch, isSwept: boolean) => void };

/** The cases that compute: for networks that are small enough. */
const COMPUTED = {
  'drops branches at random while training, the same with the same seed': dropsBranches,
  'gives finite gradients at an output stride of 8': dilatedGradients,
} as const satisfies { readonly [title: string]: (arch: BackboneArch) => void };

/** Those that compute with the classifier. */
const CLASSIFIED = {
  'gives logits, pooled features, and other logits in training with dropout': classifies,
} as const satisfies { readonly [title: string]: (arch: BackboneArch) => void };

/** @param computed which of the cases that compute values run too, and whether shapes are asked for at all sizes */
export function runArchitectureCases(
  arch: BackboneArch,
  computed: { readonly swept: boolean; readonly trunk: boolean; readonly classifier: boolean },
): void {
  describe(`${arch} as an architecture`, () => {
    for (const [title, run] of Object.entries(CASES)) it(title, () => run(arch, computed.swept));
    if (!computed.trunk) return;
    for (const [title, run] of Object.entries(COMPUTED)) it(title, () => run(arch));
    for (const [title, run] of Object.entries(CLASSIFIED)) {
      if (computed.classifier) it(title, () => run(arch));
      else it.skip(`${title} (its dense layers are too large for this run)`, () => {});
    }
  });
}

const PLAIN = { frozen: 'none', seed: 1 } as const;
const INFERENCE: Pass = { training: false };
// biome-ignore format: a list
const SIZES = [
  [224, 224], [64, 64], [96, 160], [97, 129], [75, 106], [65, 97], [33, 40], [299, 301], [128, 96], [331, 160], [1, 1], [4096, 64],
] as const;

/** At this one, of a network without dilations, all sizes are asked for. */
const LAST_STRIDE = 32;
/** Of them, at other strides and for networks that differ from a swept one of their family in width and depth alone. */
const ODD = [
  [97, 129],
  [224, 224],
  [1, 1],
  [4096, 64],
] as const;

/** Sizes of images an architecture can take: every map has at least one cell. */
export function possibleSizes(
  arch: BackboneArch,
  sizes: readonly (readonly [number, number])[] = SIZES,
): readonly (readonly [number, number])[] {
  const { inputPixels, isFixed, stages } = architectureOf(arch);
  if (isFixed) return [[inputPixels, inputPixels]];
  const features = featuresOf(stages);
  return sizes.filter(([height, width]) =>
    levelsOf(features).every((level) => mapSize(features[level], height, width).every((cells) => cells >= 1)),
  );
}

function strides(arch: BackboneArch): readonly OutputStride[] {
  return ([8, 16, 32] as const).filter((outputStride) => {
    try {
      return architectureOf(arch, { outputStride }) !== undefined;
    } catch (error) {
      expect(error).toBeInstanceOf(ConfigError);
      return false;
    }
  });
}

/** Builds without values, and runs `use`. */
function built<T>(
  options: BackboneOptions<BackboneArch, LevelsOf<BackboneArch>>,
  use: (backbone: Backbone<LevelsOf<BackboneArch>>) => T,
): T {
  return withoutValues(() => {
    const backbone = createBackbone(options);
    try {
      return tf.tidy(() => use(backbone) as tf.TensorContainer) as T;
    } finally {
      backbone.dispose();
    }
  }).result;
}

function declaredSizes(arch: BackboneArch, isSwept = true): void {
  const all = possibleSizes(arch, isSwept ? SIZES : ODD);
  expect(all.length).toBeGreaterThan(0);
  const names = levelsOf(featuresOf(architectureOf(arch).stages));
  for (const outputStride of strides(arch)) {
    built({ arch, ...PLAIN, outputStride }, (backbone) => {
      const levels = levelsOf(backbone.features);
      expect(levels).toEqual(names);
      for (const size of outputStride === LAST_STRIDE ? all : possibleSizes(arch, isSwept ? ODD : [[97, 129]])) {
        const maps = backbone.forward(placeholder<tf.Rank.R4>([2, ...size, 3]), INFERENCE);
        expect(Object.keys(maps)).toEqual(levels);
        for (const level of levels) {
          const { channels, stride, sizeOf } = backbone.features[level];
          expect(stride).toBeLessThanOrEqual(outputStride);
          expect(maps[level].shape, `${level} of ${size}`).toEqual([2, ...sizeOf(...size), channels]);
        }
      }
    });
  }
}

function parametersOfStages(arch: BackboneArch): void {
  const { stages, stem, top } = architectureOf(arch);
  const names = withoutValues(() => {
    const classifier = createClassifier({ arch, classes: 10, ...PLAIN });
    const list = [...classifier.parameters.keys()];
    classifier.dispose();
    return list;
  }).result;
  built({ arch, ...PLAIN }, (backbone) => {
    for (const name of backbone.parameters.keys()) {
      expect(
        stages.filter(({ paths }) => isBelow(paths, name)),
        name,
      ).toHaveLength(1);
      expect(names).toContain(name);
    }
    expect(backbone.parameters.has(`${stem}.weight`)).toBe(true);
    expect(isBelow(stages[0]?.paths ?? [], `${stem}.weight`)).toBe(true);
  });
  expect(names.filter((name) => isBelow([top.classifier], name)).length).toBeGreaterThan(0);
}

function channelNumbers(arch: BackboneArch): void {
  const [size = [64, 64]] = possibleSizes(arch);
  for (const inChannels of [1, 5]) {
    built({ arch, ...PLAIN, inChannels }, (backbone) => {
      expect(backbone.parameters.get(`${backbone.stem}.weight`)?.variable.shape[2]).toBe(inChannels);
      expect(() => backbone.forward(placeholder<tf.Rank.R4>([1, ...size, 3]), INFERENCE)).toThrow(/the network takes/);
      expect(backbone.forward(placeholder<tf.Rank.R4>([1, ...size, inChannels]), INFERENCE)).toBeDefined();
    });
  }
}

function freezes(arch: BackboneArch): void {
  const { stages } = architectureOf(arch);
  const level = levelsOf(featuresOf(stages))[0] ?? 'P1';
  const frozenBy = (frozen: BackboneOptions<BackboneArch>['frozen']): readonly string[] =>
    built({ arch, seed: 1, frozen }, (backbone) => {
      const weights = [...backbone.parameters].filter(([, { role }]) => role !== 'statistic');
      return weights.filter(([, { variable }]) => !variable.trainable).map(([name]) => name);
    });
  const all = built({ arch, ...PLAIN }, (backbone) =>
    [...backbone.parameters].filter(([, { role }]) => role !== 'statistic').map(([name]) => name),
  );
  const upTo = stages.slice(0, stages.findIndex((stage) => stage.level === level) + 1).flatMap(({ paths }) => paths);
  expect(frozenBy('none')).toEqual([]);
  expect(frozenBy('all')).toEqual(all);
  expect(frozenBy(level as 'P1')).toEqual(all.filter((name) => isBelow(upTo, name)));
  const path = stages.flatMap(({ paths }) => paths).at(-1) ?? ''; // the last stage may have no parameters
  expect(frozenBy([path])).toEqual(all.filter((name) => isBelow([path], name)));
  expect(() => frozenBy(['no.such'])).toThrow(ConfigError);
}

function replacesClassifier(arch: BackboneArch): void {
  const { top, inputPixels } = architectureOf(arch);
  const classifiers = [top.classifier, ...(top.distilled === undefined ? [] : [top.distilled])];
  const shapes = (classes: number): Map<string, string> =>
    withoutValues(() => {
      const network = createClassifier({ arch, classes, ...PLAIN });
      const list = [...network.parameters].map(([name, { variable }]) => [name, variable.shape.join()] as const);
      const output = tf.tidy(
        () => network.forward(placeholder<tf.Rank.R4>([2, inputPixels, inputPixels, 3]), INFERENCE).shape,
      );
      expect(output).toEqual([2, classes === 0 ? network.channels : classes]);
      network.dispose();
      return new Map(list);
    }).result;
  const [none, few, many] = [shapes(0), shapes(7), shapes(1000)];
  const changed = [...many.keys()].filter((name) => few.get(name) !== many.get(name));
  expect(changed.length).toBeGreaterThan(0);
  expect(changed.filter((name) => !isBelow(classifiers, name))).toEqual([]);
  expect([...none.keys()]).toEqual([...many.keys()].filter((name) => !isBelow(classifiers, name)));
}

function images(arch: BackboneArch): tf.Tensor4D {
  const [height, width] = possibleSizes(arch, [
    [64, 64],
    [96, 96],
    [128, 128],
    [224, 224],
  ])[0] ?? [64, 64];
  const random = createRandom([3]);
  const values = Float32Array.from({ length: 4 * height * width * 3 }, () => random.normal());
  return tf.tensor4d(values, [4, height, width, 3]);
}

const seed = (step: number): tf.Tensor1D => tf.tensor1d([42, step], 'int32');

function dropsBranches(arch: BackboneArch): void {
  const backbone = createBackbone({ arch, frozen: 'all', seed: 1, dropPath: 0.5 }); // frozen: only the drawing differs
  const level = levelsOf(backbone.features).at(-1) ?? 'P5';
  tf.tidy(() => {
    const input = images(arch);
    const values = (pass: Pass): Float32Array => backbone.forward(input, pass)[level].dataSync<'float32'>();
    const plain = values(INFERENCE);
    if (countDrops(arch) === 0) {
      expect(values({ training: true })).toEqual(plain);
      return;
    }
    expect(() => values({ training: true })).toThrow(ConfigError);
    const first = values({ training: true, seed: seed(1) });
    expect(first).not.toEqual(plain);
    expect(values({ training: true, seed: seed(1) })).toEqual(first);
    expect(values({ training: true, seed: seed(2) })).not.toEqual(first);
    expect(values({ training: false, seed: seed(1) })).toEqual(plain);
  });
  backbone.dispose();
}

/** Residual branches that a training pass could drop: those that ask for a seed. */
function countDrops(arch: BackboneArch): number {
  try {
    countNetwork(() => {
      const backbone = createBackbone({ arch, frozen: 'all', seed: 1, dropPath: 0.5 });
      return { ...backbone, forward: (input: tf.Tensor4D) => backbone.forward(input, { training: true }) };
    }, [architectureOf(arch).inputPixels, architectureOf(arch).inputPixels, 3]);
    return 0;
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return 1;
  }
}

function dilatedGradients(arch: BackboneArch): void {
  const outputStride = strides(arch)[0] ?? 32;
  const backbone = createBackbone({ arch, ...PLAIN, outputStride });
  const level = levelsOf(backbone.features).at(-1) ?? 'P5';
  tf.tidy(() => {
    const input = images(arch);
    const trainable = [...backbone.parameters.values()].flatMap(({ variable }) =>
      variable.trainable ? [variable] : [],
    );
    const { grads } = tf.variableGrads(
      () => tf.mean(tf.square(backbone.forward(input, { training: true })[level])) as tf.Scalar,
      trainable,
    );
    for (const [name, { variable }] of backbone.parameters) {
      if (!variable.trainable) continue;
      const gradient = grads[variable.name] as tf.Tensor;
      expect(gradient.dataSync().every(Number.isFinite), name).toBe(true);
    }
  });
  backbone.dispose();
}

function classifies(arch: BackboneArch): void {
  const network = createClassifier({ arch, classes: 6, ...PLAIN, frozen: 'all', dropout: 0.5 });
  const pooled = createClassifier({ arch, classes: 0, ...PLAIN });
  tf.tidy(() => {
    const input = images(arch);
    const logits = network.forward(input, INFERENCE);
    expect(logits.shape).toEqual([4, 6]);
    expect(logits.dataSync().every(Number.isFinite)).toBe(true);
    expect(pooled.forward(input, INFERENCE).shape).toEqual([4, pooled.channels]);
    const train = (step: number) => network.forward(input, { training: true, seed: seed(step) }).dataSync();
    const [a, b, again] = [1, 2, 1].map(train); // compiled: test/backbones/build.test.ts
    expect(a?.every(Number.isFinite)).toBe(true);
    expect(a).not.toEqual(b);
    expect(a).toEqual(again);
  });
  network.dispose();
  pooled.dispose();
}
