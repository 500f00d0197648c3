import * as tf from '@tensorflow/tfjs-core';
import { ConfigError, ShapeError } from '../engine/errors.js';
import type { Backbone, BackboneFeature, Classifier, Preprocessing } from './backbone.js';
import type { ArchitectureOptions, Family, Stage, State } from './family.js';
import { type FeatureMaps, type Level, levelsOf } from './features.js';
import { checkFrozenPaths, type Frozen, frozenPaths, isBelow } from './frozen.js';
import type { Pass } from './module.js';
import { createParameters, type Parameters } from './parameters.js';
import { checkOptions, type OptionNames } from './settings.js';
import { foldPreprocessing } from './stem.js';

export interface TrunkOptions<Arch extends string = string> extends Partial<ArchitectureOptions> {
  readonly arch: Arch;
  /** What is not trained, batch norm included. Defaults to 'none'. */
  readonly frozen?: Frozen | undefined;
  /** Seed of the random initial weights. Defaults to 1. */
  readonly seed?: number;
  /** Defaults to the preprocessing of the released weights. */
  readonly preprocessing?: Preprocessing;
}

export interface BackboneOptions<Arch extends string = string, L extends Level = Level> extends TrunkOptions<Arch> {
  /** Maps to give; only the stages they need are built. Defaults to all that the network has. */
  readonly levels?: readonly L[];
}

export interface ClassifierOptions<Arch extends string = string> extends TrunkOptions<Arch> {
  /** Width of the logits; 0: pooled features instead. */
  readonly classes: number;
  /** Share of the pooled features dropped while training. Defaults to 0. */
  readonly dropout?: number;
}

const TRUNK_OPTIONS = {
  arch: true,
  seed: true,
  frozen: true,
  preprocessing: true,
  inChannels: true,
  outputStride: true,
  dropPath: true,
  dilatesWholeStages: true,
} as const satisfies OptionNames<TrunkOptions>;
const BACKBONE_OPTIONS: OptionNames<BackboneOptions> = { ...TRUNK_OPTIONS, levels: true };
const CLASSIFIER_OPTIONS: OptionNames<ClassifierOptions> = { ...TRUNK_OPTIONS, classes: true, dropout: true };

/**
 * Builds the trunk of a network as a feature pyramid, up to the deepest level asked for.
 *
 * @throws ConfigError for no level, one the network does not give, or options out of range
 */
export function buildBackbone<Arch extends string, L extends Level>(
  family: Family<Arch, Level>,
  options: BackboneOptions<Arch, L>,
): Backbone<L> {
  const { arch, seed = 1, frozen = 'none', inChannels = 3 } = options;
  checkOptions(options, BACKBONE_OPTIONS, arch);
  const resolved = architectureOptions(family, options);
  const network = family.architecture(arch, resolved);
  const features = featuresOf(network.stages);
  const isAsked = (level: Level): level is L => !options.levels || options.levels.some((asked) => asked === level);
  const levels = levelsOf(features).filter(isAsked);
  const unknown = options.levels?.filter((level) => !(level in features)) ?? [];
  if (levels.length === 0 || unknown.length > 0) {
    const problem = unknown.length === 0 ? 'no level was asked for' : `there is no level ${unknown.join(', ')}`;
    throw new ConfigError(`${arch}: ${problem}; it gives ${levelsOf(features).join(', ')}`);
  }
  const stages = network.stages.slice(0, network.stages.findIndex(({ level }) => level === levels.at(-1)) + 1);
  const paths = frozenPaths(arch, network, frozen);
  const parameters = createParameters(seed, (name) => isBelow(paths, name));
  const run = trunk(stages, parameters);
  const { dispose } = parameters;
  guarded(dispose, () => checkFrozenPaths(arch, parameters, frozen));
  return {
    architecture: { name: arch, family },
    features: Object.fromEntries(levels.map((level) => [level, features[level]])) as Backbone<L>['features'],
    get settings() {
      return { arch, levels, ...resolved, frozen, preprocessing: this.preprocessing };
    },
    preprocessing: foldPreprocessing(options.preprocessing ?? network.preprocessing, inChannels),
    stem: network.stem,
    parameters: parameters.parameters,
    dispose,
    forward: (images, pass) =>
      tf.tidy(() => {
        checkImages(images, inChannels);
        const states = run(images, pass);
        const maps = stages.flatMap(({ level }, i) => {
          const wanted = level !== null && isAsked(level);
          return wanted ? [[level, states[i]?.[0]] as const] : [];
        });
        return Object.fromEntries(maps) as FeatureMaps<L>;
      }),
  };
}

/**
 * Builds a whole network; `frozen` speaks of its trunk unless it lists paths.
 *
 * @throws ConfigError for options out of range
 */
export function buildClassifier<Arch extends string>(
  family: Family<Arch, Level>,
  options: ClassifierOptions<Arch>,
): Classifier {
  const { arch, seed = 1, classes, frozen = 'none', inChannels = 3, dropout = 0 } = options;
  checkOptions(options, CLASSIFIER_OPTIONS, arch);
  if (!Number.isInteger(classes) || classes < 0) {
    throw new ConfigError(`${arch}: ${classes} classes; give a whole number, or 0 for pooled features`);
  }
  checkRate(arch, 'dropout', dropout);
  const network = family.architecture(arch, architectureOptions(family, options));
  const paths = frozenPaths(arch, network, frozen);
  const parameters = createParameters(seed, (name) => isBelow(paths, name));
  const run = trunk(network.stages, parameters);
  const top = network.top.build(parameters, { classes, dropout });
  const { dispose } = parameters;
  guarded(dispose, () => checkFrozenPaths(arch, parameters, frozen));
  return {
    architecture: { name: arch, family },
    preprocessing: foldPreprocessing(options.preprocessing ?? network.preprocessing, inChannels),
    stem: network.stem,
    inputPixels: network.inputPixels,
    channels: network.top.channels,
    classes,
    parameters: parameters.parameters,
    dispose,
    forward: (images, pass) =>
      tf.tidy(() => {
        checkImages(images, inChannels);
        return top(run(images, pass).at(-1) as State, pass);
      }),
  };
}

/** The maps a network gives, from its stages' numbers alone. */
export function featuresOf(stages: readonly Stage[]): Features {
  const features: { [K in Level]?: BackboneFeature } = {};
  let stride = 1;
  for (const [index, stage] of stages.entries()) {
    stride *= stage.stride;
    const { level, channels, tap } = stage;
    if (level === null) continue;
    const cells = (pixels: number): number =>
      stages.slice(0, index + 1).reduce((count, step) => step.cells(count), pixels);
    features[level] = { channels, stride, tap, sizeOf: (height, width) => [cells(height), cells(width)] };
  }
  return features as Features; // levelsOf gives those present
}
type Features = { readonly [K in Level]: BackboneFeature };

/** @throws ConfigError for options out of range, and for an output stride that the family has not */
export function architectureOptions(
  family: Pick<Family, 'outputStrides'>,
  options: Partial<ArchitectureOptions> & { readonly arch: string },
): ArchitectureOptions {
  const { arch, inChannels = 3, outputStride = 32, dropPath = 0 } = options;
  if (!Number.isInteger(inChannels) || inChannels < 1) {
    throw new ConfigError(`${arch}: images of ${inChannels} channels; give a whole number from 1`);
  }
  if (outputStride !== 32 && !family.outputStrides.includes(outputStride)) {
    const possible = [...family.outputStrides, 32].join(', ');
    throw new ConfigError(`${arch}: there is no output stride ${outputStride}; choose one of ${possible}`);
  }
  checkRate(arch, 'dropPath', dropPath);
  return { inChannels, outputStride, dropPath };
}

function checkRate(arch: string, name: string, rate: number): void {
  if (!(rate >= 0 && rate < 1)) throw new ConfigError(`${arch}: ${name} is ${rate}; give a share from 0 up to below 1`);
}

/** Builds the stages; the result gives the state after each of them. Call it inside `tidy`. */
function trunk(
  stages: readonly Stage[],
  parameters: Parameters,
): (images: tf.Tensor4D, pass: Pass) => readonly State[] {
  const layers = guarded(parameters.dispose, () => stages.map((stage) => stage.build(parameters)));
  return (images, pass) => {
    const states: State[] = [];
    let state: State = [images];
    for (const layer of layers) {
      state = layer(state, pass);
      states.push(state);
    }
    return states;
  };
}

/** Nothing of a network that could not be built stays in memory. */
function guarded<T>(dispose: () => void, run: () => T): T {
  try {
    return run();
  } catch (error) {
    dispose();
    throw error;
  }
}

/** @throws ShapeError when the last dimension is not `inChannels` */
function checkImages(images: tf.Tensor4D, inChannels: number): void {
  if (images.shape.length === 4 && images.shape[3] === inChannels) return;
  throw new ShapeError(`images are [${images.shape}], the network takes [N, H, W, ${inChannels}]`);
}
