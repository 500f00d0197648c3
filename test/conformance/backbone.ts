import * as tf from '@tensorflow/tfjs';
import { afterAll, describe, expect, it } from 'vitest';
import type { Backbone } from '../../backbones/backbone.js';
import { type FeatureMaps, type Level, levelsOf, mapSize } from '../../backbones/features.js';
import { createRandom } from '../../engine/random.js';
import { exportStateDict, loadStateDict } from '../../pretrained/stateDict.js';
import { readSafetensors, writeSafetensors } from '../../weights/safetensors.js';

export interface BackboneSuite<L extends Level> {
  readonly name: string;
  /** `part`: some parameters frozen, some not. Two seeds give different weights. */
  readonly create: (freeze: 'none' | 'part' | 'all', seed: number) => Backbone<L>;
  /** [height, width] of the images it is tried with; the first is the one most cases use. */
  readonly sizes?: Sizes;
  /** Cases left out, each with its reason. */
  readonly skip?: readonly { readonly case: BackboneCase; readonly reason: string }[];
}

/** In this order: those at the end change the weights of what the ones before them share. */
const CASES = {
  'starts from the same weights with the same seed only': seeded,
  'produces the maps its spec declares, at even and odd sizes': declaredShapes,
  'gives each image of a batch what it gives the image alone': batchIndependence,
  'keeps every shape when training': trainingShapes,
  'leaves its input alone': inputUntouched,
  'does not move what is frozen, batch norm included, and frees every tensor it made': keepsFrozen,
  'gives the same output after saving and loading': savesAndLoads,
  'moves every trainable parameter and every statistic in one step': movesTrainable,
} as const satisfies {
  readonly [title: string]: <L extends Level>(shared: Shared<L>, sizes: Sizes) => void | Promise<void>;
};
export type BackboneCase = keyof typeof CASES;

/** Networks that the cases of a suite share, as drawing millions of values takes longer than most cases. */
interface Shared<L extends Level> {
  readonly create: Create<L>;
  /** The one of this kind; the suite disposes it. */
  readonly the: (freeze: 'none' | 'all', seed: number) => Backbone<L>;
}

function share<L extends Level>(create: Create<L>): Shared<L> & { readonly dispose: () => void } {
  const made = new Map<string, Backbone<L>>();
  return {
    create,
    the: (freeze, seed) => {
      const backbone = made.get(`${freeze} ${seed}`) ?? create(freeze, seed);
      made.set(`${freeze} ${seed}`, backbone);
      return backbone;
    },
    dispose: () => {
      for (const backbone of made.values()) backbone.dispose();
      made.clear();
    },
  };
}

/** What every backbone must do; each member of the table is run through it. */
export function runBackboneCases<L extends Level>(suite: BackboneSuite<L>): void {
  const { name, create, sizes = SIZES, skip = [] } = suite;
  describe(`${name} as a backbone`, () => {
    const { dispose, ...shared } = share(create);
    afterAll(dispose);
    for (const [title, run] of Object.entries(CASES)) {
      const skipped = skip.find((entry) => entry.case === title);
      if (skipped) it.skip(`${title} (${skipped.reason})`, () => {});
      else it(title, () => run(shared, sizes));
    }
  });
}

type Create<L extends Level> = BackboneSuite<L>['create'];
type Sizes = readonly [readonly [height: number, width: number], ...(readonly [height: number, width: number])[]];
const SIZES: Sizes = [
  [64, 64],
  [65, 97],
  [75, 106],
  [33, 40],
];
const INFERENCE = { training: false } as const;
const TRAINING = { training: true } as const;
/** Of the step that must move every parameter. */
const RATE = 1e6;

function images(count: number, height: number, width: number, stream = 7): tf.Tensor4D {
  const random = createRandom([stream]);
  const values = Float32Array.from({ length: count * height * width * 3 }, () => random.normal());
  return tf.tensor4d(values, [count, height, width, 3]);
}

function tidily<L extends Level>(backbone: Backbone<L>, run: (backbone: Backbone<L>) => void): void {
  tf.tidy(() => run(backbone));
}

function checkShapes<L extends Level>(
  backbone: Backbone<L>,
  maps: FeatureMaps<L>,
  n: number,
  h: number,
  w: number,
): void {
  const levels = levelsOf(backbone.features);
  expect(levels.length).toBeGreaterThan(0);
  expect(Object.keys(maps)).toEqual(levels);
  for (const level of levels) {
    const { channels, tap } = backbone.features[level];
    expect(maps[level].shape, level).toEqual([n, ...mapSize(backbone.features[level], h, w), channels]);
    expect(tap, level).not.toBe('');
  }
}

function declaredShapes<L extends Level>({ the }: Shared<L>, sizes: Sizes): void {
  tidily(the('none', 1), (backbone) => {
    for (const [h, w] of sizes) checkShapes(backbone, backbone.forward(images(1, h, w), INFERENCE), 1, h, w);
  });
}

function trainingShapes<L extends Level>({ the }: Shared<L>, sizes: Sizes): void {
  tidily(the('none', 1), (backbone) => {
    const [h, w] = sizes[1] ?? sizes[0];
    checkShapes(backbone, backbone.forward(images(2, h, w), TRAINING), 2, h, w);
  });
}

function batchIndependence<L extends Level>({ the }: Shared<L>, [size]: Sizes): void {
  tidily(the('none', 1), (backbone) => {
    const batch = images(3, ...size);
    const together = backbone.forward(batch, INFERENCE);
    const alone = backbone.forward(tf.slice4d(batch, [1, 0, 0, 0], [1, -1, -1, -1]), INFERENCE);
    for (const level of levelsOf(backbone.features)) {
      const expected = tf.slice4d(together[level], [1, 0, 0, 0], [1, -1, -1, -1]).dataSync<'float32'>();
      const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
      const actual = alone[level].dataSync<'float32'>();
      const worst = actual.reduce((most, value, i) => Math.max(most, Math.abs(value - (expected[i] as number))), 0);
      expect(worst, level).toBeLessThanOrEqual(1e-4 * scale); // other blocking of the same float32 sums
    }
  });
}

function inputUntouched<L extends Level>({ the }: Shared<L>, [size]: Sizes): void {
  tidily(the('none', 1), (backbone) => {
    const input = images(1, ...size);
    const before = input.dataSync().slice();
    backbone.forward(input, INFERENCE);
    backbone.forward(input, TRAINING);
    expect(input.dataSync()).toEqual(before);
  });
}

/** One step of gradient descent on a random linear function of all maps, so long that no change is lost in rounding, behind a layer scale of 1e-6 neither; returns which parameters changed. */
function step<L extends Level>(backbone: Backbone<L>, size: Sizes[0]): ReadonlySet<string> {
  const before = snapshot(backbone);
  tf.tidy(() => {
    const input = images(2, ...size);
    const trainable = [...backbone.parameters.values()].map(({ variable }) => variable).filter((v) => v.trainable);
    if (trainable.length === 0) {
      backbone.forward(input, TRAINING);
      return;
    }
    const { grads } = tf.variableGrads(() => {
      const maps = backbone.forward(input, TRAINING);
      const terms = levelsOf(backbone.features).map((level, i) => {
        const { shape } = maps[level];
        const random = createRandom([11, i]);
        const weights = Float32Array.from({ length: maps[level].size }, () => random.normal());
        return tf.mean(tf.mul(maps[level], tf.tensor(weights, shape)));
      });
      return tf.addN(terms) as tf.Scalar;
    }, trainable);
    expect(Object.keys(grads)).toHaveLength(trainable.length);
    for (const variable of trainable) {
      const gradient = grads[variable.name] as tf.Tensor;
      expect(gradient.dataSync().every(Number.isFinite), variable.name).toBe(true);
      variable.assign(tf.sub(variable, tf.mul(gradient, RATE)));
    }
  });
  const after = snapshot(backbone);
  return new Set([...after].filter(([name, values]) => !sameBits(values, before.get(name))).map(([name]) => name));
}

function snapshot<L extends Level>(backbone: Backbone<L>): Map<string, Float32Array> {
  return new Map([...backbone.parameters].map(([name, { variable }]) => [name, copyOf(variable)]));
}

function copyOf(variable: tf.Variable): Float32Array {
  return Float32Array.from(variable.dataSync<'float32'>());
}

function sameBits(a: Float32Array, b: Float32Array | undefined): boolean {
  return b !== undefined && Buffer.from(a.buffer).equals(Buffer.from(b.buffer));
}

function movesTrainable<L extends Level>({ the }: Shared<L>, [size]: Sizes): void {
  const backbone = the('none', 2);
  const moved = step(backbone, size);
  expect([...backbone.parameters.keys()].filter((name) => !moved.has(name))).toEqual([]);
}

function keepsFrozen<L extends Level>({ create, the }: Shared<L>, [size]: Sizes): void {
  const { numTensors } = tf.memory();
  const backbone = create('part', 1);
  const owned = tf.memory().numTensors;
  expect(owned - numTensors).toBe(backbone.parameters.size);
  const frozen = frozenNames(backbone);
  const moved = step(backbone, size);
  expect(frozen.size).toBeGreaterThan(0);
  expect(moved.size).toBeGreaterThan(0);
  for (const name of backbone.parameters.keys()) expect(moved.has(name), name).toBe(!frozen.has(name));
  const input = images(1, ...size);
  for (const pass of [INFERENCE, TRAINING]) tf.dispose(backbone.forward(input, pass));
  input.dispose();
  expect(tf.memory().numTensors).toBe(owned);
  backbone.dispose();
  expect(tf.memory().numTensors).toBe(numTensors);
  tidily(the('all', 1), (backbone) => {
    expect(step(backbone, size)).toEqual(new Set());
    const input = images(2, ...size);
    const [trained, inferred] = [TRAINING, INFERENCE].map((pass) => backbone.forward(input, pass));
    for (const level of levelsOf(backbone.features)) {
      expect(trained?.[level].dataSync()).toEqual(inferred?.[level].dataSync());
    }
  });
}

/** Frozen weights, and the statistics beside a frozen offset: every batch norm has one. */
function frozenNames<L extends Level>(backbone: Backbone<L>): ReadonlySet<string> {
  const names = new Set<string>();
  for (const [name, { variable, role }] of backbone.parameters) {
    const offset = name.replace(/\.[^.]*$/, '.bias');
    const trained = role === 'statistic' ? backbone.parameters.get(offset)?.variable.trainable : variable.trainable;
    if (!trained) names.add(name);
  }
  return names;
}

async function savesAndLoads<L extends Level>({ the }: Shared<L>, [size]: Sizes): Promise<void> {
  const [source, target] = [the('none', 1), the('none', 2)];
  tf.tidy(() => source.forward(images(2, ...size), TRAINING)); // moves its statistics
  const file = writeSafetensors(await exportStateDict(source));
  const report = loadStateDict(target, readSafetensors(file).tensors, { partial: false });
  expect(report.loaded).toEqual([...target.parameters.keys()]);
  tf.tidy(() => {
    const input = images(1, ...size);
    const [a, b] = [source, target].map((backbone) => backbone.forward(input, INFERENCE));
    for (const level of levelsOf(source.features)) {
      const values = a?.[level].dataSync<'float32'>() ?? new Float32Array();
      expect(values.length > 0 && values.every(Number.isFinite), level).toBe(true);
      expect(b?.[level].dataSync()).toEqual(values);
    }
  });
  expect(Buffer.from(writeSafetensors(await exportStateDict(target))).equals(Buffer.from(file))).toBe(true);
}

function seeded<L extends Level>({ the }: Shared<L>): void {
  const [a, b, other] = [the('none', 1), the('all', 1), the('none', 2)].map(snapshot);
  for (const [name, values] of a ?? []) expect(sameBits(values, b?.get(name)), name).toBe(true);
  expect([...(a ?? [])].some(([name, values]) => !sameBits(values, other?.get(name)))).toBe(true);
}
